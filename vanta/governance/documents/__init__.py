"""The governed documents: their shapes, how they are read, and what they compile to."""
