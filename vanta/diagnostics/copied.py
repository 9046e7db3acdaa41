"""What Alpha's backups left behind of the last one that reached the object store.

The unit that copies backups writes down, before it copies, what restic lists of the newest one
(`restic ls --json`), and gives that its name once the copy succeeded. So what is here lies outside
the machine, and the dump's own time is in it: a new backup of an old dump is as old as the dump.
"""

from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import parse_instant

_DUMP = "dump.rdb"
_MOST = 1 << 16


class _Listed(msgspec.Struct, frozen=True):
    """A line of restic's: the backup itself first, then each file."""

    struct_type: str
    name: str = ""
    type: str = ""
    mtime: str = ""


_decoder = msgspec.json.Decoder(_Listed)


def dump_written(path: Path) -> int | None:
    """When Redis wrote the dump in the newest copy, in UTC nanoseconds.

    None where nothing was ever copied, or the copy has no dump.

    Raises:
        UnavailableError: `COPIED_UNREADABLE`: it cannot be read.
        MalformedError: `COPIED_UNREADABLE`: it is not what restic says.
    """
    try:
        with path.open("rb") as file:
            said = file.read(_MOST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError(
            f"what was copied cannot be read: {error.strerror}",
            code="COPIED_UNREADABLE",
            place=str(path),
            remedy="see `systemctl status vanta-backup-copy.service`, and who may read the file",
        ) from error
    try:
        return _newest(said)
    except (ValueError, msgspec.MsgspecError, MalformedError) as error:
        raise MalformedError(
            f"not what `restic ls --json` says: {error}",
            code="COPIED_UNREADABLE",
            place=str(path),
            remedy="`systemctl start vanta-backup.service` has it written anew",
        ) from error


def _newest(said: bytes) -> int | None:
    if len(said) > _MOST:
        raise ValueError(f"more than {_MOST} bytes")
    listed = [_decoder.decode(line) for line in said.splitlines() if line.strip()]
    if not listed or listed[0].struct_type != "snapshot":
        raise ValueError("it lists no backup")
    dumps = [one for one in listed if (one.type, one.name) == ("file", _DUMP)]
    return max((parse_instant(one.mtime) for one in dumps), default=None)
