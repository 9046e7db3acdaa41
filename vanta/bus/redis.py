"""The port over a Redis stream: a parcel is an entry, its receiver one consumer of a group.

An entry is acknowledged and deleted when the receiver says `done`, so the stream holds what waits
and nothing else. Redis may lose its last minutes when it is killed; the sender has them in its
journal, and hands over again once `forgot` says that another server answers.

What is no parcel is moved to a stream beside it, where a person finds it.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any, NamedTuple, TypeVar

from vanta.bus.access import PATIENCE, Access, recoverable
from vanta.bus.port import MAX_PAYLOAD, Parcel, check_parcel, is_parcel_id, taken
from vanta.domain.errors import UnavailableError, VantaError

MOST_WAITING = 4096
"""Parcels that may wait. An intent lives for minutes, so of what nobody took for so long most is
over, and the server's memory is others' too. A sender that finds it full is told and keeps its
parcel: nothing that is on its way is dropped for it, as trimming the stream would."""
MOST_HELD = 512
"""Parcels a receiver has at once."""
ABANDONED = 60.0
"""Seconds without a sign of the receiver that has a parcel, until another one is given it."""
LOOK_AGAIN = ABANDONED / 4
"""Seconds between two looks at everything the receiver has; each is a sign of it."""
GROUP = "receivers"
_ASIDE_KEPT = 1000

_SHORTEST_WAIT = 0.1
_LONGEST_WAIT = 3.0
_BLOCK_MS = 100
"""How long Redis waits for news: what is done is told it in between."""

_SEND = """
local entry = redis.call('HGET', KEYS[2], ARGV[1])
if entry then
    local there = redis.call('XRANGE', KEYS[1], entry, entry)
    if there[1] then
        return there[1][2][4] == ARGV[2] and 'same' or 'taken'
    end
end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[3]) then
    return 'full'
end
entry = redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'payload', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], entry)
return 'sent'
"""
"""One step, so that two senders of the same parcel make one entry."""

_DONE = """
for n = 2, #ARGV, 2 do
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[n])
    redis.call('XDEL', KEYS[1], ARGV[n])
    if redis.call('HGET', KEYS[2], ARGV[n + 1]) == ARGV[n] then
        redis.call('HDEL', KEYS[2], ARGV[n + 1])
    end
end
return 'done'
"""

T = TypeVar("T")
_Fields = Mapping[bytes, bytes] | None


class Keys(NamedTuple):
    """Where parcels lie in a Redis.

    Attributes:
        stream: what waits.
        waiting: id of a parcel to its entry in the stream.
        aside: what was no parcel.
    """

    stream: str
    waiting: str
    aside: str

    @classmethod
    def of(cls, environment: str, what: str = "intents") -> "Keys":
        """Those of an environment: two of them on one server never meet."""
        stream = f"vanta:{environment}:{what}"
        return cls(stream, f"{stream}:waiting", f"{stream}:aside")


class Waiting(NamedTuple):
    """How a stream stands."""

    parcels: int
    oldest: int | None
    """When the oldest was sent, UTC nanoseconds by the server's clock."""
    aside: int


class RedisOutbox:
    """Sends into a stream.

    Args:
        access: to the server.
        keys: of the stream.
        most: parcels that may wait.
    """

    def __init__(self, access: Access, keys: Keys, most: int = MOST_WAITING) -> None:
        self._access, self._keys, self._most = access, keys, most
        self._client = access.connect()
        self._send = self._client.register_script(_SEND)
        self._server = ""

    def send(self, id: str, payload: bytes) -> None:  # noqa: A002 - the port's own name
        check_parcel(id, payload)
        keys = [self._keys.stream, self._keys.waiting]
        said = self._asked(lambda: self._send(keys=keys, args=[id, payload, self._most]))
        if said == b"taken":
            raise taken(id)
        if said == b"full":
            raise UnavailableError(
                f"{self._most} parcels wait and nobody takes them",
                code="BUS_FULL",
                place=self._access.url,
                remedy="see whether the Executor runs; what does not fit is sent later",
            )

    def forgot(self) -> bool:
        """Whether it is another server than last time: one that was killed forgets its end."""
        server = str(self._asked(lambda: self._client.info("server"))["run_id"])
        before, self._server = self._server, server
        return bool(before) and before != server

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except recoverable() as error:
            raise self._access.failed(error) from error

    def close(self) -> None:
        """Hang up."""
        self._client.close()


class RedisInbox:
    """Receives from a stream; a thread of its own talks to the server, and comes back by itself.

    So neither `poll` nor `done` ever waits for a network: an Executor whose Redis is gone goes on
    with everything it has. What is done while it is away is told when it is back.

    Args:
        access: to the server.
        keys: of the stream.
        name: of the receiver. What it had comes again at once to the next one of its name, and to
            any other after `abandoned`.
        abandoned: seconds.
    """

    def __init__(
        self, access: Access, keys: Keys, name: str, *, abandoned: float = ABANDONED
    ) -> None:
        self._access, self._keys, self._name = access, keys, name
        self._abandoned = abandoned
        self._lock = threading.Lock()
        self._held: dict[bytes, Parcel] = {}
        """By entry, oldest first."""
        self._listed: deque[bytes] = deque()
        self._owed: dict[bytes, str] = {}
        """Entries that are done, and not off the stream yet."""
        self._trouble: VantaError | None = UnavailableError(
            "Redis was not reached yet", code="BUS_UNAVAILABLE", place=access.url
        )
        self._broken: BaseException | None = None
        self.set_aside = 0
        """Entries that were no parcels so far."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)
        self._thread.start()

    def poll(self, limit: int) -> list[Parcel]:
        with self._lock:
            if self._broken is not None:
                raise self._broken
            if not self._listed:
                self._listed.extend(self._held)
            found: list[Parcel] = []
            while self._listed and len(found) < limit:
                parcel = self._held.get(self._listed.popleft())
                if parcel is not None:
                    found.append(parcel)
            if not found and self._trouble is not None:
                raise self._trouble
            return found

    def done(self, *ids: str) -> None:
        """Take parcels off; they do not come again here, and are off the server in a moment."""
        with self._lock:
            over = [entry for entry, parcel in self._held.items() if parcel.id in ids]
            for entry in over:
                self._owed[entry] = self._held.pop(entry).id

    def close(self) -> None:
        """Tell the server what is done, where it can be told, and hang up."""
        self._stop.set()
        self._thread.join(2 * PATIENCE)

    def _run(self) -> None:
        try:
            away = recoverable()
            wait = _SHORTEST_WAIT
            while not self._stop.is_set():
                try:
                    with closing(self._access.connect()) as client:
                        self._join(client)
                        wait = _SHORTEST_WAIT
                        self._converse(client)
                except away as error:
                    with self._lock:
                        self._trouble = self._access.failed(error)
                    # Not all receivers at once.
                    self._stop.wait(wait * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
                    wait = min(2 * wait, _LONGEST_WAIT)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody hears it
            with self._lock:
                self._broken = error

    def _join(self, client: Any) -> None:  # noqa: ANN401 - of a client that is optional
        from redis.exceptions import ResponseError  # noqa: PLC0415 - loaded by now

        try:
            client.xgroup_create(self._keys.stream, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _converse(self, client: Any) -> None:  # noqa: ANN401
        look = min(LOOK_AGAIN, self._abandoned / 4)
        looked = -look
        while not self._stop.is_set():
            self._settle(client)
            if time.monotonic() - looked >= look:
                self._look_again(client)
                looked = time.monotonic()
            with self._lock:
                self._trouble = None
                room = MOST_HELD - len(self._held)
            if room <= 0:
                self._stop.wait(_BLOCK_MS / 1000)
                continue
            came = client.xreadgroup(
                GROUP, self._name, {self._keys.stream: ">"}, count=room, block=_BLOCK_MS
            )
            parcels = self._parcels(client, came)
            with self._lock:
                self._held |= parcels
        self._settle(client)

    def _look_again(self, client: Any) -> None:  # noqa: ANN401
        """Take what others abandoned, and then all that is this receiver's by the server's word."""
        stream = self._keys.stream
        abandoned = int(self._abandoned * 1000)
        client.xautoclaim(stream, GROUP, self._name, abandoned, "0-0", count=MOST_HELD)
        mine = client.xreadgroup(GROUP, self._name, {stream: "0"}, count=4 * MOST_HELD)
        parcels = self._parcels(client, mine)
        with self._lock:
            self._held = {
                entry: parcel for entry, parcel in parcels.items() if entry not in self._owed
            }

    def _settle(self, client: Any) -> None:  # noqa: ANN401
        with self._lock:
            owed = dict(self._owed)
        if not owed:
            return
        self._take_off(client, owed.items())
        with self._lock:
            for entry in owed:
                del self._owed[entry]

    def _take_off(self, client: Any, over: Iterable[tuple[bytes, str]]) -> None:  # noqa: ANN401
        pairs = [part for pair in over for part in pair]
        client.eval(_DONE, 2, self._keys.stream, self._keys.waiting, GROUP, *pairs)

    def _parcels(
        self,
        client: Any,  # noqa: ANN401
        came: Iterable[tuple[bytes, list[tuple[bytes, _Fields]]]] | None,
    ) -> dict[bytes, Parcel]:
        """The parcels in an answer; what is none is set aside."""
        found: dict[bytes, Parcel] = {}
        for _, entries in came or ():
            for entry, fields in entries:
                parcel = _parcel(fields)
                if parcel is not None:
                    found[entry] = parcel
                    continue
                if fields:
                    client.xadd(self._keys.aside, _cut(fields), maxlen=_ASIDE_KEPT)
                    self.set_aside += 1
                self._take_off(client, [(entry, "")])
        return found


def waiting(access: Access, keys: Keys) -> Waiting:
    """How a stream stands just now.

    Raises:
        UnavailableError: the server cannot be asked.
    """
    try:
        with closing(access.connect()) as client:
            oldest = client.xrange(keys.stream, count=1)
            return Waiting(
                client.xlen(keys.stream),
                int(oldest[0][0].split(b"-")[0]) * 1_000_000 if oldest else None,
                client.xlen(keys.aside),
            )
    except recoverable() as error:
        raise access.failed(error) from error


def _parcel(fields: _Fields) -> Parcel | None:
    """What an entry carries; None where it is no parcel, or was deleted meanwhile."""
    if not fields or fields.keys() != {b"id", b"payload"}:
        return None
    parcel_id, payload = fields[b"id"].decode("utf-8", "replace"), fields[b"payload"]
    whole = is_parcel_id(parcel_id) and len(payload) <= MAX_PAYLOAD
    return Parcel(parcel_id, payload) if whole else None


def _cut(fields: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """As much of what is no parcel as a person needs to see what it was."""
    return {name[:200]: value[:MAX_PAYLOAD] for name, value in list(fields.items())[:16]}
