"""The stage: three node folders, a governance repository, three people, and the processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from vanta.demo.story import Story
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.node.layout import Layout

PEOPLE = ("ada", "grace", "alan")
NODES = ("alpha", "markets", "executor")
POLL_MS = {"alpha": 1000, "markets": 500, "executor": 100}
"""Between two looks at Git: a look costs a process, and three nodes share this machine."""
ENVIRONMENT = "dev"
_MARK = ".vanta-demo"


class Stage:
    """Everything the demo makes lies below one folder.

    Args:
        root: an empty or new folder, or one an earlier demo made.
        story: where commands and answers are shown.
    """

    def __init__(self, root: Path, story: Story) -> None:
        self.root = root.resolve()
        self.story = story
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def governance(self) -> Path:
        """Ada's clone: where documents are changed."""
        return self.root / "governance"

    @property
    def forge(self) -> Path:
        """The bare repository everybody pushes to; nothing trusts it."""
        return self.root / "forge.git"

    @property
    def trust(self) -> Path:
        """The pin."""
        return self.root / "governance.trust.json"

    @property
    def broker(self) -> Path:
        """The paper broker's folder."""
        return self.root / "broker"

    def key(self, person: str) -> Path:
        """A person's private key."""
        return self.root / "people" / person

    def node(self, name: str) -> Layout:
        """A node's folder."""
        return Layout(self.root / "nodes" / name)

    def clear(self) -> None:
        """Make the folder, throwing away what an earlier demo left and nothing else.

        Raises:
            RefusedError: it holds something no demo made.
        """
        if self.root.exists() and any(self.root.iterdir()):
            if not (self.root / _MARK).exists():
                raise RefusedError(
                    "the folder holds something that no demo made",
                    code="NOT_EMPTY",
                    place=str(self.root),
                    remedy="name another with `make demo DEMO=folder`",
                )
            _remove(self.root)
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / _MARK).write_text("made by `make demo`; it may be thrown away\n")

    def shown(self, arguments: list[str]) -> str:
        """A command as the reader would type it in the demo's folder."""
        text = " ".join(f'"{part}"' if " " in part else part for part in arguments)
        return text.replace(f"{self.root}/", "")

    def vanta(self, *arguments: str, expect: tuple[int, ...] = (0,), quiet: bool = False) -> str:
        """Run the `vanta` command as a user would; its output.

        Raises:
            UnavailableError: it ended with a code that was not expected.
        """
        if not quiet:
            self.story.typed(self.shown(["vanta", *arguments]))
        out = self._run([sys.executable, "-m", "vanta.cli", *arguments], expect)
        if not quiet:
            self.story.said(out.replace(f"{self.root}/", ""))
        return out

    def git(self, *arguments: str, at: Path | None = None, quiet: bool = False) -> str:
        """Run Git as a user would."""
        if not quiet:
            self.story.typed(self.shown(["git", *arguments]))
        return self._run(["git", "-C", str(at or self.governance), *arguments], (0,))

    def _run(self, command: list[str], expect: tuple[int, ...]) -> str:
        done = subprocess.run(
            command,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self._environment(),
        )
        out = done.stdout + done.stderr
        if done.returncode not in expect:
            raise UnavailableError(
                f"`{self.shown(command[:1] + command[3:])}` ended with {done.returncode}: {out}",
                code="DEMO_COMMAND",
            )
        return out

    def _environment(self) -> Mapping[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_"))}
        return {**kept, "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "COLUMNS": "200"}

    def keygen(self, person: str) -> None:
        """Make a person's SSH key, as they would."""
        path = str(self.key(person))
        self._run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", path], (0,))

    def unpack(self, bundle: str, folder: str) -> None:
        """Unpack a bundle into a new folder, as somebody who was handed it would."""
        (self.root / folder).mkdir()
        self._run(["tar", "-xzf", bundle, "-C", folder], (0,))

    def start(self, name: str, *arguments: str) -> None:
        """Start a `vanta` service in the background."""
        log = (self.root / "logs" / f"{name}.log").open("ab")
        with log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "vanta.cli", *arguments],
                cwd=self.root,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._environment(),
                start_new_session=True,
            )

    def alive(self, name: str) -> bool:
        """Whether a service is running."""
        return name in self._running and self._running[name].poll() is None

    def kill(self, name: str) -> None:
        """`kill -9`."""
        process = self._running.pop(name)
        process.kill()
        process.wait(timeout=10)

    def stop_all(self) -> None:
        """End every service, politely first."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=5)
        self._running.clear()

    def wait(self, what: str, ready: Callable[[], bool], seconds: float = 30.0) -> float:
        """Wait until something is so; how long it took.

        Raises:
            UnavailableError: it never was; with the end of every service's log.
        """
        began = time.monotonic()
        while not ready():
            if time.monotonic() - began > seconds:
                raise UnavailableError(
                    f"waited {seconds:.0f} s for {what}{self._logs()}", code="DEMO_TIMEOUT"
                )
            time.sleep(0.005)
        return time.monotonic() - began

    def _logs(self) -> str:
        tails = []
        for path in sorted((self.root / "logs").glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()[-5:]
            tails += [f"\n  {path.name}: {line}" for line in lines]
        return "".join(tails)


def _remove(folder: Path) -> None:
    """Remove a folder's content without following links."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            entry.chmod(0o700)
            _remove(entry)
            entry.rmdir()
        else:
            entry.unlink()
