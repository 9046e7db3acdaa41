"""The root of trust: which commit a node starts from, and who must have signed it."""

from pathlib import Path

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.governance.commits import is_oid


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Ansible pins on every node."""

    introduction: str
    """Full id of the commit whose tree is in force by this pin."""
    fingerprints: tuple[str, ...]
    """`SHA256:...` of the keys that may have signed it."""


def read_trust(path: Path) -> Trust:
    """The pinned introduction.

    Raises:
        UnavailableError: there is none; without it nothing can be trusted.
        MalformedError: it is not a trust file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"no trust root: {error.strerror}",
            code="NO_TRUST",
            place=str(path),
            remedy="install the trust file that `vanta governance init` wrote",
        ) from error
    pinned = decode(Trust, data, place=str(path))
    if not is_oid(pinned.introduction) or not pinned.fingerprints:
        raise MalformedError(
            "it pins no full commit id, or no key",
            code="MALFORMED_TRUST",
            place=str(path),
            remedy="install the trust file that `vanta governance init` wrote",
        )
    return pinned
