"""Reaching a Redis: where it is, as whom, and by what it is known."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vanta.domain.address import check_address
from vanta.domain.errors import UnavailableError, VantaError

PATIENCE = 2.0
"""Seconds one answer may take, and a connection."""


def no_password() -> str:
    """For a Redis that asks for none."""
    return ""


@dataclass(frozen=True)
class Access:
    """A Redis, and how one gets in.

    Attributes:
        url: `redis://`, `rediss://` for TLS, or `unix://`.
        user: empty for Redis's default one.
        password: gives it when it is needed; empty for none.
        ca: file with the certificates that `rediss://` is held against; empty for the system's.
    """

    url: str
    user: str = ""
    password: Callable[[], str] = field(default=no_password, repr=False)
    ca: str = ""

    def __post_init__(self) -> None:
        check_address(self.url)
        if importlib.util.find_spec("redis") is None:
            raise UnavailableError(
                "the Redis client is not installed",
                code="NO_REDIS_CLIENT",
                place=self.url,
                remedy="pip install 'vanta[redis]', or name a folder",
            )

    def connect(self) -> Any:  # noqa: ANN401 - of a client that is optional
        """A client; it connects when it is first asked something."""
        # Optional, and slow to load.
        import redis  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        tls = {"ssl_ca_certs": self.ca or None} if self.url.startswith("rediss:") else {}
        return redis.Redis.from_url(
            self.url,
            username=self.user or None,
            password=self.password() or None,
            socket_connect_timeout=PATIENCE,
            socket_timeout=PATIENCE,
            # Once more, for a connection that went stale; how long to wait is ours to say.
            retry=Retry(NoBackoff(), 1),
            protocol=2,
            **tls,
        )

    def failed(self, error: Exception) -> VantaError:
        """What a client's error is, in our words."""
        from redis.exceptions import (  # noqa: PLC0415 - loaded when there is such an error
            AuthenticationError,
            NoPermissionError,
        )

        if isinstance(error, (AuthenticationError, NoPermissionError)):
            return UnavailableError(
                f"Redis does not let this node in: {error}",
                code="BUS_REFUSED",
                place=self.url,
                remedy="check `redis.user`, its credential, and its rules in the server's ACL",
            )
        return UnavailableError(
            f"Redis cannot be reached: {str(error) or type(error).__name__}",
            code="BUS_UNAVAILABLE",
            place=self.url,
            remedy="what waits there stays; see that the server runs and can be reached",
        )


def recoverable() -> tuple[type[Exception], ...]:
    """What a conversation with Redis may fail with."""
    from redis.exceptions import RedisError  # noqa: PLC0415 - optional, and slow to load

    return (RedisError, OSError)
