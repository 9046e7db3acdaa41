"""One way to turn a value into bytes, so that equal values are equal bytes on every node."""

import hashlib
from typing import Any, TypeVar

import msgspec

from vanta.domain.errors import MalformedError

T = TypeVar("T")

_encoder = msgspec.json.Encoder(order="deterministic")


def encode(value: Any) -> bytes:  # noqa: ANN401 - any JSON-shaped value or struct
    """Compact UTF-8 JSON with sorted keys and sets; the same bytes under any hash seed."""
    return _encoder.encode(value)


def decode(kind: type[T], data: bytes, *, place: str = "") -> T:
    """Read `data` strictly as `kind`; unknown types and wrong shapes raise `MalformedError`."""
    try:
        return msgspec.json.decode(data, type=kind, strict=True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(
            f"not a {kind.__name__}: {error}", code="MALFORMED_JSON", place=place
        ) from error


def content_id(prefix: str, *parts: bytes) -> str:
    """An id derived from content: `prefix_` and 128 bits of SHA-256 over length-framed parts."""
    digest = hashlib.sha256(prefix.encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f"{prefix}_{digest.hexdigest()[:32]}"
