"""Interactive Brokers: US shares over the Client Portal Web API of a gateway on the node."""
