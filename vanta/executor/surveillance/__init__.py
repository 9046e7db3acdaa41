"""The continuous comparison of what was asked for, prepared, sent and executed (fence 27).

A process of its own that never sends: it follows both journals as they grow, reads every broker's
statement over a session of its own, and alerts within five seconds of a broker's showing something
else. It can halt the node, like the judge, and do nothing more.
"""
