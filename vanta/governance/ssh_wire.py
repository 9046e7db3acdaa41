"""The SSH wire encoding (RFC 4251 section 5), read strictly and written."""

from vanta.domain.errors import MalformedError

_LENGTH = 4


class Wire:
    """A cursor over SSH-encoded bytes; every shortfall or excess is a `MalformedError`.

    Args:
        data: the encoded bytes.
        code: reason code of what is being read (`MALFORMED_KEY`, `MALFORMED_SIGNATURE`).
    """

    __slots__ = ("_at", "_code", "_data")

    def __init__(self, data: bytes, *, code: str) -> None:
        self._data = data
        self._at = 0
        self._code = code

    def malformed(self, message: str) -> MalformedError:
        """The error of this input, for the caller to raise."""
        return MalformedError(message, code=self._code)

    def take(self, size: int) -> bytes:
        """The next `size` bytes as they stand."""
        end = self._at + size
        if end > len(self._data):
            raise self.malformed("the bytes end inside a field")
        part = self._data[self._at : end]
        self._at = end
        return part

    def uint32(self) -> int:
        """A big-endian 32-bit unsigned integer."""
        return int.from_bytes(self.take(_LENGTH), "big")

    def string(self) -> bytes:
        """A length-prefixed byte string."""
        return self.take(self.uint32())

    def text(self) -> str:
        """A length-prefixed string of printable ASCII, as every SSH name is."""
        part = self.string()
        if not part.isascii() or not (name := part.decode("ascii")).isprintable():
            raise self.malformed("a name is not printable ASCII")
        return name

    def positive(self) -> int:
        """A positive mpint in its only encoding: big-endian, no spare leading zero."""
        part = self.string()
        number = int.from_bytes(part, "big", signed=True)
        if number <= 0 or part != _mpint_bytes(number):
            raise self.malformed("a number is not a positive integer in its shortest form")
        return number

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._data):
            raise self.malformed(f"{len(self._data) - self._at} bytes follow the last field")


def string(part: bytes) -> bytes:
    """`part` as a length-prefixed string."""
    return len(part).to_bytes(_LENGTH, "big") + part


def mpint(number: int) -> bytes:
    """A positive integer as an mpint."""
    return string(_mpint_bytes(number))


def _mpint_bytes(number: int) -> bytes:
    # One bit more than the magnitude, because the top bit is the sign.
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
