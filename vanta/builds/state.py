"""Which build runs, which one may be gone back to, and what is half done: `builds.jsonl`, folded.

Pure. Nothing of it is read off the disk: a folder's time or name proves nothing.
"""

import msgspec

from vanta.builds.events import (
    BuildFailed,
    BuildPromoted,
    Event,
    FlipBegun,
    FlipFinished,
    FlipMade,
    FlipReverted,
    How,
    Letter,
    SlotEmptied,
    Staged,
)

LETTERS: tuple[Letter, Letter] = ("_A", "_B")
ROLLED_BACK = "ROLLED_BACK"
"""Why a build is bad that somebody went back from."""


class Pending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A flip that began and has neither passed the gate nor been reverted."""

    build: str
    before: str
    how: How


class BuildState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node's builds."""

    current: str = ""
    """What `current` is on; empty before the first flip."""
    previous: str = ""
    """What a rollback goes to."""
    last_good: str = ""
    """The last build that passed the gate."""
    letters: dict[str, str] = {}
    """The two live slots, `_A` and `_B`."""
    staged: tuple[str, ...] = ()
    """Every build with a folder here, the latest last."""
    promoted: tuple[str, ...] = ()
    """Those of them that passed the gate here."""
    bad: dict[str, str] = {}
    """Build to the code of what was wrong with it."""
    pending: Pending | None = None

    def idle(self) -> Letter:
        """The slot the next build takes: never the one that runs."""
        for letter in LETTERS:
            if letter not in self.letters:
                return letter
        held = {self.current, self.pending.before if self.pending else ""}
        return next(letter for letter in LETTERS if self.letters[letter] not in held)

    def letter_of(self, build: str) -> Letter | None:
        """The live slot a build is in; None where another took it since."""
        return next((each for each in LETTERS if self.letters.get(each) == build), None)

    def kept(self) -> frozenset[str]:
        """What garbage collection never touches."""
        flip = {self.pending.build, self.pending.before} if self.pending else set[str]()
        named = {self.current, self.previous, self.last_good, *self.letters.values(), *flip}
        return frozenset(named - {""})


def apply(state: BuildState, event: Event) -> BuildState:
    """The state after one more event."""
    change = msgspec.structs.replace
    match event:
        case Staged():
            return change(
                state,
                letters={**state.letters, event.letter: event.build},
                staged=(*(each for each in state.staged if each != event.build), event.build),
            )
        case FlipBegun():
            return change(state, pending=Pending(event.build, event.before, event.how))
        case FlipMade():
            return _lettered(change(state, current=event.build))
        case BuildPromoted():
            return _promoted(state, event.build)
        case BuildFailed():
            return change(state, bad={**state.bad, event.build: event.code})
        case FlipReverted() | FlipFinished():
            return change(_left(_lettered(change(state, current=event.build))), pending=None)
        case SlotEmptied():
            return change(
                state,
                letters={k: v for k, v in state.letters.items() if v != event.build},
                staged=tuple(each for each in state.staged if each != event.build),
                promoted=tuple(each for each in state.promoted if each != event.build),
                previous="" if state.previous == event.build else state.previous,
            )
        case _:
            return state


def _lettered(state: BuildState) -> BuildState:
    """What runs is always one of the two live slots, though another took its letter since."""
    if state.letter_of(state.current):
        return state
    before = state.pending.before if state.pending else ""
    letter = next((each for each in LETTERS if state.letters.get(each) != before), LETTERS[0])
    return msgspec.structs.replace(state, letters={**state.letters, letter: state.current})


def _left(state: BuildState) -> BuildState:
    """What a flip that ended on its build has left behind: what a rollback goes to."""
    pending = state.pending
    if pending is None or not pending.before or state.current == pending.before:
        return state
    bad = state.bad if pending.how == "promote" else {**state.bad, pending.before: ROLLED_BACK}
    # Never to one that somebody went back from: a second rollback goes one further.
    ran = (*state.promoted, pending.before)
    sound = [build for build in ran if build not in bad and build != state.current]
    previous = sound[-1] if sound else pending.before
    return msgspec.structs.replace(state, previous=previous, bad=bad)


def _promoted(state: BuildState, build: str) -> BuildState:
    found = _left(msgspec.structs.replace(state, current=build))
    return msgspec.structs.replace(
        found,
        last_good=build,
        promoted=(*(each for each in state.promoted if each != build), build),
        bad={name: code for name, code in found.bad.items() if name != build},
        pending=None,
    )
