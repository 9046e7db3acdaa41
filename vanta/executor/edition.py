"""Which edition of the fences a decision is put to.

A decision is recorded with it, and an audit asks again what was asked then: whoever adds a question
or changes one raises `EDITION`, asks the new one from that edition on, and lets the book count for
it from that edition on. What sizes are made of belongs to it as much: compounding, collars, limits.
Before it is raised, `tests.executor.record_edition` keeps a day of the one before.
"""

EDITION = 5
"""Of decisions that are made now."""

APART = 5
"""The first that takes off a position no more than lies at the broker the order goes to, that lets
no vault be long at one broker and short at another, and that shuts nothing off in a vault the
policy does not have."""

RAILS = 4
"""The first whose vaults have a stablecoin beside their dollars."""

FIRST = 1
"""Of decisions that were recorded without one."""

LOTS = 3
"""From this one on a position smaller than a lot of its market is none that is open."""

THIRD = 3
"""Tells a halt of the market from a closed session, counts what is being sold short as gone from
behind a call, and lets a way out be a tick off where a tick is more than its collar."""
