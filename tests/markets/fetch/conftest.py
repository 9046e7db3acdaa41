"""A Markets node with a policy in force, and vendors on this machine."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.founded import found, vanta
from tests.markets.fetch.vendors import CONTACT, KEYS, Vendors, as_yaml, everything
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.markets.fetch.asking import Terms
from vanta.markets.fetch.shelf import Shelf
from vanta.markets.fetch.source import Tier
from vanta.markets.fetch.turn import Turn, collect
from vanta.markets.normalise.signals import to_signal
from vanta.markets.service import recorded_collectors
from vanta.node.config import read_config
from vanta.node.layout import Layout

FAR = 4_000_000_000 * 10**9


@dataclass
class Fund:
    """A node's folder, its feeds, its credentials, and the vendors it asks."""

    root: Path
    vendors: Vendors
    keys: dict[str, str] = field(default_factory=lambda: dict(KEYS))

    @property
    def feeds(self) -> Path:
        return self.root / "feeds"

    @property
    def layout(self) -> Layout:
        return Layout(self.root / "node")

    def asks(self, *sources: str, **changes: object) -> None:
        """Configure some sources, or all."""
        known = everything(self.vendors.url)
        wanted = {name: known[name] for name in ("contact", *(sources or known))} | changes
        text = self.layout.config.read_text().partition("markets:")[0]
        markets = {"feeds": str(self.feeds), "collect": wanted}
        self.layout.config.write_text(f"{text}markets: {as_yaml(markets)}\n")

    def turn(self, tier: Tier, **changes: Any) -> Turn:  # noqa: ANN401
        """One turn in this process."""
        terms = Terms(time.time_ns(), time.monotonic() + 60, CONTACT, lambda: None)
        config = read_config(self.layout.config).markets.collect
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CREDENTIALS_DIRECTORY", str(self.credentials()))
            return collect(config, replace(terms, **changes), Shelf(self.feeds), tier)

    def credentials(self) -> Path:
        """As systemd hands them over."""
        folder = self.root / "credentials"
        if not folder.exists():
            folder.mkdir(mode=0o700)
            for name, value in self.keys.items():
                (folder / name).write_text(f"{value}\n")
                (folder / name).chmod(0o400)
        return folder

    def run(self, tier: str, *more: str, code: int = 0) -> tuple[dict[str, Any], str]:
        """One turn as a process; what it told programs, and what it told people."""
        typed = ("markets", "collect", tier, "--node", "node", "--json", *more)
        done = vanta(*typed, at=self.root, CREDENTIALS_DIRECTORY=str(self.credentials()))
        assert done.returncode == code, done.stdout + done.stderr
        for value in KEYS.values():
            assert value not in done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout else {}, done.stderr

    def items(self) -> list[RawItem | SetAside]:
        """What the feeds' own collectors make of the folder."""
        return [
            item
            for collector in recorded_collectors(self.feeds)
            for item in collector.collect(0, FAR)
        ]

    def signals(self) -> list[Signal]:
        """What comes of that; all of it must be readable."""
        made = []
        for item in self.items():
            assert isinstance(item, RawItem), item
            signal = to_signal(item)
            assert isinstance(signal, Signal), signal
            made.append(signal)
        return made

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.feeds)): path.read_bytes()
            for path in sorted(self.feeds.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }


@pytest.fixture(scope="session")
def fund_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = found(tmp_path_factory.mktemp("collecting") / "fund")
    remote = str(root / "forge.git")
    made = vanta("node", "init", "node", "--role", "markets", "-e", "dev", "--remote", remote,
                 at=root)  # fmt: skip
    assert made.returncode == 0, made.stderr
    shutil.copy(root / "governance.trust.json", root / "node" / "etc" / "trust.json")
    looked = vanta("governance", "controller", "--node", "node", "--once", at=root)
    assert looked.returncode == 0, looked.stderr
    return root


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    server = Vendors()
    yield server
    server.close()


@pytest.fixture
def fund(fund_once: Path, tmp_path: Path, vendors: Vendors) -> Fund:
    root = tmp_path / "fund"
    shutil.copytree(fund_once, root)
    (root / "feeds").mkdir()
    # It follows the forge of its own copy, which a test may send halts to.
    config = Layout(root / "node").config
    config.write_text(config.read_text().replace(str(fund_once), str(root)))
    made = Fund(root, vendors)
    made.asks()
    return made
