"""Which way a thread may go, and what it takes to be told about it."""

from typing import get_args

import pytest

from tests.alpha.building import START
from vanta.alpha.tracker.threads import (
    STATUSES,
    Status,
    Thread,
    check_mark,
    one_line,
    several_lines,
)
from vanta.domain.errors import MalformedError, RefusedError


def thread(status: Status = "open", candidate: str = "0.2.0-0123456789ab") -> Thread:
    return Thread(
        id="T-7",
        record="trk_0",
        module="rerank",
        title="Ties are dropped",
        severity="high",
        owner="ada",
        by="ada",
        opened=START,
        since=START,
        changed=START,
        status=status,
        candidate=candidate,
    )


def refusal(one: Thread, status: Status, why: str = "because") -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        check_mark(one, status, why)
    return refused.value


@pytest.mark.parametrize("status", STATUSES)
def test_an_approval_is_never_typed(status: Status) -> None:
    error = refusal(thread(status), "approved")
    assert error.code == "APPROVAL_UNSIGNED"
    assert error.remedy == "vt-sign T-7 -k KEY"


def test_where_there_is_nothing_to_sign_it_says_so_first() -> None:
    error = refusal(thread(candidate=""), "approved")
    assert error.remedy.startswith("vt-fix T-7 --candidate BUILD")


@pytest.mark.parametrize(("before", "candidate"), [("open", ""), ("changes_wanted", "")])
def test_a_review_takes_something_to_look_at(before: Status, candidate: str) -> None:
    assert refusal(thread(before, candidate), "in_review").code == "NO_CANDIDATE"


@pytest.mark.parametrize("before", sorted(set(STATUSES) - {"approved", "promoted"}))
def test_only_what_is_approved_is_promoted(before: Status) -> None:
    assert refusal(thread(before), "promoted").code == "NOT_APPROVED"
    check_mark(thread("approved"), "promoted", "")


@pytest.mark.parametrize("before", ["changes_wanted", "closed", "open"])
def test_only_what_can_have_run_is_rolled_back(before: Status) -> None:
    assert refusal(thread(before), "rolled_back").code == "NOT_PROMOTED"


@pytest.mark.parametrize("before", ["in_review", "approved", "promoted"])
def test_what_did_not_pass_the_gate_is_rolled_back_without_ever_being_promoted(
    before: Status,
) -> None:
    check_mark(thread(before), "rolled_back", "it did not start")


@pytest.mark.parametrize(
    ("before", "to"), [("in_review", "changes_wanted"), ("promoted", "rolled_back")]
)
def test_bad_news_comes_with_a_reason(before: Status, to: Status) -> None:
    assert refusal(thread(before), to, "").code == "NO_REASON"
    check_mark(thread(before), to, "it does not start")


def test_a_status_it_has_is_no_news() -> None:
    for status in set(get_args(Status)) - {"approved"}:
        assert refusal(thread(status), status).code == "SAME_STATUS"


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 201, "\udcff"])
def test_a_title_is_a_line_that_can_be_written_down(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        one_line(text, 200, "title")
    assert refused.value.code == "TEXT"


def test_a_line_is_one_and_a_note_may_be_several() -> None:
    assert one_line(" a \n b\tc ", 200, "title") == "a b c"
    assert several_lines("\na\n\nb\n", 200, "note") == "a\n\nb"
