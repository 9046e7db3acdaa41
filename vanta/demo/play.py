"""What every act needs: the stage, the feeds, and looking until something is so."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vanta.demo.ledger import Tally, body, of, records
from vanta.demo.stage import ENVIRONMENT, Stage
from vanta.domain.policy import Policy
from vanta.domain.record import Record
from vanta.governance.published import PolicyReader
from vanta.journal.reader import read

IN = ("-r", "governance", "-e", ENVIRONMENT)
"""Which repository and environment a command is about."""


@dataclass(frozen=True)
class Feeds:
    """What Markets reads, and the four stretches of market time the acts use."""

    folder: Path
    name: str
    stretches: tuple[tuple[str, str], ...]
    """RFC 3339 from and to, one after another."""
    step: str


@dataclass(frozen=True)
class Play:
    """Everything an act needs."""

    stage: Stage
    feeds: Feeds

    def trades(self) -> list[Record]:
        """The Executor's trade log so far."""
        return records(self.stage.node("executor"), "trade_log")

    def receipts(self, node: str = "executor") -> list[Record]:
        """A node's governance receipts so far."""
        return records(self.stage.node(node), "governance")

    def policy(self) -> Policy:
        """What the Executor would enforce if it looked now."""
        return PolicyReader(self.stage.node("executor").memory)().policy

    def at_broker(self) -> list[Record]:
        """The paper broker's own journal."""
        return list(read(self.stage.broker / "paper.jsonl"))

    def promoted(self) -> set[str]:
        """Ids of every intent Markets signed."""
        found = of(records(self.stage.node("markets"), "reflection"), "intent.promoted")
        return {each["intent"]["id"] for each in found}

    def decisions(self) -> tuple[Counter[str], set[str]]:
        """How often each intent was decided, and all that were to be: one look at the log.

        Markets promotes intents; a stop, a horizon or money in the wrong currency lets the Executor
        want one of its own.
        """
        promoted = self.promoted()
        trades = self.trades()
        own = [*of(trades, "exit.wanted"), *of(trades, "conversion.wanted")]
        exits = {each["intent"]["id"] for each in own}
        decided = Counter(d["intent"]["id"] for d in of(trades, "decision.made"))
        return decided, promoted | exits

    def undecided(self) -> set[str]:
        """Intents that still wait for a verdict."""
        decided, asked = self.decisions()
        return asked - set(decided)

    def refused(self) -> int:
        """How many parcels the Executor did not take in."""
        return len(of(records(self.stage.node("executor"), "intents"), "intent.refused"))

    def market(self, stretch: int, step: str = "") -> tuple[str, ...]:
        """The command that lets Markets work through one of the stretches."""
        since, until = self.feeds.stretches[stretch]
        return (
            "markets", "run", "--node", "nodes/markets", "--feeds", str(self.feeds.folder),
            "--from", since, "--to", until, "--step", step or self.feeds.step,
        )  # fmt: skip

    def settle(self) -> None:
        """Wait until every intent is decided and every order is at its end."""
        self.stage.wait("every intent to be decided", lambda: not self.undecided())
        self.stage.wait("every order to reach its end", self._all_over)

    def _all_over(self) -> bool:
        tally = Tally(self.trades())
        return tally.over >= set(tally.prepared)

    def outcome(self, commit: str, node: str = "executor") -> dict[str, Any]:
        """The receipt of a commit, once there is one."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = [
                r for r in of(self.receipts(node), "policy.evaluated") if r["commit"] == commit
            ]
            return bool(found)

        self.stage.wait(f"a receipt for {commit[:12]}", there)
        return found[-1]

    def landed(self, commit: str) -> bool:
        """Whether a halt holds: it came by the lane, or tightened as a step of the branch."""
        lane = [r["commit"] for r in of(self.receipts(), "halt.delivered")]
        return commit in lane or self.outcome(commit)["verdict"] == "tightened"

    def adopted(self, commit: str) -> int:
        """When the Executor took a commit's policy over, UTC ns; Markets has it then too."""
        found: list[int] = []

        def there() -> bool:
            serial = self._serial(commit)
            for record in self.trades():
                if serial and record.type == "policy.adopted":
                    where = body(record)["published"]["provenance"]
                    if where["serial"] >= serial:
                        found.append(record.ts)
            return bool(found)

        self.stage.wait(f"the Executor to adopt {commit[:12]}", there)
        self.outcome(commit, "markets")
        return found[0]

    def _serial(self, commit: str) -> int:
        """Serial of the first publication that has a commit in it; 0 before there is one."""
        reached = False
        for record in self.receipts():
            said = body(record)
            reached = reached or said.get("commit") == commit
            if reached and said.get("published"):
                return int(said["published"]["provenance"]["serial"])
        return 0

    def pull(self) -> None:
        """Bring Ada's clone to what the forge has."""
        self.stage.git("pull", "--quiet", "--ff-only", "origin", "main", quiet=True)

    def head(self) -> str:
        """The commit Ada's clone is at."""
        return self.stage.git("rev-parse", "HEAD", quiet=True).strip()

    def second(self, person: str) -> str:
        """A second person pulls, approves and pushes; the commit."""
        self.pull()
        self.stage.vanta("governance", "approve", *IN, "-k", f"people/{person}", "--push")
        return self.head()
