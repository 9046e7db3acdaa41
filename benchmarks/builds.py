"""Real builds of this commit: how fast one is flipped to, verified, staged, and gone back from.

Two builds differ by one file. A rollback is timed from the flip until the gate has let the service
pass: the link is replaced, the old process ended, the new one started from the other slot, and
three good looks in a row. The service is the judge of automatic halts, as it runs on an Executor.
"""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.spread import MILLI, spread
from tests.builds.making import MACHINE, log, permission, sign_off
from tests.governance.simulator import person
from vanta.builds.create import Wanted, create
from vanta.builds.flip import point
from vanta.builds.health import Limits
from vanta.builds.manifest import BUILD_NAMESPACE
from vanta.builds.pack import MANIFEST, SIGNATURE, SIGNOFFS, SUMS
from vanta.builds.processes import Processes
from vanta.builds.promote import carry_out, plan_promotion
from vanta.builds.site import Site
from vanta.builds.slots import discard
from vanta.builds.stage import look, stage
from vanta.governance.sshsig import sign
from vanta.node.layout import Layout

ROOT = Path(__file__).resolve().parents[1]
SERVICE = "judge"
_SECOND = 1_000_000_000
_MEGA = 1_000_000


def run(*, flips: int = 1000, verifications: int = 5, rollbacks: int = 20) -> dict[str, Any]:
    """Every figure.

    Args:
        flips: how often a link is replaced and made durable.
        verifications: how often a slot is verified, ours and `sha256sum` in turns.
        rollbacks: how often the service is rolled back.
    """
    with tempfile.TemporaryDirectory(prefix="vanta-bench-") as room:
        folder = Path(room)
        found: dict[str, Any] = {"flip": spread(_flips(folder / "flips", flips))}
        layout = Layout(folder / "node")
        held = log(layout)
        services = Processes(layout)
        try:
            site = Site(layout, held, services, (SERVICE,), Limits())
            found |= _staged(site, _made(folder))
            found |= _verified(site, verifications)
            found |= {"rollback": spread(_rolled_back(site, rollbacks))}
        finally:
            services.stop_all()
            held.close()
            # Read-only folders are not taken away otherwise.
            discard(layout.root)
    return found


def _flips(folder: Path, times: int) -> list[int]:
    folder.mkdir()
    took = []
    for number in range(times):
        began = time.perf_counter_ns()
        point(folder / "current", f"slots/{number % 2}")
        took.append(time.perf_counter_ns() - began)
    return took


def _made(folder: Path) -> list[Path]:
    """Two releases of this commit, the second with one change on top."""
    clone = folder / "src"
    _git("clone", "-q", str(ROOT), str(clone))
    made = []
    for number in range(2):
        if number:
            (clone / "vanta" / "second.py").write_text('"""Another build."""\n')
            _git("-C", str(clone), "add", ".")
            _git("-C", str(clone), "commit", "-q", "-m", "Another build")
        name = create(Wanted(clone, ("executor",)), folder / "releases")
        release = folder / "releases" / name
        manifest = (release / MANIFEST).read_bytes()
        ada = person("ada").private_key
        (release / SIGNATURE).write_bytes(sign(ada, manifest, BUILD_NAMESPACE))
        (release / SIGNOFFS).mkdir()
        for who in ("grace", "alan"):
            sign_off(release, who)
        made.append(release)
    return made


def _git(*words: str) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@fund.example")
    subprocess.run(["git", *who, *words], check=True)  # noqa: S607 - the one on the path


def _staged(site: Site, releases: list[Path]) -> dict[str, Any]:
    took = []
    for release in releases:
        began = time.perf_counter_ns()
        stage(site, look(release, permission(), MACHINE))
        took.append(time.perf_counter_ns() - began)
    return {"stage": spread(took)}


def _verified(site: Site, times: int) -> dict[str, Any]:
    """A slot, every file read, hashed and compared; and what `sha256sum` makes of the same."""
    build = site.now.staged[0]
    slot = site.layout.slots / build
    files = site.slots.read(build).manifest.files
    size = sum(file.size for file in files)
    ours, theirs = [], []
    for _ in range(times):
        began = time.perf_counter_ns()
        site.slots.verify(build)
        ours.append(time.perf_counter_ns() - began)
        began = time.perf_counter_ns()
        subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=slot, check=True)  # noqa: S607 - as above
        theirs.append(time.perf_counter_ns() - began)

    def pace(took: list[int]) -> float:
        return round(size / _MEGA / (statistics.median(took) / _SECOND), 1)

    return {
        "files": len(files),
        "megabytes": round(size / _MEGA, 1),
        "verify_mb_per_s": pace(ours),
        "sha256sum_mb_per_s": pace(theirs),
    }


def _rolled_back(site: Site, times: int) -> list[int]:
    first, second = site.now.staged
    took = []
    for number in range(times + 2):
        build = second if number % 2 else first
        plan = plan_promotion(
            site.now, site.slots, build, permission(), MACHINE, rollback=True, again=True
        )
        outcome = carry_out(site, plan)
        assert outcome.sick is None, outcome.sick
        # The first two start what did not run, or with files the disk has not read yet.
        if number > 1:
            took.append(outcome.milliseconds * MILLI)
    return took
