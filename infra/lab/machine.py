"""One machine: its disk as a layer over the image, its data on a disk of its own, its process."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from infra.lab import cgroups
from infra.lab.access import authorized
from infra.lab.image import USER
from infra.lab.plan import Plan
from infra.lab.programs import run
from vanta.domain.errors import UnavailableError

_DATA = "6G"
_BOOT = 60.0
_MISSED = 10
_OFF = 20.0
# It begins once it is in groups of its own, which is when its input ends.
_WAIT = 'cat >/dev/null; exec "$@" </dev/null'
# Its own fstab says how /tmp is mounted, and nspawn would be there first.
_OF_ITS_OWN = {"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
# systemd's own signal for "power off", sent to the machine's first process.
_POWER_OFF = signal.SIGRTMIN + 4


@dataclass(frozen=True)
class Machine:
    """A machine of a lab, on or off.

    Args:
        plan: of the lab.
        name: `jump`, `alpha`, `markets` or `executor`.
        image: what it starts from.
    """

    plan: Plan
    name: str
    image: Path

    @property
    def folder(self) -> Path:
        """Where its disks are."""
        return self.plan.folder(self.name)

    @property
    def root(self) -> Path:
        """Its file system, as this host sees it."""
        return self.folder / "root"

    @property
    def data(self) -> Path:
        """What is `/opt/vanta` there: a disk of its own, which can be full without the other."""
        return self.folder / "data"

    @property
    def console(self) -> Path:
        """What its systemd says while it boots."""
        return self.folder / "console.log"

    @property
    def leader(self) -> int | None:
        """Its first process as this host counts; none where it is off."""
        nspawn = self._nspawn()
        if nspawn is None:
            return None
        children = Path(f"/proc/{nspawn}/task/{nspawn}/children")
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(children.read_text().split()[0])
        return None

    def boot(self) -> None:
        """Turn it on, and wait until its systemd has started everything.

        Raises:
            UnavailableError: `NO_BOOT`: it does not come up; its console says why.
        """
        if self.leader is None:
            self.prepare()
            self._seed()
            # Its link outlives a machine for a moment, and nspawn would not take the name again.
            run(["ip", "link", "del", self.link], check=False)
            self._start()
        end, missed = time.monotonic() + _BOOT, 0
        while time.monotonic() < end:
            state = self.inside("systemctl", "is-system-running", check=False).stdout.strip()
            if state in {"running", "degraded"}:
                # nspawn puts another id over it, which units with a /proc of their own do not see:
                # root would take their signs of life for those of another boot.
                self.inside("umount", "/proc/sys/kernel/random/boot_id", check=False)
                return
            # For a moment, between two programs, a process has no words to know it by.
            missed = missed + 1 if self._nspawn() is None else 0
            if missed > _MISSED:
                break
            time.sleep(0.1)
        raise UnavailableError(
            "it did not come up",
            code="NO_BOOT",
            place=self.name,
            remedy=f"read {self.console}",
        )

    def _start(self) -> None:
        wait, go = os.pipe()
        try:
            # No object of ours waits for it: it outlives this command.
            pid = os.posix_spawn(
                "/bin/sh",
                ["/bin/sh", "-c", _WAIT, "sh", *self._words()],
                {**os.environ, **_OF_ITS_OWN},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, wait, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(self.console), _NEW, 0o644),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
            )
            (self.folder / "pid").write_text(str(pid))
            cgroups.enclose(self._known_as, pid)
        finally:
            os.close(wait)
            os.close(go)

    def off(self, *, pull_the_plug: bool = False) -> None:
        """Turn it off: in order, or as if somebody pulled the plug. What it wrote stays."""
        leader, nspawn = self.leader, self._nspawn()
        if leader is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(leader, signal.SIGKILL if pull_the_plug else _POWER_OFF)
        end = time.monotonic() + _OFF
        while self._nspawn() is not None and time.monotonic() < end:
            time.sleep(0.05)
        if (nspawn := self._nspawn()) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(nspawn, signal.SIGKILL)
            while self._nspawn() is not None:
                time.sleep(0.05)
        (self.folder / "pid").unlink(missing_ok=True)
        cgroups.release(self._known_as)
        self._unmount()

    def reset(self) -> None:
        """Throw away what it wrote; it must be off."""
        self._unmount()
        shutil.rmtree(self.folder, ignore_errors=True)

    def inside(
        self, *words: str, check: bool = True, patience: float = 60.0
    ) -> "subprocess.CompletedProcess[str]":
        """Run something in it as its root, past SSH: for the lab's own needs, not an operator's.

        Raises:
            UnavailableError: it is off, or the program failed.
        """
        leader = self.leader
        if leader is None:
            if check:
                raise UnavailableError(
                    "it is off", code="MACHINE_OFF", place=self.name, remedy="make lab"
                )
            return subprocess.CompletedProcess(list(words), 1, "", "it is off")
        entered = ["nsenter", "--target", str(leader), "--all", "--wdns=/", "--"]
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
        return run([*entered, *clean, *words], check=check, patience=patience)

    @property
    def link(self) -> str:
        """The end of its network link that this host holds."""
        return f"vb-{self._known_as}"[:15]

    @property
    def _known_as(self) -> str:
        return f"{self.plan.name}-{self.name}"

    def _words(self) -> list[str]:
        return [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            "--console=read-only",
            f"--machine={self._known_as}",
            f"--directory={self.root}",
            f"--network-bridge={self.plan.bridge}",
            # An NFS server in user space opens files by handle.
            "--system-call-filter=open_by_handle_at name_to_handle_at",
            f"--bind={self.data}:/opt/vanta",
        ]

    def _nspawn(self) -> int | None:
        """The process that keeps it, if that is alive and the one we started."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "pid").read_text())
            said = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if f"--machine={self._known_as}".encode() in said:
                return pid
        return None

    def prepare(self) -> None:
        """Mount its disks, made if there are none yet."""
        upper, work = self.folder / "upper", self.folder / "work"
        for folder in (upper, work, self.root, self.data):
            folder.mkdir(parents=True, exist_ok=True)
        if not os.path.ismount(self.root):
            layers = f"lowerdir={self.image},upperdir={upper},workdir={work}"
            run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root])
        disk = self.folder / "data.img"
        if not disk.exists():
            run(["truncate", "-s", _DATA, disk])
            run(["mkfs.ext4", "-q", "-F", disk])
        if not os.path.ismount(self.data):
            run(["mount", "-o", "loop,nosuid,nodev", disk, self.data])
            # What is mounted below it later is seen in the machine too.
            run(["mount", "--make-shared", self.data])
            (self.data / "build").mkdir(exist_ok=True)
            shutil.rmtree(self.data / "lost+found", ignore_errors=True)

    def _unmount(self) -> None:
        for folder in (self.folder / "export", self.data / "build", self.data, self.root):
            if os.path.ismount(folder):
                run(["umount", "--lazy", folder], check=False)

    def _seed(self) -> None:
        """What a cloud tells a machine at its first boot: its name, address and who may log in."""
        if (self.root / "etc/vanta-lab").exists():
            return
        (self.root / "etc/hostname").write_text(f"{self.name}\n")
        (self.root / "etc/hosts").write_text(
            f"127.0.0.1 localhost\n{self.plan.address(self.name)} {self.name}\n"
        )
        # Before Debian's 80-container-host0.network, which would ask for an address.
        (self.root / "etc/systemd/network/10-host0.network").write_text(
            "[Match]\nName=host0\n\n[Network]\n"
            f"Address={self.plan.address(self.name)}/24\nLinkLocalAddressing=no\nLLDP=no\n"
        )
        for kind in ("", ".pub"):
            key = self.root / f"etc/ssh/ssh_host_ed25519_key{kind}"
            shutil.copy(self.plan.keys / f"host_{self.name}{kind}", key)
            key.chmod(0o644 if kind else 0o600)
        home = self.root / f"home/{USER}"
        ssh = home / ".ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        (ssh / "authorized_keys").write_text(authorized(self.plan))
        (ssh / "authorized_keys").chmod(0o600)
        owner = home.stat()
        for path in (ssh, ssh / "authorized_keys"):
            os.chown(path, owner.st_uid, owner.st_gid)
        (self.root / "etc/vanta-lab").write_text(f"{self.plan.name}\n")
