"""The paper broker: a process of its own that fills orders against a recorded market.

It keeps its own journal, so it outlives the Executor's crash and its own, and it is held to what a
real broker is: it may be asked, it may be slow, it may die, and it never forgets an order.
"""
