"""The models: each measures one thing of a symbol's features and says how sure it is of it.

A model is pure and has a version in its name; what it computes in floating point it rounds to
parts per million once, at its own edge, so that everything after it adds exactly.
"""
