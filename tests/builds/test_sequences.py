"""Whatever is done to a node, in whatever order, cut short wherever: it runs a whole build.

Operators stage, promote, go back and collect as chance has it; some builds are not well, and every
now and then the process ends between two steps. After each of them what must hold is looked at.
"""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.builds.making import MACHINE, NODE, log, permission, sign_off, source, staged
from tests.builds.test_pack import tree
from tests.governance.simulator import person
from vanta.builds.collect import collect
from vanta.builds.flip import target_of
from vanta.builds.health import Limits
from vanta.builds.log import recall
from vanta.builds.manifest import BUILD_NAMESPACE
from vanta.builds.pack import MANIFEST, SIGNATURE, SIGNOFFS, pack
from vanta.builds.promote import carry_out, plan_promotion, plan_rollback
from vanta.builds.recover import recover
from vanta.builds.services import Look
from vanta.builds.site import Site
from vanta.domain.errors import VantaError
from vanta.governance.sshsig import sign
from vanta.node.layout import Layout
from vanta.node.readiness import Readiness

NUMBER = 6
SICK = frozenset({2, 5})
"""Those whose service never starts."""
GATE = Limits(passes=1, within=0.0, every=0.0)


class KilledHere(BaseException):
    """The process ends; nothing that cleans up after an error gets to."""


class OneService:
    """A service that is what `current` says, unless that build is one of the sick."""

    def __init__(self, layout: Layout, sick: frozenset[str]) -> None:
        self._layout = layout
        self._sick = sick
        self._up = False

    def restart(self, *services: str) -> None:
        (service,) = services
        build = target_of(self._layout.current)
        self._up = build not in self._sick
        if self._up:
            Readiness(self._layout.run, service, build=build).announce()

    def look(self, service: str) -> Look:
        assert service == "executor"
        return Look("up", 0, os.getpid()) if self._up else Look("down", 0, 0)

    def said(self, _service: str) -> str:
        return "it says nothing\n"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Builds of three files each, by the age of their commits."""
    folder = tmp_path_factory.mktemp("releases")
    made = []
    for number in range(NUMBER):
        work = folder / f"work-{number}"
        packed = work / "packed"
        packed.mkdir(parents=True)
        name = pack(tree(work / "tree"), packed, source(number))
        manifest = (packed / MANIFEST).read_bytes()
        (packed / SIGNATURE).write_bytes(sign(person("ada").private_key, manifest, BUILD_NAMESPACE))
        (packed / SIGNOFFS).mkdir()
        for who in ("grace", "alan"):
            sign_off(packed, who)
        made.append(packed.rename(folder / name))
    return made


class Operators:
    """Does one thing after the other to a node, as chance has it."""

    def __init__(self, root: Path, releases: list[Path], seed: int) -> None:
        self.layout = Layout(root)
        self.chance = random.Random(seed)
        self.releases = releases
        sick = frozenset(releases[number].name for number in SICK)
        self.services = OneService(self.layout, sick)
        self.did: Counter[str] = Counter()

    def one(self) -> None:
        """One thing, cut short or not."""
        left = self.chance.choice([0, self.chance.randint(1, 20)])

        def checkpoint(_name: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KilledHere

        held = log(self.layout)
        try:
            site = Site(self.layout, held, self.services, ("executor",), GATE, checkpoint)
            name = self.chance.choice(["stage", "stage", "promote", "promote", "back", "collect"])
            try:
                getattr(self, f"_{name}")(site)
                self.did[name] += 1
            except VantaError as error:
                self.did[error.code] += 1
            except KilledHere:
                self.did["killed"] += 1
        finally:
            held.close()

    def _stage(self, site: Site) -> None:
        staged(site, self.chance.choice(self.releases))

    def _promote(self, site: Site) -> None:
        if site.now.pending:
            recover(site)
        there = site.now.staged or tuple(each.name for each in self.releases)
        build = self.chance.choice(there)
        plan = plan_promotion(
            site.now,
            site.slots,
            build,
            permission(),
            MACHINE,
            rollback=self.chance.random() < 0.5,
            again=self.chance.random() < 0.5,
        )
        carry_out(site, plan)

    def _back(self, site: Site) -> None:
        if site.now.pending:
            recover(site)
        carry_out(site, plan_rollback(site.now, site.slots, "", permission(), NODE))

    def _collect(self, site: Site) -> None:
        collect(site)

    def check(self) -> None:
        """What holds at any moment, and what holds once it is recovered."""
        held = log(self.layout)
        try:
            site = Site(self.layout, held, self.services, ("executor",), GATE)
            link = target_of(self.layout.current)
            if link:
                site.slots.verify(link)
            recover(site)
            now = site.now
            assert now == recall(self.layout.journal("builds"))
            assert now.pending is None
            assert target_of(self.layout.current) == now.current
            for build in now.kept():
                site.slots.verify(build)
            assert set(now.promoted) <= set(now.staged)
            assert len(set(now.letters.values())) == len(now.letters)
            if now.current:
                assert now.letter_of(now.current)
                assert now.current != now.previous
            for letter, build in now.letters.items():
                assert target_of(self.layout.slots / letter) == build
        finally:
            held.close()


@pytest.mark.parametrize("seed", range(12))
def test_a_node_always_runs_a_whole_build(tmp_path: Path, releases: list[Path], seed: int) -> None:
    operators = Operators(tmp_path / "node", releases, seed)
    for _ in range(80):
        operators.one()
        operators.check()
    assert operators.did["stage"] > 0
    assert operators.did["killed"] > 0, operators.did
