"""The address of a Redis, as configuration names it: never with a secret in it."""

import re

from vanta.domain.errors import MalformedError, RefusedError

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)"
_ADDRESS = re.compile(
    rf"rediss?://{_HOST}(?::[0-9]{{1,5}})?(?:/[0-9]{{0,4}})?"
    r"|unix:///[A-Za-z0-9._/@+=,-]+(?:\?db=[0-9]{1,4})?"
)


def is_redis(text: str) -> bool:
    """Whether this names a Redis, and not a folder."""
    return text.startswith(("redis://", "rediss://", "unix://"))


def check_address(url: str) -> str:
    """The address of a Redis, which it returns.

    Raises:
        RefusedError: `SECRET_IN_ADDRESS`.
        MalformedError: `BAD_URL`.
    """
    if "@" in url and not url.startswith("unix:"):
        raise RefusedError(
            "an address with a user or a password in it",
            code="SECRET_IN_ADDRESS",
            remedy="write `redis: {user: NAME, password: CREDENTIAL}` beside it, by name",
        )
    if not _ADDRESS.fullmatch(url):
        raise MalformedError(
            f"{url[:200]!r} is not the address of a Redis",
            code="BAD_URL",
            remedy="write redis://host:6379/0, rediss://host:6379/0 or unix:///run/redis.sock",
        )
    return url
