"""Hints: something that says "look now" and nothing else.

A hint carries no state. A forged one costs a look at the forge, a lost one the rest of a poll
interval, and a flood of them no more looks than `Allowance` has. They come as datagrams on a Unix
socket in the node's `run` folder, and as messages on a Redis channel; an unreachable Redis is as
if there were none.
"""

import contextlib
import importlib.util
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vanta.domain.errors import MalformedError, UnavailableError

HINT = "governance.hint"
CHANNEL = "vanta:governance:hint"

_MODE = 0o660
_DRAINED_AT_ONCE = 256
_LONGEST_WAIT = 5.0
_SHORTEST_WAIT = 0.1
_SEND_PATIENCE = 2.0


class Allowance:
    """How often one may act: a few times at once, and then so many times a second.

    Args:
        burst: how many at once.
        per_second: how many a second after that.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        burst: float = 4.0,
        per_second: float = 4.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._left = burst
        self._at = clock()

    def wait(self) -> float:
        """Seconds until one may act again; 0 for now."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        return max(0.0, (1.0 - self._left) / self._per_second)

    def take(self) -> None:
        """Act once."""
        self._left -= 1.0


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A name for a folder that is short enough for a socket's address, however deep it lies."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


class HintSocket:
    """The controller's end of the Unix socket.

    Args:
        folder: where it lies: the node's `run`.

    Raises:
        UnavailableError: `NO_SOCKET`: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / HINT
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISSOCK(self._path.lstat().st_mode):
                    self._path.unlink()
            with _short(folder) as short:
                self._socket.bind(f"{short}/{HINT}")
            self._path.chmod(_MODE)
            self._inode = self._path.lstat().st_ino
        except OSError as error:
            self._socket.close()
            raise UnavailableError(
                f"no socket for hints: {error.strerror}",
                code="NO_SOCKET",
                place=str(self._path),
                remedy="move away what has its name",
            ) from error

    def fileno(self) -> int:
        """For whoever waits for it."""
        return self._socket.fileno()

    def drain(self) -> bool:
        """Whether there was a hint; many are one, and none is looked into."""
        hinted = False
        for _ in range(_DRAINED_AT_ONCE):
            try:
                self._socket.recv(1)
            except OSError:
                break
            hinted = True
        return hinted

    def close(self) -> None:
        """Give the socket up."""
        self._socket.close()
        with contextlib.suppress(OSError):
            # The next controller may have one there already.
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()


class RedisHints:
    """Listens on a Redis channel in a thread of its own, and comes back by itself.

    Args:
        url: such as `redis://alpha:6379/0`.
        hinted: called, from that thread, for messages: once for many.
        channel: of the messages.
        connect: makes the client, where the server asks who one is.
        after: seconds until it begins. Loading the client keeps a processor busy for a third of a
            second, which who waits for this process to be ready would lack; the poll goes on.

    Raises:
        UnavailableError: `NO_REDIS_CLIENT`: the optional client is not installed.
        MalformedError: `BAD_URL`.
    """

    def __init__(
        self,
        url: str,
        hinted: Callable[[], None],
        channel: str = CHANNEL,
        connect: Callable[[], Any] | None = None,
        after: float = 0.0,
    ) -> None:
        _check(url)
        self._after = after
        self._connect = connect or (lambda: _client(url))
        self._hinted = hinted
        self._channel = channel
        self._stop = threading.Event()
        self.connected = False
        """Whether it hears anything just now."""
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join(_SEND_PATIENCE)

    def _run(self) -> None:
        self._stop.wait(self._after)
        wait = _SHORTEST_WAIT
        while not self._stop.is_set():
            with contextlib.suppress(Exception):
                # Whatever goes wrong with a hint, the poll goes on without it.
                self._listen()
                wait = _SHORTEST_WAIT
            self.connected = False
            self._stop.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _listen(self) -> None:
        with contextlib.closing(self._connect()) as client, client.pubsub() as subscription:
            subscription.subscribe(self._channel)
            while not self._stop.is_set():
                # As long as that whoever ends waits for this thread.
                if subscription.get_message(timeout=0.1) is None:
                    continue
                # The first one says that we listen; what came before it may have been missed.
                self.connected = True
                self._hinted()
                if self._flooded(subscription):
                    return

    def _flooded(self, subscription: Any) -> bool:  # noqa: ANN401 - of a client that is optional
        """Take what comes in a while for one hint; whether it is so much that one hangs up."""
        self._stop.wait(_SHORTEST_WAIT)
        count = 0
        while count < _DRAINED_AT_ONCE and subscription.get_message(timeout=0.0) is not None:
            count += 1
        if count:
            self._hinted()
        return count == _DRAINED_AT_ONCE


def _check(url: str) -> None:
    """Whether hints can be had from there at all, without loading the client: it takes a while."""
    if importlib.util.find_spec("redis") is None:
        raise _no_client()
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise MalformedError(
            f"{url!r} is not a Redis URL",
            code="BAD_URL",
            remedy="write it like redis://host:6379/0",
        )


def _no_client() -> UnavailableError:
    return UnavailableError(
        "the Redis client is not installed",
        code="NO_REDIS_CLIENT",
        remedy="pip install 'vanta[redis]', or leave `governance.hints` out",
    )


def _client(url: str) -> Any:  # noqa: ANN401 - of a client that is optional
    import redis  # noqa: PLC0415 - optional, and slow to load

    return redis.Redis.from_url(
        url,
        socket_connect_timeout=_SEND_PATIENCE,
        socket_timeout=_SEND_PATIENCE,
        health_check_interval=10,
    )


def send_hint(folder: Path) -> None:
    """Hint at the controller of a node.

    Raises:
        UnavailableError: `NO_CONTROLLER`: none listens there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        try:
            with _short(folder) as short:
                sender.sendto(b"1", f"{short}/{HINT}")
        except BlockingIOError:
            # So many hints wait there already that another one would say nothing new.
            return
        except OSError as error:
            raise UnavailableError(
                f"no controller listens for hints: {error.strerror}",
                code="NO_CONTROLLER",
                place=str(folder / HINT),
                remedy="start `vanta governance controller`; it finds the change by itself too",
            ) from error


def publish_hint(url: str, channel: str = CHANNEL) -> int:
    """Hint at every controller that listens on a Redis; how many did.

    Raises:
        UnavailableError: `NO_REDIS`, `NO_REDIS_CLIENT`.
        MalformedError: `BAD_URL`.
    """
    _check(url)
    client: Any = None
    try:
        client = _client(url)
        return int(client.publish(channel, "1"))
    except Exception as error:
        raise UnavailableError(
            f"Redis cannot be reached: {error}",
            code="NO_REDIS",
            place=url.rpartition("@")[2],
            remedy="the controllers find the change by themselves, at their next poll",
        ) from error
    finally:
        if client is not None:
            client.close()
