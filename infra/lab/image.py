"""The image every machine starts from: Debian's own packages, put together once and kept.

It is what a cloud hands out: systemd, SSH, Python for Ansible, one user with a key. What roles
install is in it as an archive of packages and not as installed software: roles have to install it.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.lab.plan import Plan
from infra.lab.programs import run

_SUITE = "bookworm"
_MIRROR = "http://deb.debian.org/debian"
_SECURITY = "http://deb.debian.org/debian-security"
_FIRST = (
    "ca-certificates", "dbus", "iproute2", "iputils-ping", "libpam-systemd", "openssh-server",
    "procps", "python3", "python3-apt", "sudo", "systemd", "systemd-sysv", "systemd-timesyncd",
)  # fmt: skip
"""What is installed: what Debian's cloud images have, and no more."""
_ARCHIVE = "srv/packages"
_LIST = Path(__file__).with_name("packages.txt")
USER = "deploy"
"""Who Ansible logs in as."""
_PATIENCE = 1200.0
_EDITION = 1
"""Counts changes of this module that make another image of the same packages."""


def packages() -> list[str]:
    """Packages that roles may install."""
    lines = (line.strip() for line in _LIST.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def image_of(plan: Plan) -> Path:
    """Where the image of these packages is, or will be."""
    wanted = "\n".join([str(_EDITION), _SUITE, *_FIRST, "--", *packages()])
    return plan.cache / f"debian-{_SUITE}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"


def build(plan: Plan, tell: Callable[[str], None]) -> Path:
    """The image, made unless it is there.

    Args:
        plan: of the lab.
        tell: is told each step, as it begins.

    Returns:
        The folder of its file system, which nobody writes again.

    Raises:
        UnavailableError: Debian's archive cannot be reached, or a package is unknown to it.
    """
    image = image_of(plan)
    if image.exists():
        return image
    plan.cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="making-", dir=plan.cache))
    log = plan.cache / "image.log"
    log.write_text("")
    try:
        work.chmod(0o755)
        tell(f"debootstrap of {_SUITE}: about a minute")
        include = f"--include={','.join(_FIRST)}"
        words = ["debootstrap", "--variant=minbase", include, _SUITE, str(work), _MIRROR]
        run(words, patience=_PATIENCE, log=log)
        tell(f"an archive of {len(packages())} packages and what they need")
        _archive(work, log)
        _finish(work)
        work.rename(image)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    _forget_older(image)
    return image


def _archive(root: Path, log: Path) -> None:
    """Fetch what roles install, checked by apt's own signatures, into a folder apt can read."""
    sources = root / "etc/apt/sources.list"
    suites = [(_MIRROR, _SUITE), (_MIRROR, f"{_SUITE}-updates"), (_SECURITY, f"{_SUITE}-security")]
    sources.write_text("".join(f"deb {place} {suite} main\n" for place, suite in suites))
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    quiet = ("DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
    inside = ["chroot", str(root), "env", *quiet]
    run([*inside, "apt-get", "update"], patience=_PATIENCE, log=log)
    run([*inside, "apt-get", "-y", "dist-upgrade"], patience=_PATIENCE, log=log)
    if wanted := packages():
        ask = ["apt-get", "-y", "--download-only", "--no-install-recommends", "install", *wanted]
        run([*inside, *ask], patience=_PATIENCE, log=log)
    archive = root / _ARCHIVE
    archive.mkdir(parents=True)
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.rename(archive / package.name)
    listed = run(["env", "-C", archive, "apt-ftparchive", "packages", "."], patience=_PATIENCE)
    (archive / "Packages").write_text(listed.stdout)
    shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)
    # Trusted because it lies in the image, whose packages apt checked as it fetched them.
    sources.write_text(f"deb [trusted=yes] file:/{_ARCHIVE} ./\n")
    run([*inside, "apt-get", "update"], patience=_PATIENCE, log=log)


def _finish(root: Path) -> None:
    """What a cloud does at the first boot, for all machines alike."""
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("")
    (root / "etc/machine-id").write_text("")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    run(["chroot", root, "useradd", "--create-home", "--shell=/bin/bash", USER])
    rule = root / f"etc/sudoers.d/90-{USER}"
    rule.write_text(f"{USER} ALL=(ALL) NOPASSWD:ALL\n")
    rule.chmod(0o440)
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    (wanted / "systemd-networkd.service").symlink_to("/lib/systemd/system/systemd-networkd.service")


def _forget_older(image: Path) -> None:
    """Remove images no lab stands on: each takes most of a gigabyte."""
    mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    for other in image.parent.glob(f"debian-{_SUITE}-*"):
        if other != image and f"lowerdir={other}" not in mounts:
            shutil.rmtree(other, ignore_errors=True)
