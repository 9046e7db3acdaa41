"""Alpha: what is under review, and who looked at it. It never trades."""
