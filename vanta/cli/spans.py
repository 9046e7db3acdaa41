"""Times as people type them: an instant, or a span from now."""

from vanta.domain.errors import MalformedError
from vanta.domain.instant import parse_instant
from vanta.governance.documents.scalars import read_duration

_REMEDY = "write it like 2026-11-22T15:00:00Z, or from now on like 72h or 365d"


def instant_from(text: str, now: int, *, place: str) -> int:
    """UTC nanoseconds of an RFC 3339 time, or of `now` plus a span.

    Raises:
        MalformedError: code `TIME`: it is neither, or has passed.
    """
    try:
        instant = now + span(text, place=place)
    except MalformedError:
        try:
            instant = parse_instant(text, place=place)
        except MalformedError as error:
            raise MalformedError(error.message, code="TIME", place=place, remedy=_REMEDY) from error
    if instant <= now:
        raise MalformedError(f"{text!r} has passed", code="TIME", place=place, remedy=_REMEDY)
    return instant


def span(text: str, *, place: str) -> int:
    """Nanoseconds of `30s`, `5m`, `72h` or `3d`.

    Raises:
        MalformedError: code `TIME`.
    """
    try:
        length = read_duration(text)
    except ValueError as error:
        raise MalformedError(str(error), code="TIME", place=place, remedy=_REMEDY) from error
    if length == 0:
        raise MalformedError("0 is no span", code="TIME", place=place, remedy=_REMEDY)
    return length
