"""What a machine says of itself, asked once for many checks."""

import time
from collections.abc import Callable
from functools import cache

from testinfra.host import Host


@cache
def said(host: Host, *words: str) -> str:
    """What a program prints there; the same words are asked once in a session.

    Raises:
        AssertionError: it failed.
    """
    return now(host, *words)


def now(host: Host, *words: str) -> str:
    """What a program prints there, asked anew.

    Raises:
        AssertionError: it failed.
    """
    done = host.run(" ".join(["%s"] * len(words)), *words)
    assert done.rc == 0, f"{words}: {done.rc} {done.stderr}"
    return str(done.stdout).rstrip("\n")


def within_minutes(holds: Callable[[], bool], patience: float = 90.0) -> bool:
    """Whether something comes to hold: what machines tell each other they tell every minute."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(3)
    return True


def text(host: Host, path: str) -> str:
    """A file of it."""
    return said(host, "cat", path)


@cache
def settings(host: Host, *words: str) -> dict[str, str]:
    """What a program prints as lines of a name and a value, such as `sshd -T`."""
    pairs = (line.split(maxsplit=1) for line in said(host, *words).splitlines())
    return {pair[0]: pair[1] if len(pair) > 1 else "" for pair in pairs if pair}


@cache
def modes(host: Host, *paths: str) -> dict[str, str]:
    """Owner, group and mode of files, such as `root:root 644`, without those that are not there."""
    done = host.run(
        "stat --dereference --format='%%n %%U:%%G %%a' " + " ".join(["%s"] * len(paths)), *paths
    )
    lines = (line.split(maxsplit=1) for line in done.stdout.splitlines())
    return {line[0]: line[1] for line in lines}


def container(host: Host) -> bool:
    """Whether its kernel is the host's."""
    return bool(host.run("systemd-detect-virt --container").rc == 0)
