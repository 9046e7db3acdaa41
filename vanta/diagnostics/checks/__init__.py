"""Checks: each judges the facts of one look by limits of its own; pure."""
