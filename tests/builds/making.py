"""Small builds that really run: signed, signed off, and with a service that does well or does not.

    made = make(tmp_path / "export", "well")
    site = node(tmp_path / "node", processes)

Ada builds; grace and alan review, and it takes both. Everything is as a build of the whole package
is, but for how much of it there is.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

import vanta
from tests.governance.fund import HERE, authority, compiled, documents, overlay
from tests.governance.simulator import person
from vanta.builds.admit import Machine
from vanta.builds.health import Limits
from vanta.builds.log import BuildLog
from vanta.builds.manifest import BUILD_NAMESPACE, REVIEW_NAMESPACE
from vanta.builds.pack import MANIFEST, SIGNATURE, SIGNOFFS, Source, pack
from vanta.builds.processes import Processes
from vanta.builds.services import Services
from vanta.builds.site import Site, nowhere
from vanta.builds.slots import discard
from vanta.builds.stage import InSlot, look, stage
from vanta.domain.instant import SECOND, parse_instant
from vanta.domain.policy import Policy
from vanta.governance.builders import BuildPermission
from vanta.governance.documents.kinds import API_VERSION
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.sshsig import sign
from vanta.node.layout import Layout

NOW = parse_instant("2026-11-26T00:00:00Z")
NODE = "executor"
MACHINE = Machine(NODE, "3.11", "linux_x86_64", API_VERSION)
PEOPLE = ("ada", "grace", "alan", "olga", "carol")
ENGINEERS = """  - name: builders
    people: [ada]
    grants: [{environments: [prod], vaults: ["*"], build: 1}]
  - name: reviewers
    people: [ada, grace, alan]
    grants: [{environments: [prod], vaults: ["*"], review: 2}]
"""
QUICK = Limits(passes=5, within=2.0, every=0.1)
DAY_ONE = 1_700_000_000 * SECOND

START = """#!/usr/bin/python3 -I
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.dont_write_bytecode = True
from service import run

run()
"""
SERVICE = """import signal
import sys
import threading
from pathlib import Path

from vanta.node.build import running_build
from vanta.node.readiness import Readiness

NAMES = {"controller": "governance", "judge": "judge", "run": "executor"}


def run():
    how = Path(__file__).with_name("how.txt").read_text()
    service, root = NAMES[sys.argv[2]], Path(sys.argv[4])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print(f"{service} of {running_build()} does {how}", flush=True)
    if service == "executor" and how == "crashes":
        sys.exit("no module named trouble")
    build = "0.0.9-ffffffffffff" if how == "lies" else None
    with Readiness(root / "run", service, build=build) as ready:
        if service != "executor" or how != "silent":
            ready.announce()
        stop.wait(0.2 if service == "executor" and how == "dies" else None)
"""


def permission(*, frozen: str = "[]", now: int = NOW) -> BuildPermission:
    """What the fund's policy says of builds."""
    return BuildPermission(policy(frozen), now)


def policy(frozen: str = "[]") -> Policy:
    """A policy of a fund where ada builds, and ada, grace and alan review."""
    keys = {name: [person(name).key.openssh] for name in PEOPLE}
    files = {**documents(keys), AUTHORITY: authority(keys, roles=ENGINEERS)}
    return compiled({**files, f"{HERE}overlay.yaml": overlay(frozen=frozen)})


def source(number: int = 1, **changed: object) -> Source:
    """Where a build comes from; a greater number is a later commit."""
    made = Source(
        version=f"0.{number}.0",
        commit=f"{number:040x}",
        committed=DAY_ONE + number * SECOND,
        lock="b" * 64,
        schema=API_VERSION,
        python="3.11",
        platform="linux_x86_64",
        extras=("executor",),
        follows="",
    )
    return made._replace(**changed)  # type: ignore[arg-type]


def tree(folder: Path, how: str) -> Path:
    """The files of a build whose Executor does as `how` says."""
    ours = Path(vanta.__file__).parent
    lib = folder / "lib"
    for part in ("__init__.py", "domain", "journal", "node", "governance/__init__.py",
                 "governance/notify.py"):  # fmt: skip
        _take(ours / part, lib / "vanta" / part)
    _take(Path(msgspec.__file__).parent, lib / "msgspec")
    (lib / "service.py").write_text(SERVICE)
    (lib / "how.txt").write_text(how)
    start = folder / "bin" / "vanta"
    start.parent.mkdir()
    start.write_text(START)
    start.chmod(0o755)
    return folder


def _take(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    else:
        shutil.copy(path, to)


def make(
    export: Path,
    how: str = "well",
    number: int = 1,
    *,
    builder: str = "ada",
    reviewers: Sequence[str] = ("grace", "alan"),
    **changed: object,
) -> Path:
    """A release on an export: its folder, which is called after it."""
    work = export / f".work-{number}-{how}"
    files = tree(work / "tree", how)
    packed = work / "packed"
    packed.mkdir(parents=True)
    name = pack(files, packed, source(number, **changed))
    manifest = (packed / MANIFEST).read_bytes()
    if builder:
        by = person(builder).private_key
        (packed / SIGNATURE).write_bytes(sign(by, manifest, BUILD_NAMESPACE))
    (packed / SIGNOFFS).mkdir()
    for name_of_reviewer in reviewers:
        sign_off(packed, name_of_reviewer)
    target = export / "releases" / name
    target.parent.mkdir(exist_ok=True)
    packed.rename(target)
    discard(work)
    return target


def sign_off(release: Path, who: str) -> None:
    """Somebody's word on a build."""
    armour = sign(person(who).private_key, (release / MANIFEST).read_bytes(), REVIEW_NAMESPACE)
    (release / SIGNOFFS / f"{who}.sig").write_bytes(armour)


def log(layout: Layout) -> BuildLog:
    """The journal, held."""
    layout.memory.mkdir(parents=True, exist_ok=True)
    return BuildLog(layout.journal("builds"), actor="builds@test", clock=time.time_ns)


@contextmanager
def node(
    root: Path,
    services: Services | None = None,
    *,
    names: tuple[str, ...] = ("judge", "executor"),
    limits: Limits = QUICK,
    checkpoint: Callable[[str], object] = nowhere,
) -> Iterator[Site]:
    """A node whose builds are held; its services end with it."""
    layout = Layout(root)
    held = log(layout)
    processes = Processes(layout, to_start=1.5)
    try:
        yield Site(layout, held, services or processes, names, limits, checkpoint)
    finally:
        held.close()
        processes.stop_all()


def staged(site: Site, release: Path, *, by: BuildPermission | None = None) -> InSlot:
    """A release in a slot."""
    return stage(site, look(release, by or permission(), MACHINE))
