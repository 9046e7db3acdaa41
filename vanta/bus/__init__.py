"""How nodes hand records to each other: a port, and a local directory behind it."""
