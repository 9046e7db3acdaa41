"""The one shape every error of VANTA has when it reaches a person."""


class VantaError(Exception):
    """Something a person must be told: where, what, and what to do next.

    Args:
        message: what is wrong, in one clause, without the place.
        code: stable upper-case reason code, for tests, metrics and journals.
        place: file, line, field or record the message is about; empty when there is none.
        remedy: what to type or change next; empty when there is nothing to do.
    """

    def __init__(self, message: str, *, code: str, place: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        """One line: `place: message [CODE]; remedy`."""
        head = f"{self.place}: " if self.place else ""
        tail = f"; {self.remedy}" if self.remedy else ""
        return f"{head}{self.message} [{self.code}]{tail}"


class MalformedError(VantaError):
    """Input that cannot be read: the bytes are not what their format promises."""


class RefusedError(VantaError):
    """Input that can be read and is refused: a rule says no."""


class UnavailableError(VantaError):
    """Something this needs is missing or cannot be reached or written; nothing was done."""
