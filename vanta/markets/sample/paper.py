"""Writing files the same way each time, gzip included."""

import csv
import gzip
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def put(path: Path, data: bytes) -> None:
    """Write a file; a name that ends in `.gz` is compressed, with no time and no name inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """CSV with a header line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(list(header))
    writer.writerows(list(row) for row in rows)
    return text.getvalue().encode()


def lines(items: Iterable[dict[str, Any] | str]) -> bytes:
    """JSON lines; a plain string stands as it is."""
    return b"".join(
        (item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)).encode() + b"\n"
        for item in items
    )
