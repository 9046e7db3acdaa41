"""Arbitrary histories of a small fund: side branches, merges, halts, approvals and poison.

Four governed trees are enough for every way a halt can be lost or a limit raised: a limit low or
high, and a halt there or not.
"""

from dataclasses import dataclass, field
from typing import Literal

from hypothesis import strategies as st

from tests.governance.fund import MOMENTUM, Fund, switch, vault
from tests.governance.simulator import START, Content
from vanta.governance.fold import fold
from vanta.governance.walk import Step

RISK = frozenset({"ada", "grace", "alan"})
MAY_TIGHTEN = RISK | {"olga"}
SIGNERS = (None, "mallory", "olga", "ada", "grace")
HALTED, RAISED = 1, 2


@dataclass(frozen=True)
class Move:
    """One commit: where, on what, with which tree, by whom."""

    where: Literal["main", "side", "merge"]
    other: int
    """Picks the side's parent, or the commit that is merged."""
    tree: int | None
    """Bits `HALTED` and `RAISED`; `None` keeps the first parent's."""
    signer: str | None
    approve: bool


_HALT = Move("main", 0, HALTED, "olga", approve=False)
_TELLING = [
    _HALT,
    *(Move("main", 0, 0, who, approve=True) for who in ("ada", "grace")),
    *(Move("side", other, 0, "ada", approve=True) for other in (0, 1)),
    *(Move("merge", 2, tree, who, approve=False) for tree in (None, 0) for who in (None, "olga")),
]
"""Halt, resume, and what can stand between them: an arbitrary history seldom gets there."""

moves = st.sampled_from(_TELLING) | st.builds(
    Move,
    where=st.sampled_from(["main", "main", "side", "merge"]),
    other=st.integers(0, 5),
    tree=st.sampled_from([None, 0, 1, 2, 3]),
    signer=st.sampled_from(SIGNERS),
    approve=st.booleans(),
)
histories = st.lists(moves, min_size=1, max_size=9)


@dataclass
class Told:
    """A history as it was made, known without asking the code that judges it."""

    main: list[str]
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trees: dict[str, int] = field(default_factory=dict)
    signers: dict[str, str | None] = field(default_factory=dict)
    approving: set[str] = field(default_factory=set)

    def ancestors(self, oid: str) -> set[str]:
        """`oid` and everything below it."""
        found: set[str] = set()
        waiting = [oid]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(self.parents[current])
        return found

    def halts(self, oid: str) -> set[str]:
        """The commits below `oid` in which somebody who may added a halt."""
        return {
            each
            for each in self.ancestors(oid)
            if self.signers[each] in MAY_TIGHTEN
            and self.trees[each] & HALTED
            and any(not self.trees[parent] & HALTED for parent in self.parents[each])
        }

    def approvers(self, oid: str, *, after: str | None = None) -> set[str]:
        """The people who explicitly approved the tree of `oid` at or below it.

        Args:
            oid: the commit.
            after: only where this commit was below the approval.
        """
        return {
            str(self.signers[each])
            for each in self.ancestors(oid) & self.approving
            if self.trees[each] == self.trees[oid]
            and (after is None or after in self.ancestors(each))
        } & RISK


def told(fund: Fund, made: list[Move]) -> Told:
    """Make the commits of a history on top of the introduction."""
    fund.sim.now = START
    base = fund.sim.files(fund.introduction)
    stop, high = fund.halt("stop"), vault("momentum", capital=2000)
    files: list[dict[str, Content]] = [
        {
            **base,
            **({stop: switch("stop")} if tree & HALTED else {}),
            **({MOMENTUM: high} if tree & RAISED else {}),
        }
        for tree in range(4)
    ]
    first = fund.introduction
    history = Told([first], {first: ()}, {first: 0}, {first: "ada"})
    everything = [first]
    for move in made:
        head, other = history.main[-1], everything[move.other % len(everything)]
        above = {"main": [head], "side": [other], "merge": [head, other]}[move.where]
        above = list(dict.fromkeys(above))
        tree = history.trees[above[0]] if move.tree is None else move.tree
        oid = fund.tree(files[tree], by=move.signer, approve=move.approve, parents=above, ref=None)
        history.parents[oid] = tuple(above)
        history.trees[oid], history.signers[oid] = tree, move.signer
        if move.approve:
            history.approving.add(oid)
        everything.append(oid)
        if move.where != "side":
            history.main.append(oid)
    return history


def steps(fund: Fund, history: Told) -> list[Step]:
    """What the fold makes of it."""
    return list(fold(fund.state, history.main[-1], fund.history, START))


def loosened_short_of_a_quorum(fund: Fund, history: Told) -> bool:
    """Whether a limit rose at a commit whose tree two people had not approved."""
    before = fund.state.policy
    for step in steps(fund, history):
        after = step.state.policy
        rose = after.vaults["momentum"].capital > before.vaults["momentum"].capital
        if rose and len(history.approvers(step.commit)) < 2:
            return True
        before = after
    return False


def halt_lost(fund: Fund, history: Told) -> bool:
    """Whether a halt is off that two people did not take back after it was given."""
    resumed: set[str] = set()
    for step in steps(fund, history):
        halts = history.halts(step.commit)
        resumed |= {h for h in halts if len(history.approvers(step.commit, after=h)) >= 2}
        if step.state.policy.overlay.everywhere.full_halt == 0 and halts - resumed:
            return True
    return False
