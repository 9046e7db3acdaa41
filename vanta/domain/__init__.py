"""Nouns and arithmetic of the fund: pure types, no I/O, no clock, no randomness."""
