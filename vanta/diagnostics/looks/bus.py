"""What waits on the bus, by name and age alone; nothing of it is opened or taken."""

import os
from pathlib import Path

from vanta.bus.redis import Keys, waiting
from vanta.diagnostics.facts import Bus
from vanta.domain.address import is_redis
from vanta.node.carrier import redis_access, require_bus
from vanta.node.config import NodeConfig
from vanta.node.layout import Layout

_PARCEL = ".parcel"
_ASIDE = "aside"


def look(layout: Layout, config: NodeConfig) -> Bus:
    """How the bus of a node stands."""
    bus = require_bus(config, layout.config)
    if not is_redis(bus):
        return _folder(bus)
    keys = Keys.of(config.environment)
    found = waiting(redis_access(config, bus), keys)
    return Bus(f"{bus} {keys.aside}", found.parcels, found.oldest, found.aside)


def _folder(folder: str) -> Bus:
    count = 0
    oldest: int | None = None
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.endswith(_PARCEL):
                continue
            try:
                sent = entry.stat(follow_symlinks=False).st_mtime_ns
            except FileNotFoundError:
                continue
            count += 1
            oldest = sent if oldest is None else min(oldest, sent)
    try:
        aside = len(os.listdir(Path(folder, _ASIDE)))  # noqa: PTH208 - names only
    except FileNotFoundError:
        aside = 0
    return Bus(f"{folder}/{_ASIDE}", count, oldest, aside)
