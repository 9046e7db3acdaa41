"""The names operators know the tracker by: each is one of its commands, and nothing else."""

from typing import Any

import typer

from vanta.cli.tracker import COMMANDS, app


def _alone(command: str) -> typer.Typer:
    one = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    function: Any = COMMANDS[command]
    one.command()(function)
    return one


vt_add = _alone("add")
vt_list = _alone("list")
vt_open = _alone("open")
vt_mark = _alone("mark")
vt_note = _alone("note")
vt_fix = _alone("fix")
vt_sign = _alone("sign")
vt_withdraw = _alone("withdraw")
tracker_viewer = _alone("board")
tracker_status_summary = _alone("summary")
vanta_thread = tracker_manager = app
"""All of them at once."""
