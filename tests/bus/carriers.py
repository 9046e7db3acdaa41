"""What the tests of the bus send through: each carrier there is, and a way to wait for parcels."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tests.governance.valkey import Valkey
from vanta.bus.access import Access
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.bus.port import Inbox, Outbox, Parcel
from vanta.bus.redis import ABANDONED, Keys, RedisInbox, RedisOutbox
from vanta.domain.errors import UnavailableError

KEYS = Keys.of("dev")


class Carrier(Protocol):
    """Makes the ends of one bus."""

    def outbox(self) -> Outbox: ...

    def inbox(self, name: str = "executor") -> Inbox: ...

    def end(self, inbox: Inbox) -> None:
        """What the end of its process does to an inbox that ends well."""


class ByDirectory:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def outbox(self) -> Outbox:
        return DirectoryOutbox(self._folder)

    def inbox(self, name: str = "executor") -> Inbox:
        del name
        return DirectoryInbox(self._folder)

    def end(self, inbox: Inbox) -> None:
        del inbox


class ByRedis:
    """A carrier over one server; `close` hangs up whatever it made."""

    def __init__(self, url: str, access: Access | None = None) -> None:
        self.access = access or Access(url)
        self._made: list[RedisInbox | RedisOutbox] = []

    def outbox(self, most: int = 4096) -> RedisOutbox:
        self._made.append(made := RedisOutbox(self.access, KEYS, most))
        return made

    def inbox(self, name: str = "executor", *, abandoned: float = ABANDONED) -> RedisInbox:
        self._made.append(made := RedisInbox(self.access, KEYS, name, abandoned=abandoned))
        return made

    def end(self, inbox: Inbox) -> None:
        assert isinstance(inbox, RedisInbox)
        inbox.close()

    def close(self) -> None:
        for each in self._made:
            each.close()


@contextmanager
def carrier(kind: str, folder: Path) -> Iterator[Carrier]:
    """A carrier of a kind, with everything it needs in a folder."""
    folder.mkdir()
    if kind == "directory":
        yield ByDirectory(folder)
        return
    with Valkey(folder) as server:
        made = ByRedis(server.url)
        yield made
        made.close()


def until(so: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something becomes so in time."""
    deadline = time.monotonic() + seconds
    while not so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def polled(inbox: Inbox, limit: int = 10) -> list[Parcel]:
    """The next parcels that come; a network takes a moment."""
    found: list[Parcel] = []

    def some() -> bool:
        with suppress(UnavailableError):
            found.extend(inbox.poll(limit))
        return bool(found)

    assert until(some)
    return found


def gathered(inbox: Inbox, count: int) -> dict[str, bytes]:
    """Poll until so many parcels came; by id, in the order they came first."""
    found: dict[str, bytes] = {}

    def enough() -> bool:
        with suppress(UnavailableError):
            for parcel in inbox.poll(100):
                found.setdefault(parcel.id, parcel.payload)
        return len(found) >= count

    assert until(enough), found.keys()
    return found


def told(inbox: Inbox) -> str:
    """Code of what keeps an inbox from its parcels; empty for nothing."""
    try:
        inbox.poll(10)
    except UnavailableError as error:
        return error.code
    return ""


def quiet(inbox: Inbox, seconds: float = 0.4) -> bool:
    """Whether nothing comes for a while."""

    def some() -> bool:
        with suppress(UnavailableError):
            return bool(inbox.poll(10))
        return False

    return not until(some, seconds)
