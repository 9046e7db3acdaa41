"""Looks: each gathers the facts of one part of a node, reads only, and judges nothing."""
