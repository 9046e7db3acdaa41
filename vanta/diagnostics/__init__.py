"""The health of any node: facts gathered at the edge, checks that judge them, one verdict."""
