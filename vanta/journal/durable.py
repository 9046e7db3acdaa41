"""Bytes and names that are on the disk; it imports next to nothing, for a halt waits for it."""

import os
from pathlib import Path


def write_all(fd: int, data: bytes) -> None:
    """Write every byte of `data` to `fd`; the kernel may take fewer at a time.

    Raises:
        OSError: not everything was written (`ENOSPC`, `EFBIG`, `EIO`, ...).
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def fsync_directory(directory: Path) -> None:
    """Make the names in `directory` durable: creations, renames and removals so far."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
