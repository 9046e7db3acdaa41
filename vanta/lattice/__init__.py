"""Which way is tighter: the directions a governed field can have, and the algebra on them."""
