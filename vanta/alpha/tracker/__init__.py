"""The tracker: threads about modules under review, the builds they name, and who signed those off.

`tracker.jsonl` is the truth, `thread_tracker.json` a view of it, and no command reads the view: an
approval is a number of SSH signatures over a candidate's manifest, so it cannot be typed into
either. `threads` and `state` are pure; `desk` is where operators write.
"""
