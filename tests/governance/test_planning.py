"""The plan: what a head, or the merge a forge would make of it, means and still needs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from tests.governance.fund import (
    CRYPTO,
    ENVIRONMENT,
    MOMENTUM,
    OVERLAY,
    Fund,
    authority,
    documents,
    flip,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import Content, person
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import HOUR, show_instant
from vanta.governance.approving import look
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.plan import Plan, gate_exit
from vanta.governance.planning import make_plan
from vanta.governance.would_be import would_be_merge

LOOSER = {MOMENTUM: vault("momentum", capital=2000)}
TIGHTER = {MOMENTUM: vault("momentum", capital=500)}
SIDE = "refs/heads/side"


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def plan(fund: Fund, head: str | None = None, *, base: str = "", now: int | None = None) -> Plan:
    return make_plan(
        fund.sim.path,
        fund.trust,
        ENVIRONMENT,
        head=head or fund.sim.head(),
        base=base,
        now=fund.now if now is None else now,
    )


def branch(
    fund: Fund,
    changed: Mapping[str, Content | None],
    *,
    approvers: tuple[str, ...] = (),
    by: str | None = "ada",
    start: str | None = None,
) -> str:
    """A pull request of one change, with approvals on top; its head."""
    head = fund.change(changed, by=by, parents=[start or fund.sim.head()], ref=None)
    for name in approvers:
        head = fund.approve(name, parents=[head], ref=None)
    return head


# What it ends with


@pytest.mark.parametrize(
    ("changed", "by", "approve", "exit_code", "only_tightens"),
    [
        ({"README.md": "x"}, None, False, 0, True),
        (TIGHTER, "ada", True, 0, True),
        (TIGHTER, "ada", False, 0, True),
        (TIGHTER, None, False, 3, True),
        (LOOSER, "ada", True, 3, False),
        (LOOSER, None, False, 3, False),
        ({**TIGHTER, CRYPTO: vault("crypto", capital=2000)}, "ada", True, 3, False),
        ({MOMENTUM: "spec: ["}, "ada", True, 1, False),
        ({AUTHORITY: None}, "ada", True, 1, False),
    ],
)
def test_a_plan_may_be_applied_wants_approvals_or_never_will_be(
    fund: Fund,
    changed: Mapping[str, Content | None],
    by: str | None,
    approve: bool,  # noqa: FBT001 - a table
    exit_code: int,
    only_tightens: bool,  # noqa: FBT001 - as above
) -> None:
    fund.change(changed, by=by, approve=approve)
    found = plan(fund)
    assert (found.exit, found.only_tightens) == (exit_code, only_tightens)
    assert gate_exit(found) == (0 if only_tightens else exit_code)


def test_what_no_approval_can_heal_will_never_be(fund: Fund) -> None:
    key = person("phone").key.openssh
    people = {**fund.keys, "ada": [*fund.keys["ada"], key]}
    fund.change({AUTHORITY: authority(people), **LOOSER}, by="ada", approve=True)
    assert (plan(fund).reason, plan(fund).exit) == ("AUTHORITY_NOT_ALONE", 1)
    text = authority(fund.keys).replace(", loosen: 2", "")
    fund.tree({**documents(fund.keys), AUTHORITY: text}, by="ada", approve=True)
    fund.approve("grace")
    fund.change(LOOSER, by="ada", approve=True)
    found = plan(fund)
    assert (found.reason, found.exit, gate_exit(found)) == ("NO_RULE", 1, 1)


def test_the_introduction_itself_changes_nothing(fund: Fund) -> None:
    found = plan(fund)
    assert (found.verdict, found.exit, found.changes) == ("unchanged", 0, ())


def test_a_head_off_the_line_never_will_be(fund: Fund) -> None:
    other = fund.tree(documents(fund.keys), by="ada", parents=[], ref=None)
    found = plan(fund, other)
    assert (found.exit, found.reason) == (1, "NOT_DESCENDANT")


def test_a_clone_without_the_whole_history_says_so(fund: Fund) -> None:
    middle = fund.change({"README.md": "x"}, by="ada")
    fund.change(LOOSER, by="ada", approve=True)
    fund.sim.remove(middle)
    with pytest.raises(UnavailableError) as missing:
        plan(fund)
    assert missing.value.code == "MISSING_OBJECT"


# What it tells


def test_every_change_is_told_with_both_sides_and_what_it_does(fund: Fund) -> None:
    fund.change({**LOOSER, CRYPTO: vault("crypto", capital=900)}, by="ada", approve=True)
    found = {each.field: each for each in plan(fund).changes}
    raised = found["vaults.momentum.capital"]
    assert (raised.before, raised.after, raised.effect) == ("1000", "2000", "loosens")
    assert raised.says == "vaults.momentum.capital: 1000 -> 2000"
    assert found["vaults.crypto.capital"].effect == "tightens"


def test_it_tells_who_signed_until_when_and_who_is_still_to_ask(fund: Fund) -> None:
    proposed = fund.change(LOOSER, by="ada", approve=True)
    found = plan(fund)
    (need,) = found.needs
    assert (need.action, need.scope, need.role, need.quorum) == ("loosen", "momentum", "risk", 2)
    assert (need.approved, need.missing, need.met) == (("ada",), ("alan", "grace"), False)
    (approval,) = found.approvals
    assert (approval.commit, approval.person, approval.counts) == (proposed, "ada", True)
    assert approval.until.startswith("2026-11-25T")


def test_what_is_in_force_meanwhile_is_told(fund: Fund) -> None:
    fund.change({**TIGHTER, CRYPTO: vault("crypto", capital=2000)}, by="ada", approve=True)
    fund.change({"README.md": "x"}, by="ada")
    found = plan(fund)
    assert [each.says for each in found.meanwhile] == ["vaults.momentum.capital: 1000 -> 500"]
    fund.change(LOOSER, by="ada", approve=True)
    assert plan(fund).exit == 3


def test_nothing_of_a_mere_raise_is_in_force_meanwhile(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    assert plan(fund).meanwhile == ()


@pytest.mark.parametrize(("by", "code"), [(None, "UNSIGNED"), ("mallory", "UNKNOWN_SIGNER")])
def test_commits_that_speak_for_nobody_are_named(fund: Fund, by: str | None, code: str) -> None:
    fund.sim.person("mallory")
    silent = fund.change(LOOSER, by=by, approve=True)
    fund.approve("ada")
    (told,) = plan(fund).silent
    assert (told.commit, told.code) == (silent, code)
    assert told.why


def test_approvals_that_do_not_count_say_why(fund: Fund) -> None:
    first = fund.change(LOOSER, by="ada", approve=True)
    ran_out = fund.sim.approve(
        ENVIRONMENT,
        fund.digest(fund.sim.files(first)),
        signer=fund.person("grace"),
        until=fund.now - HOUR,
    )
    nobodys = fund.approve("olga")
    found = {each.commit: each for each in plan(fund).approvals}
    assert found[first].counts
    assert (found[ran_out].counts, "run out" in found[ran_out].why) == (False, True)
    assert (found[nobodys].counts, "no say" in found[nobodys].why) == (False, True)


def test_an_approval_that_fell_is_told(fund: Fund) -> None:
    first = fund.change(LOOSER, by="ada", approve=True)
    fund.change({MOMENTUM: vault("momentum", capital=3000)}, by="grace", approve=True)
    found = {each.person: each for each in plan(fund).approvals}
    assert not found["ada"].counts
    assert (found["ada"].commit, "after it" in found["ada"].why) == (first, True)
    assert found["grace"].counts


def test_a_halt_of_the_lane_is_told_and_blocks_no_plan(fund: Fund) -> None:
    fund.change(
        {fund.halt("stop"): switch("stop")}, by="olga", ref="refs/vanta/halts/stop",
        parents=[fund.sim.head()],
    )  # fmt: skip
    fund.change(TIGHTER, by="ada", approve=True)
    found = plan(fund)
    (halt,) = found.lane
    assert (halt.person, halt.file, found.exit) == ("olga", fund.halt("stop"), 0)


def test_a_halt_that_this_takes_back_is_a_change_of_it(fund: Fund) -> None:
    stop = fund.halt("stop")
    halt = fund.change({stop: switch("stop")}, by="olga", ref="refs/vanta/halts/stop",
                       parents=[fund.sim.head()])  # fmt: skip
    fund.change({"README.md": "x"}, by="ada", approve=True, parents=[fund.sim.head(), halt])
    found = plan(fund)
    assert (found.exit, found.lane) == (3, ())
    assert any("full_halt" in each.field for each in found.changes)


def test_approvals_of_old_commits_without_a_receipt_are_explained(fund: Fund) -> None:
    """A fresh clone, a month later: whether they came in time is for the nodes to say."""
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    fund.change({"README.md": "x"}, by="ada")
    assert (plan(fund).exit, plan(fund).notes) == (0, ())
    found = plan(fund, now=fund.now + 30 * 24 * HOUR)
    assert found.exit == 3
    (note,) = found.notes
    assert "2 approval(s)" in note
    assert "git fetch origin '+refs/vanta/*:refs/vanta/*'" in note


# As a forge would merge it


def test_a_merge_where_the_branch_stood_still_is_the_heads_tree(fund: Fund) -> None:
    base = fund.sim.head()
    head = branch(fund, LOOSER, approvers=("ada", "grace"))
    found = plan(fund, head, base=base)
    assert (found.exit, found.verdict, found.moved) == (0, "applied", 0)
    assert (found.head, found.base) == (head, base)
    assert [note for note in found.notes if "moved" in note] == []
    assert any("merge commit" in note for note in found.notes)
    assert found.silent == ()


def test_the_merge_is_what_the_nodes_make_of_the_merge(fund: Fund) -> None:
    """The forge's own commit, made after the plan: the same verdict, needs and changes."""
    base = fund.sim.head()
    for approvers in ((), ("ada",), ("ada", "grace")):
        head = branch(fund, LOOSER, approvers=approvers)
        before = plan(fund, head, base=base)
        merged = fund.sim.commit(fund.sim.files(head), parents=[base, head], ref=None)
        after = plan(fund, merged)
        assert (before.exit, before.verdict) == (after.exit, after.verdict)
        assert (before.changes, before.needs) == (after.changes, after.needs)
        assert before.approvals == after.approvals


def test_a_branch_that_moved_elsewhere_keeps_the_approvals(fund: Fund) -> None:
    head = branch(fund, LOOSER, approvers=("ada", "grace"))
    base = fund.change({"README.md": "other"}, by="ada")
    found = plan(fund, head, base=base)
    assert (found.exit, found.moved) == (0, 1)
    assert any("moved" in note for note in found.notes)
    assert not any("do not count" in note for note in found.notes)


def test_a_branch_that_moved_in_the_governed_tree_voids_the_approvals(fund: Fund) -> None:
    head = branch(fund, LOOSER, approvers=("ada", "grace"))
    base = fund.change({CRYPTO: vault("crypto", capital=900, persona="athena")}, by="grace")
    found = plan(fund, head, base=base)
    assert (found.exit, found.moved) == (3, 1)
    assert any("do not count" in note for note in found.notes)
    assert not any(each.counts for each in found.approvals)


def test_a_conflict_never_will_be_and_names_the_file(fund: Fund) -> None:
    head = branch(fund, LOOSER, approvers=("ada", "grace"))
    base = fund.change(TIGHTER, by="grace")
    found = plan(fund, head, base=base)
    assert (found.exit, found.reason) == (1, "MERGE_CONFLICT")
    assert MOMENTUM in found.message
    assert gate_exit(found) == 1


def test_what_is_merged_already_says_so(fund: Fund) -> None:
    head = fund.change(TIGHTER, by="ada", approve=True)
    base = fund.change({"README.md": "x"}, by="ada")
    found = plan(fund, head, base=base)
    assert (found.exit, found.notes) == (0, ("this head is merged already",))


def test_an_approval_beside_a_later_halt_is_not_counted_for_the_merge(fund: Fund) -> None:
    head = branch(fund, LOOSER, approvers=("ada", "grace"))
    base = fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    assert plan(fund, head, base=base).exit == 3


def test_looking_at_a_merge_leaves_nothing_behind(fund: Fund) -> None:
    base = fund.sim.head()
    head = branch(fund, LOOSER)
    fund.change({"README.md": "other"}, by="ada")
    base = fund.sim.head()
    before = sorted(path for path in fund.sim.path.rglob("*") if path.is_file())
    with would_be_merge(fund.sim.path, base, head) as would:
        made = would.repository
        assert would.merge
    assert not made.exists()
    assert sorted(path for path in fund.sim.path.rglob("*") if path.is_file()) == before


def test_a_hostile_attributes_file_runs_nothing(fund: Fund) -> None:
    flag = fund.sim.path.parent / "ran"
    fund.sim.git("config", "merge.evil.driver", f"touch {flag}")
    head = branch(fund, {**LOOSER, ".gitattributes": "*.yaml merge=evil\n"})
    base = fund.change({".gitattributes": "*.yaml merge=evil\n", **TIGHTER}, by="ada")
    assert plan(fund, head, base=base).exit == 1
    assert not flag.exists()


# What rides along


def rides(fund: Fund, head: str | None = None, *, base: str = "") -> list[str] | None:
    head = head or fund.sim.head()
    try:
        look(fund.sim.path, fund.trust, ENVIRONMENT, head, base=base, combined=False, now=fund.now)
    except RefusedError as error:
        assert error.code == "COMBINED"  # noqa: PT017 - what else is refused is no part of this
        said = error.message.partition("approved with it: ")[2]
        return said.split("; ")
    return None


def test_a_proposal_on_what_is_in_force_carries_nothing_else(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    assert rides(fund) is None
    fund.approve("grace")
    fund.change({CRYPTO: vault("crypto", capital=3000, persona="athena")}, by="ada", approve=True)
    assert rides(fund) is None


def test_a_tightening_that_is_in_force_does_not_ride(fund: Fund) -> None:
    fund.change(TIGHTER, by="ada")
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    fund.change(LOOSER, by="ada", approve=True)
    assert rides(fund) is None


def test_a_half_approved_change_below_rides_along(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.change({CRYPTO: vault("crypto", capital=3000, persona="athena")}, by="ada", approve=True)
    fund.change({"README.md": "x"}, by="ada")
    fund.approve("grace")
    assert rides(fund) == ["vaults.momentum.capital: 1000 -> 2000"]


def test_what_the_proposal_takes_back_does_not_ride(fund: Fund) -> None:
    fund.change(LOOSER, by=None)
    other = {CRYPTO: vault("crypto", capital=3000, persona="athena")}
    fund.change({MOMENTUM: vault("momentum"), **other}, by="ada", approve=True)
    assert rides(fund) is None


def test_what_cannot_be_read_below_may_hide_anything(fund: Fund) -> None:
    fund.change({MOMENTUM: "spec: ["}, by=None)
    fund.change(LOOSER, by="ada", approve=True)
    assert rides(fund) == ["it cannot be read"]


def test_a_branch_of_several_commits_is_one_proposal_where_it_will_be_merged(fund: Fund) -> None:
    base = fund.sim.head()
    first = fund.change(LOOSER, by="ada", parents=[base], ref=None)
    higher = {CRYPTO: vault("crypto", capital=3000, persona="athena")}
    head = fund.change(higher, by="ada", approve=True, parents=[first], ref=None)
    assert rides(fund, head) == ["vaults.momentum.capital: 1000 -> 2000"]
    assert rides(fund, head, base=base) is None
    unapproved = fund.change(LOOSER, by="ada", approve=True)
    other = branch(fund, higher, start=unapproved)
    assert rides(fund, other, base=unapproved) == ["vaults.momentum.capital: 1000 -> 2000"]


def test_a_tree_the_merge_will_not_have_is_not_approved(fund: Fund) -> None:
    head = branch(fund, LOOSER, approvers=("ada",))
    base = fund.change({CRYPTO: vault("crypto", capital=900, persona="athena")}, by="grace")
    with pytest.raises(RefusedError) as refused:
        look(fund.sim.path, fund.trust, ENVIRONMENT, head, base=base, combined=True, now=fund.now)
    assert refused.value.code == "OTHER_TREE"
    assert not plan(fund, head, base=base).same_tree


def test_a_resume_on_top_of_a_halt_carries_nothing_else(fund: Fund) -> None:
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    fund.change({fund.halt("stop"): None}, by="ada", approve=True)
    assert rides(fund) is None


# As JSON


def test_the_json_is_the_documented_shape(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    found = plan(fund)
    said = msgspec.json.decode(encode(found))
    assert said["format"] == "vanta.dev/plan/v1"
    assert said["changes"][0]["from"] == "1000"
    assert decode(Plan, encode(found), place="plan") == found
    page = (Path(__file__).parents[2] / "docs" / "reference" / "plan.md").read_text()
    section = page[page.index("vanta.dev/plan/v1") :]
    for name in names(Plan):
        assert f"`{name}`" in section, name


def names(kind: type[msgspec.Struct]) -> Iterator[str]:
    """Every field of a shape, those of its parts too."""
    for field in msgspec.structs.fields(kind):
        yield field.encode_name
        for inner in getattr(field.type, "__args__", ()):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                yield from names(inner)


def test_the_time_of_an_approval_is_a_time(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    (approval,) = plan(fund).approvals
    assert approval.until == show_instant(fund.now + 72 * HOUR - 60 * 10**9)


def test_a_flip_of_a_vault_that_is_not_there_is_pointed_out(fund: Fund) -> None:
    """It is no error, for a vault may go while it is flipped; and it may be a slip of the pen."""
    fund.change({OVERLAY: overlay(flip(fund.now + HOUR, of="momentun"))}, by="ada", approve=True)
    assert "flip 'flip-momentun' does nothing: there is no vault 'momentun'" in plan(fund).notes
    fund.change({OVERLAY: overlay()}, by="ada", approve=True)
    assert plan(fund).notes == ()
