"""What is asked again when somebody says that a build was promoted."""

import time

import pytest

from tests.alpha.building import Alpha
from vanta.alpha.tracker import signing
from vanta.alpha.tracker.promoting import as_it_stands
from vanta.alpha.tracker.releasing import check_tracked
from vanta.domain.errors import RefusedError, UnavailableError


@pytest.fixture
def signed(governed: Alpha) -> str:
    """A build of ada's that grace and alan signed off."""
    build = governed.candidate()
    with governed.desk() as desk:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), build)
        for who in ("grace", "alan"):
            armour = governed.armour(who, build).decode()
            signing.add(desk, build, armour, time.time_ns(), made_here=True)
    return build


def stands(alpha: Alpha) -> tuple[str, str]:
    """The first thread's status as it is found, and the commit that says so."""
    with alpha.desk() as desk:
        [thread], commit = as_it_stands(desk, [desk.state.threads["T-1"]], time.time_ns())
    return thread.status, commit


def test_what_is_approved_is_so_by_the_policy_in_force(governed: Alpha, signed: str) -> None:
    status, commit = stands(governed)
    assert status == "approved"
    with governed.desk() as desk:
        assert desk.state.candidates[signed].policy == commit != ""


def test_another_thread_of_the_build_stands_against_it(governed: Alpha, signed: str) -> None:
    with governed.desk() as desk:
        second = desk.name(desk.add("router", "It loses fills", "critical"), signed)
        desk.mark(second, "changes_wanted", "a fill is lost on restart")
    with pytest.raises(RefusedError) as blocked:
        stands(governed)
    assert blocked.value.code == "BLOCKED"
    assert "T-2" in blocked.value.message


def test_what_was_approved_here_counts_for_nothing_without_a_policy(
    governed: Alpha, signed: str
) -> None:
    assert signing.worth(governed.layout, signed, time.time_ns()).met
    governed.layout.view("vault").unlink()
    assert stands(governed) == ("in_review", "")
    assert not signing.worth(governed.layout, signed, time.time_ns()).met


def test_a_policy_that_was_typed_counts_for_nothing(governed: Alpha, signed: str) -> None:
    """A hand that makes everybody's word enough only tightens: the receipt says otherwise."""
    view = governed.layout.view("vault")
    typed = view.read_bytes().replace(b'"reviews": 2', b'"reviews": 1')
    assert typed != view.read_bytes()
    view.write_bytes(typed)
    assert signing.worth(governed.layout, signed, time.time_ns()).needed == 2


@pytest.mark.parametrize("gone", ["manifest.json", "manifest.json.sig"])
def test_what_is_promoted_lies_on_the_export(governed: Alpha, signed: str, gone: str) -> None:
    (governed.folder(signed) / gone).unlink()
    with pytest.raises((UnavailableError, RefusedError)) as missing:
        stands(governed)
    assert missing.value.code == ("NO_CANDIDATE" if gone == "manifest.json" else "UNSIGNED")


def test_a_build_that_no_thread_names_is_worth_nothing(governed: Alpha) -> None:
    with pytest.raises(UnavailableError) as unknown:
        signing.worth(governed.layout, governed.candidate("0.9.0"), time.time_ns())
    assert unknown.value.code == "NO_THREAD"


def test_what_is_released_is_known_signed_off_and_not_stood_against(
    governed: Alpha, signed: str
) -> None:
    now = time.time_ns()
    assert check_tracked(governed.layout, signed, now).by == ("grace", "alan")
    unknown = governed.candidate("0.9.0")
    refused = {}
    with governed.desk() as desk:
        signing.withdraw(desk, signed, "alan", "not sure")
    refused["UNAPPROVED"] = signed
    refused["UNTRACKED"] = unknown
    for code, build in refused.items():
        with pytest.raises(RefusedError) as error:
            check_tracked(governed.layout, build, now)
        assert error.value.code == code
    with governed.desk() as desk:
        armour = governed.armour("alan", signed).decode()
        signing.add(desk, signed, armour, now, made_here=True)
        desk.mark(desk.state.threads["T-1"], "changes_wanted", "look again")
    with pytest.raises(RefusedError) as blocked:
        check_tracked(governed.layout, signed, now)
    assert blocked.value.code == "BLOCKED"


def test_a_signature_put_back_beside_the_manifest_releases_nothing(
    governed: Alpha, signed: str
) -> None:
    with governed.desk() as desk:
        signing.withdraw(desk, signed, "alan", "not sure")
    (governed.folder(signed) / "signoffs" / "alan.sig").write_bytes(governed.armour("alan", signed))
    with pytest.raises(RefusedError) as refused:
        check_tracked(governed.layout, signed, time.time_ns())
    assert refused.value.code == "UNAPPROVED"
