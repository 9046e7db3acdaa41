"""The judge of automatic halts: a process of its own that reads what the Executor wrote.

It shares no state with what it judges, and can only halt: what it finds sets the node's latch, and
a latch is let go by a quorum. While it gives no sign of life, the gate lets nothing out.
"""
