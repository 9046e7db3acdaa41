"""How a signed commit becomes policy: documents, signatures, the walk, the controller."""
