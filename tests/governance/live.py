"""A node whose controller runs as a process of its own, the way systemd runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.governance.fund import ENVIRONMENT, Fund
from vanta.audit.refold import refold
from vanta.audit.trail import trail
from vanta.domain.errors import VantaError
from vanta.domain.policy import Policy
from vanta.domain.record import Record
from vanta.governance.heartbeat import HEARTBEAT
from vanta.governance.published import PolicyReader
from vanta.governance.starter import trust_file
from vanta.journal.reader import live_state
from vanta.node.layout import Layout


class LiveNode:
    """The node's folder, and the controller when it runs."""

    def __init__(self, root: Path, fund: Fund, **governance: object) -> None:
        self.fund = fund
        self.layout = Layout(root)
        self.layout.memory.mkdir(parents=True, mode=0o750)
        self.layout.etc.mkdir()
        lines = [f"  {name}: {value}" for name, value in governance.items()]
        self.layout.config.write_text(
            f"node: executor\nrole: executor\nenvironment: {ENVIRONMENT}\ngovernance:\n"
            + "\n".join(
                [*([] if "remote" in governance else [f"  remote: {fund.sim.path}"]), *lines]
            )
            + "\n"
        )
        self.layout.trust.write_bytes(trust_file(fund.trust))
        self.log = root / "controller.log"
        self.reader = PolicyReader(self.layout.memory)
        self.process: subprocess.Popen[bytes] | None = None
        self._started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.stop(signal.SIGKILL)

    def start(self, **variables: str) -> None:
        """Start the controller."""
        self._started = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*VANTA, "governance", "controller", "--node", str(self.layout.root)],
                stdout=log,
                stderr=log,
                env={**clean(), **variables},
            )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `vanta` command."""
        return subprocess.run(
            [*VANTA, *arguments],
            capture_output=True,
            text=True,
            env=clean(),
            check=False,
            timeout=60,
        )

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End the controller; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(30)
        self.process = None
        return code

    def at_work(self) -> bool:
        """Whether the controller gave a sign of life since it was started."""
        try:
            return (self.layout.memory / HEARTBEAT).lstat().st_mtime_ns > self._started
        except OSError:
            return False

    def policy(self) -> Policy | None:
        """The policy enforced now, if any."""
        try:
            return self.reader().policy
        except VantaError:
            return None

    def shows(self, so: Callable[[Policy], bool], seconds: float = 60.0) -> bool:
        """Wait until the policy is so."""
        return self.until(lambda: (policy := self.policy()) is not None and so(policy), seconds)

    def until(self, so: Callable[[], bool], seconds: float = 60.0) -> bool:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not so():
            if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                return False
            time.sleep(0.005)
        return True

    def records(self, kind: str) -> list[Record]:
        """The journal's records of a type."""
        try:
            found = live_state(self.layout.journal("governance")).records
        except VantaError:
            return []
        return [record for record in found if record.type == kind]

    def refolded(self) -> int:
        """Compute every receipt again; how many there are."""
        told = trail("node", self.layout.journal("governance"))
        found = list(refold(told, self.layout.mirror, self.fund.trust))
        for one in found:
            assert one.recorded == one.recomputed, one.record_id
        return len(found)


VANTA = (sys.executable, "-m", "vanta.cli")


def clean() -> dict[str, str]:
    """The environment without what would change a command's mind."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_", "NOTIFY_"))}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "200"}


class Systemd:
    """The socket systemd would listen on."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self.said: list[str] = []

    def hears(self, what: str, seconds: float = 60.0) -> bool:
        """Wait until it was told so."""
        deadline = time.monotonic() + seconds
        while what not in self.said:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                self.said.append(self._socket.recv(200).decode())
            except TimeoutError:
                return False
        return True

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


class DeafForge:
    """A server that takes connections and says nothing: a forge that hangs."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}/governance.git"

    def close(self) -> None:
        """Let go of everybody."""
        self._socket.close()
