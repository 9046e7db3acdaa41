"""The peer: what hosts are governed with from Git today, `ansible-pull --verify-commit`.

One of its runs fetches, lets Git verify the signature of the head, and copies the pushed files
into place. A timer can do no better than to start the next run when one ends, so that is what is
measured: from the return of a push until the file on disk changed.
"""

import os
import subprocess
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.history import ENVIRONMENT
from benchmarks.peers import CHECKOUT, install

PATIENCE = 120.0

_PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Put the governed documents of this environment into place
      ansible.builtin.copy:
        src: "{source}/"
        dest: "{target}/"
        mode: "0640"
"""


def _locked(name: str) -> str:
    """The oldest version of a package in the lock file: the one for the oldest Python."""
    lock = tomllib.loads((CHECKOUT / "uv.lock").read_text())
    found = [one["version"] for one in lock["package"] if one["name"] == name]
    return str(min(found, key=lambda version: [int(part) for part in version.split(".")]))


class AnsiblePull:
    """A host that follows one repository by `ansible-pull`.

    Args:
        root: an empty folder for its checkout, its files and its configuration.
        forge: the repository.
        signers: the `allowed_signers` file Git verifies by.
    """

    def __init__(self, root: Path, forge: Path, signers: Path) -> None:
        self._programs = install("ansible", f"ansible-core=={_locked('ansible-core')}")
        self._root = root
        self._checkout = root / "checkout"
        self.target = root / "etc"
        self.target.mkdir(parents=True)
        (root / "gitconfig").write_text(
            f'[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = {signers}\n'
            "[safe]\n\tdirectory = *\n"
        )
        source = self._checkout / "environments" / ENVIRONMENT
        play = root / "play.yml"
        play.write_text(_PLAY.format(source=source, target=self.target))
        self._command = [
            str(self._programs / "ansible-pull"), "--verify-commit", "--only-if-changed",
            "--url", str(forge),
            "--checkout", "main", "--directory", str(self._checkout),
            "--inventory", "localhost,", str(play),
        ]  # fmt: skip
        self.runs: list[int] = []
        """How long each run took, nanoseconds."""

    def pull(self) -> None:
        """One run.

        Raises:
            RuntimeError: it failed, with what it said.
        """
        began = time.perf_counter_ns()
        done = subprocess.run(
            self._command, capture_output=True, text=True, env=self._environment(), check=False,
            timeout=PATIENCE, cwd=self._root,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"ansible-pull ended with {done.returncode}: {done.stdout[-2000:]}")
        self.runs.append(time.perf_counter_ns() - began)

    def _environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "HOME": str(self._root),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": str(self._root / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            # Named, so that no run spends time on looking for one.
            "ANSIBLE_PYTHON_INTERPRETER": str(self._programs / "python"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_HOME": str(self._root / "ansible"),
        }

    @contextmanager
    def timer(self) -> Iterator[None]:
        """Run after run, without a pause, for as long as this is entered."""
        stop = threading.Event()
        failed: list[BaseException] = []

        def loop() -> None:
            try:
                while not stop.is_set():
                    self.pull()
            except Exception as error:  # noqa: BLE001 - told by the thread that waits
                failed.append(error)

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            if failed:
                raise failed[0]

    def arrived(self, path: str, *, gone: bool = False) -> int:
        """When a file of the environment came into place, UTC nanoseconds; waits for it."""
        place = self.target / path
        deadline = time.monotonic() + PATIENCE
        while place.exists() == gone:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{place} never came")
            time.sleep(0.002)
        return time.time_ns()
