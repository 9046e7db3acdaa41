"""`vanta tracker`: what is under review, and who has looked at it."""

from typing import Any

import typer

from vanta.cli import tracker_look, tracker_sign, tracker_write

COMMANDS: dict[str, Any] = {
    "add": tracker_write.add,
    "list": tracker_look.list_,
    "open": tracker_look.open_,
    "mark": tracker_write.mark,
    "note": tracker_write.note,
    "fix": tracker_write.fix,
    "sign": tracker_sign.sign,
    "withdraw": tracker_sign.withdraw,
    "observe": tracker_write.observe,
    "summary": tracker_look.summary,
    "board": tracker_look.board,
}
"""Every command of the tracker, by the name it has here."""

app = typer.Typer(
    help="What is under review on Alpha, and who has looked at it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for name, function in COMMANDS.items():
    app.command(name)(function)
