"""Three invented days of all six feeds, in the formats the recorded feeds have; none is copied."""
