"""What a node's configuration says records travel through, opened: a folder, or a Redis."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vanta.bus.access import Access, no_password
from vanta.bus.board import Board, DirectoryBoard, RedisBoard
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.bus.port import Inbox, Outbox
from vanta.bus.redis import Keys, RedisInbox, RedisOutbox
from vanta.domain.address import is_redis
from vanta.domain.errors import RefusedError
from vanta.node.config import NodeConfig
from vanta.node.credentials import read_secret


def require_bus(config: NodeConfig, place: Path) -> str:
    """The bus of a node, by folder or address.

    Raises:
        RefusedError: `NO_BUS`.
    """
    if not config.bus:
        raise RefusedError(
            "the node has no bus",
            code="NO_BUS",
            place=str(place),
            remedy="add `bus:` with a folder or redis://host:6379/0, on Markets and the Executor",
        )
    return config.bus


def redis_access(config: NodeConfig, url: str) -> Access:
    """How this node gets into a Redis of its configuration.

    Raises:
        UnavailableError: the password it names is not there, or the client is not installed.
        RefusedError: others may read that password.
    """
    wanted = config.redis
    password = read_secret(wanted.password).reveal if wanted.password else no_password
    return Access(url, wanted.user, password, wanted.ca)


@contextmanager
def open_outbox(config: NodeConfig, place: Path) -> Iterator[Outbox]:
    """The sender's end of the node's bus."""
    bus = require_bus(config, place)
    if not is_redis(bus):
        yield DirectoryOutbox(Path(bus))
        return
    with closing(RedisOutbox(redis_access(config, bus), Keys.of(config.environment))) as outbox:
        yield outbox


@contextmanager
def open_inbox(config: NodeConfig, place: Path) -> Iterator[Inbox]:
    """The receiver's end of the node's bus; it receives under the node's name."""
    bus = require_bus(config, place)
    if not is_redis(bus):
        yield DirectoryInbox(Path(bus))
        return
    keys = Keys.of(config.environment)
    with closing(RedisInbox(redis_access(config, bus), keys, config.node)) as inbox:
        yield inbox


def open_board(config: NodeConfig, where: str, what: str, suffix: str) -> Board:
    """A board of the node's configuration.

    Args:
        config: the node's.
        where: a folder, or the address of a Redis.
        what: is told there, such as `statuses`.
        suffix: of the files, where it is a folder.
    """
    if not is_redis(where):
        return DirectoryBoard(Path(where), suffix)
    return RedisBoard(redis_access(config, where), f"vanta:{config.environment}:{what}")
