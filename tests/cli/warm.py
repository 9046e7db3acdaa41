"""`vanta`, started once: each command is a fork of a process that has imported everything.

Most of what a command costs is importing. Pages and tests type thousands of them, so they find a
`vanta` that hands its arguments, folder, environment and standard streams to a process that has the
imports behind it; that forks, and the fork runs `vanta.cli.start.run` as the installed one does.
"""

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import vanta.audit
import vanta.cli
import vanta.executor
import vanta.governance
from vanta.cli.start import run

_CLIENT = """#!{python} -ISE
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as there:
    there.connect({path!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(there, [asked], [0, 1, 2])
    started = int(there.recv(16) or b"0")
    if started:
        signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(started, number))
    sys.exit(int(there.recv(16) or b"1"))
"""
_LONGEST = 1 << 17
_SECONDS = 60


@contextmanager
def warm(folder: Path) -> Iterator[Path]:
    """A folder for `PATH` whose `vanta` is warm, for as long as the context is open."""
    folder.mkdir()
    path = folder / "socket"
    command = folder / "vanta"
    command.write_text(_CLIENT.format(python=sys.executable, path=str(path)))
    command.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_"))}
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.warm", str(path)],
        env={**kept, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _SECONDS
        while not path.exists():
            assert server.poll() is None, "it did not start"
            assert time.monotonic() < deadline, "it does not start"
            time.sleep(0.01)
        yield folder
    finally:
        server.terminate()
        server.wait()


def serve(path: str) -> None:
    """Run a command for each connection, until terminated."""
    # Commands import what they need when they run; here it is there before.
    for package in (vanta.cli, vanta.governance, vanta.executor, vanta.audit):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".brokers." not in module.name:
                importlib.import_module(module.name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{path}.new")
        listener.listen(16)
        Path(f"{path}.new").rename(path)
        while True:
            here, _ = listener.accept()
            with here:
                if os.fork() == 0:
                    listener.close()
                    _run(here)


def _run(here: socket.socket) -> None:
    """In a process of its own: become the command that was typed, and say how it ended."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asked, streams, _, _ = socket.recv_fds(here, _LONGEST, 3)
        # Who ends the command that was typed ends this.
        here.send(str(os.getpid()).encode())
        arguments, folder, environment = json.loads(asked)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["vanta", *arguments]
        # Help names the program after what was started: a script, and no module of ours.
        sys.modules["__main__"].__package__ = None
        run()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        here.send(str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
