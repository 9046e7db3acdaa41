"""A length of time as it is typed: `30m`, `12h`, `7d`."""

from contextlib import suppress

from vanta.domain.errors import RefusedError


def read_span(text: str, *, place: str) -> int:
    """Nanoseconds, above zero.

    Raises:
        RefusedError: `BAD_SPAN`.
    """
    from vanta.governance.documents.mistakes import MistakeError
    from vanta.governance.documents.scalars import read_duration

    span = 0
    with suppress(MistakeError):
        span = read_duration(text)
    if span:
        return span
    raise RefusedError(
        f"{text!r} is no length of time",
        code="BAD_SPAN",
        place=place,
        remedy="write it like 30m, 12h or 7d",
    )
