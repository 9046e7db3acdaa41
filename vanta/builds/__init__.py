"""Builds: one artefact for each version, its signed manifest, and the slots a node runs it from."""
