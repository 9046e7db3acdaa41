"""What this node runs and enforces, and what the others say they do."""

import contextlib
from hashlib import sha256
from pathlib import Path

import msgspec

from vanta.builds.events import (
    TYPES,
    BuildPromoted,
    BuildRestored,
    FlipBegun,
    FlipFinished,
    FlipReverted,
)
from vanta.builds.log import JOURNAL
from vanta.bus.board import Board, DirectoryBoard
from vanta.diagnostics.facts import Condition, Flip, NodeStatus, Standing
from vanta.diagnostics.looks.processes import all_ready
from vanta.diagnostics.looks.tail import tail
from vanta.diagnostics.peers import SUFFIX, peers
from vanta.domain.address import is_redis
from vanta.domain.encoding import encode
from vanta.domain.errors import VantaError
from vanta.domain.policy import Provenance, Published
from vanta.governance.published import VAULT_FILE, PolicyReader
from vanta.governance.status import read_status
from vanta.lattice.direction import EVERYTHING
from vanta.node.build import MANIFEST
from vanta.node.carrier import open_board
from vanta.node.config import NodeConfig
from vanta.node.layout import Layout

CURRENT = "current"
STATUS = "status"
"""Folder of Alpha's export in which it says how it stands."""

_BUILDS_BYTES = 1024 * 1024


class _Body(msgspec.Struct, frozen=True):
    build: str = ""
    given_up: str = ""
    code: str = ""


def boards(layout: Layout, config: NodeConfig) -> tuple[Board, ...]:
    """Where statuses of nodes hang: in Alpha's export, and where the nodes tell them."""
    exported = Path(config.builds.export) if config.builds.export else layout.export
    found: list[Board] = []
    if (exported / STATUS).is_dir():
        found.append(DirectoryBoard(exported / STATUS, SUFFIX))
    if config.statuses and (is_redis(config.statuses) or Path(config.statuses).is_dir()):
        found.append(open_board(config, config.statuses, "statuses", SUFFIX))
    return tuple(found)


def own_status(layout: Layout, config: NodeConfig, now: int) -> NodeStatus:
    """How this node stands, as it tells the others; its verdict is not known yet."""
    published = _published(layout.memory)[0]
    found = published.provenance if published else Provenance(commit="", tree="", serial=0)
    return NodeStatus(
        node=config.node,
        role=config.role,
        environment=config.environment,
        at=now,
        build=_current(layout.root)[0],
        commit=found.commit,
        tree=found.tree,
        policy=sha256(encode(published.policy)).hexdigest() if published else "",
        serial=found.serial,
        published=_written(layout.memory / VAULT_FILE),
    )


def look(layout: Layout, config: NodeConfig, now: int) -> Standing:
    """All of it."""
    published, code, why = _published(layout.memory)
    status = read_status(layout.memory)
    where = boards(layout, config)
    current, whole = _current(layout.root)
    policy = published.policy if published else None
    frozen = policy.releases.frozen if policy else frozenset()
    return Standing(
        own=own_status(layout, config, now),
        policy_code=code,
        policy_why=why,
        conditions=tuple(
            Condition(one.type, one.reason, one.message)
            for one in (status.conditions if status else ())
            if not one.good
        ),
        current=current,
        whole=whole,
        ready={name: one.build for name, one in all_ready(layout.run).items() if one.alive},
        flip=_flip(layout.journal(JOURNAL)),
        frozen=config.node in frozen or EVERYTHING in frozen,
        boards=tuple(board.place for board in where),
        peers=peers(where, policy.nodes if policy else {}, config.node, config.environment),
    )


def _published(memory: Path) -> tuple[Published | None, str, str]:
    try:
        return PolicyReader(memory)(), "", ""
    except VantaError as error:
        return None, error.code, error.message


def _current(root: Path) -> tuple[str, bool]:
    """The build that `current` leads to, and whether it is there with its manifest."""
    try:
        target = (root / CURRENT).readlink()
    except OSError:
        return "", False
    return target.name, (root / CURRENT / MANIFEST).is_file()


def _flip(journal: Path) -> Flip | None:
    """The last change of build that was begun, and what came of it; None where none was lately."""
    found: Flip | None = None
    for line in tail(journal, _BUILDS_BYTES).lines:
        body = msgspec.json.decode(line.body, type=_Body) if line.type in TYPES else _Body()
        if line.type == FlipBegun.type:
            found = Flip(body.build, line.ts, over=False)
        elif found is None:
            continue
        elif line.type in {BuildPromoted.type, FlipFinished.type}:
            found = Flip(body.build, found.at, over=True)
        elif line.type == FlipReverted.type:
            found = Flip(body.given_up, found.at, over=True, given_up=body.code)
        elif line.type == BuildRestored.type:
            found = msgspec.structs.replace(found, restored=body.code)
    return found


def _written(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
