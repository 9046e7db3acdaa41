"""`vanta-run`: start a tool of the build that runs, or one of this node alone, in its environment.

It becomes the tool: no shell reads the arguments, and nothing stands between the two.
"""

import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.node.config import read_config
from vanta.node.layout import Layout

_TOOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_OURS = ("PYTHON", "VANTA_", "LD_")
_USAGE = """usage: vanta-run [--node FOLDER] TOOL [ARGUMENT ...]
       vanta-run [--node FOLDER] --list

Starts TOOL from tools/ of the node, or else from the build that runs there."""
_NODE = "/opt/vanta"


def tools(layout: Layout) -> dict[str, Path]:
    """Every tool of a node by its name; its own before those of the build."""
    found: dict[str, Path] = {}
    for folder in (layout.current / "bin", layout.tools):
        if folder.is_dir():
            found |= {each.name: each for each in sorted(folder.iterdir()) if _starts(each)}
    return found


def _starts(path: Path) -> bool:
    return bool(_TOOL.match(path.name)) and path.is_file() and os.access(path, os.X_OK)


def find(layout: Layout, name: str) -> Path:
    """The tool of a name, in the slot that runs now and not in whatever runs later.

    Raises:
        UnavailableError: `NO_TOOL`.
        RefusedError: `TOOL_WRITABLE`: somebody else could have put something in its place.
    """
    there = tools(layout)
    if name not in there:
        known = ", ".join(sorted(there)) or "none: no build was promoted here"
        raise UnavailableError(
            f"there is no tool {name[:64]!r}",
            code="NO_TOOL",
            place=str(layout.root),
            remedy=f"here are {known}",
        )
    path = there[name].resolve()
    for each in (path, path.parent):
        found = each.stat()
        theirs = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if theirs or found.st_uid not in {0, os.geteuid()}:
            raise RefusedError(
                "others may write it, so it is not started",
                code="TOOL_WRITABLE",
                place=str(each),
                remedy=f"chown root {each} && chmod go-w {each}",
            )
    return path


def environment(layout: Layout, given: Mapping[str, str]) -> dict[str, str]:
    """What a tool finds around it: the node it is on, and nothing that changes which code it runs.

    Raises:
        UnavailableError, MalformedError: the node's configuration cannot be read.
    """
    config = read_config(layout.config)
    kept = {name: value for name, value in given.items() if not name.startswith(_OURS)}
    path = [str(layout.tools), str(layout.current / "bin"), kept.get("PATH", os.defpath)]
    return {
        **kept,
        "PATH": os.pathsep.join(path),
        "VANTA_NODE": str(layout.root),
        "VANTA_ENVIRONMENT": config.environment,
    }


def run() -> None:
    """Entry point."""
    words = sys.argv[1:]
    root = os.environ.get("VANTA_NODE") or _NODE
    if words[:1] in (["--node"], ["-n"]) and len(words) > 1:
        root, words = words[1], words[2:]
    if not words or words[0] in {"--help", "-h"}:
        print(_USAGE)  # noqa: T201 - what it is asked for
        sys.exit(0 if words else 2)
    layout = Layout(Path(root).resolve())
    if words[0] == "--list":
        for name, path in sorted(tools(layout).items()):
            print(f"{name}  {path}")  # noqa: T201 - as above
        return
    try:
        tool = find(layout, words[0])
        around = environment(layout, os.environ)
        os.execve(tool, [str(tool), *words[1:]], around)  # noqa: S606 - no shell is the point
    except VantaError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {words[0]} cannot be started: {error.strerror} [NO_TOOL]")
