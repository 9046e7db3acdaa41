"""The peer of the journal: SQLite, one durable transaction for each record or batch."""

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any


def run(seconds: float = 2.0, size: int = 500) -> dict[str, Any]:
    """Rows a second into a WAL database with `synchronous=FULL`, singly and in batches of 64."""
    return {
        "peer": f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL",
        "append_1_per_s": _rate(seconds, size, 1),
        "append_64_per_s": _rate(seconds, size, 64),
    }


def _rate(seconds: float, size: int, batch: int) -> int:
    with tempfile.TemporaryDirectory(prefix="vanta-bench-") as folder:
        base = sqlite3.connect(Path(folder) / "peer.db", isolation_level=None)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=FULL")
        base.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, line BLOB)")
        line, rows = b"x" * size, 0
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            base.execute("BEGIN")
            base.executemany("INSERT INTO record (line) VALUES (?)", [(line,)] * batch)
            base.execute("COMMIT")
            rows += batch
        base.close()
        return round(rows / took)
