"""What takes long to make is made once a session, by the worker that asks first."""

import fcntl
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

Made = TypeVar("Made")


class _Session:
    folder: Path | None = None
    """Where workers put it; nothing where one process runs all tests."""


@pytest.fixture(scope="session", autouse=True)
def workers_share(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Workers of one session share; the next, whose program may be another, makes its own."""
    worker = getattr(request.config, "workerinput", None)
    if worker is not None:
        shared = tmp_path_factory.getbasetemp().parent / f"shared-{worker['testrunuid']}"
        shared.mkdir(exist_ok=True)
        _Session.folder = shared
    yield
    _Session.folder = None


def made_once(name: str, make: Callable[[], Made]) -> Made:
    """What `make` returns, whichever worker makes it."""
    return make() if _Session.folder is None else made_once_in(_Session.folder, name, make)


def made_once_in(folder: Path, name: str, make: Callable[[], Made]) -> Made:
    """What `make` returned to whoever asked first; who asks meanwhile waits."""
    kept = folder / name
    # Who dies lets go of the lock and leaves nothing half-written: the next one makes it.
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            made = make()
            written = folder / f"{name}.new"
            written.write_bytes(pickle.dumps(made))
            written.rename(kept)
            return made
    found: Made = pickle.loads(kept.read_bytes())  # noqa: S301 - a worker of this session wrote it
    return found
