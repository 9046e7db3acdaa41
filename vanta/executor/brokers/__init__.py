"""The brokers: one port, and an adapter for each."""
