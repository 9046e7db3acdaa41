"""What was recorded counted once; what counts now is asked again."""

import msgspec
import pytest

from tests.alpha.building import Alpha
from vanta.alpha.tracker.approval import Approval, approval, counted, standing
from vanta.alpha.tracker.candidate import SignOff
from vanta.alpha.tracker.desk import look
from vanta.domain.policy import Policy
from vanta.governance.builders import BuildPermission


@pytest.fixture
def signed(alpha: Alpha) -> str:
    """A build that grace and alan signed off; two are needed."""
    build = alpha.candidate()
    with alpha.desk() as desk:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), build)
        alpha.sign_off(desk, build, "grace")
        alpha.sign_off(desk, build, "alan")
    return build


def worth(alpha: Alpha, build: str, permission: BuildPermission) -> Approval:
    state, _ = look(alpha.layout)
    return approval(state, state.candidates[build], permission)


def test_who_lost_the_grant_no_longer_counts(alpha: Alpha, signed: str) -> None:
    found = worth(alpha, signed, alpha.permission("ada", "alan"))
    assert (found.by, found.met, found.askable) == (("alan",), False, ())
    assert [(one.person, one.why) for one in found.uncounted] == [("grace", "NO_GRANT")]
    state, _ = look(alpha.layout)
    threads = list(state.threads.values())
    assert threads[0].status == "approved"
    asked = standing(state, threads, alpha.permission("ada", "alan"))
    assert asked == {"T-1": "in_review"}


def test_more_may_be_asked_for_than_was(alpha: Alpha, signed: str) -> None:
    found = worth(alpha, signed, alpha.permission(needed=3))
    assert (len(found.by), found.needed, found.met) == (2, 3, False)
    assert found.askable == ("mallory",)


def test_nobodys_word_is_never_enough(alpha: Alpha, signed: str) -> None:
    nobody = BuildPermission(Policy(environment="dev"), 0)
    found = worth(alpha, signed, nobody)
    assert (found.by, found.quorum) == ((), False)


def test_a_signature_that_does_not_hold_counts_for_nobody(alpha: Alpha, signed: str) -> None:
    other = alpha.armour("mallory", alpha.candidate("0.3.0")).decode()
    state, _ = look(alpha.layout)
    forged = SignOff("mallory", alpha.keys["mallory"].fingerprint, other, 0)
    candidate = state.candidates[signed]
    candidate = msgspec.structs.replace(candidate, sign_offs=(*candidate.sign_offs, forged))
    by, others = counted(candidate, alpha.permission())
    assert by == ("grace", "alan")
    assert [(one.person, one.why) for one in others] == [("mallory", "BAD_SIGNATURE")]
    assert "not over this build's manifest" in others[0].spoken


def test_one_persons_signature_under_anothers_name_counts_for_nobody(
    alpha: Alpha, signed: str
) -> None:
    state, _ = look(alpha.layout)
    candidate = state.candidates[signed]
    grace = candidate.sign_offs[0]
    renamed = msgspec.structs.replace(grace, person="mallory")
    candidate = msgspec.structs.replace(candidate, sign_offs=(grace, renamed))
    by, others = counted(candidate, alpha.permission())
    assert by == ("grace",)
    assert others[0].why == "NO_GRANT"


def test_a_thread_that_wants_changes_stands_against_its_build(alpha: Alpha, signed: str) -> None:
    with alpha.desk("mallory") as desk:
        second = desk.name(desk.add("router", "It also loses fills", "critical"), signed)
        assert second.status == "approved"
        desk.mark(second, "changes_wanted", "a fill is lost on restart")
    found = worth(alpha, signed, alpha.permission())
    assert (found.quorum, found.met, found.blocked_by) == (True, False, ("T-2",))
    with alpha.desk("mallory") as desk:
        after = desk.mark(desk.state.threads["T-2"], "in_review", "seen to")
    assert after.status == "approved"
    assert worth(alpha, signed, alpha.permission()).met


def test_a_rolled_back_build_is_not_met_until_somebody_says_so(alpha: Alpha, signed: str) -> None:
    with alpha.desk() as desk:
        promoted = desk.mark(desk.state.threads["T-1"], "promoted", "")
        desk.mark(promoted, "rolled_back", "it did not start")
    assert not worth(alpha, signed, alpha.permission()).met
