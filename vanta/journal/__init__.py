"""Append-only, hash-chained journals and the views derived from them.

This package is the only code that writes `memory/` and `logs/`. One `writer.Journal` appends,
durably; `group.GroupCommit` shares one flush between threads; `reader` reads and follows;
`verify` checks a whole journal on every core; `checkpoint` signs how far it reached, so that
somebody else can tell when it was cut short or rewritten; `view` writes the files people read.
"""
