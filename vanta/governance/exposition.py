"""Metrics over HTTP, for whichever process has some."""

from prometheus_client import CollectorRegistry, start_http_server

from vanta.domain.errors import MalformedError, UnavailableError

_LARGEST_PORT = 65_535


def serve(registry: CollectorRegistry, address: str, *, field: str) -> None:
    """Serve a registry.

    Args:
        registry: what is served.
        address: host and port.
        field: of the node's configuration that names it.

    Raises:
        MalformedError: `BAD_ADDRESS`.
        UnavailableError: `METRICS_ADDRESS`: it cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) <= _LARGEST_PORT:
        raise MalformedError(
            f"{address!r} is not an address",
            code="BAD_ADDRESS",
            remedy="such as 127.0.0.1:9464",
        )
    try:
        start_http_server(int(port), host.strip("[]"), registry=registry)
    except OSError as error:
        raise UnavailableError(
            f"metrics cannot be served: {error.strerror}",
            code="METRICS_ADDRESS",
            place=address,
            remedy=f"choose another `{field}` address",
        ) from error
