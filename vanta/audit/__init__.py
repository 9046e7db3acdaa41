"""What somebody who was not there can check afterwards.

`verify` reads every journal and says what does not hold; `explain` walks one order back to its
signals and forward to its fills; `replay` computes every pure step again in a fresh process and
compares bytes; `export` packs all of it so that an outsider verifies it without VANTA. Nothing
here writes to a node's folders.
"""
