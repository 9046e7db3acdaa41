"""Keys and time: who somebody is, is never for the commit itself to say."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.attacks.changes import LOOSER
from tests.attacks.door import knock
from tests.attacks.planting import FILE, FOLDER, LINK, SUBMODULE, commit_of, planted
from tests.governance.fund import (
    ENVIRONMENT,
    Fund,
    authority,
    capital,
    expiring,
    halted,
    revoked,
    switch,
)
from tests.governance.simulator import START, Content, person
from vanta.domain.instant import DAY, HOUR, MINUTE
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.firstseen import countersign, write_notes
from vanta.governance.trust import Trust

NODES = ("alpha", "executor")


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path, nodes=NODES)


def said_by(fund: Fund, people: Mapping[str, Sequence[str]], **more: object) -> dict[str, Content]:
    """An authority with other people, and the same nodes."""
    listed = ", ".join(
        f'{{name: {name}, keys: ["{fund.person(name).key.openssh}"]}}' for name in NODES
    )
    return {AUTHORITY: authority(people, nodes=f"[{listed}]", **more)}  # type: ignore[arg-type]


def ending(fund: Fund, name: str, end: int) -> None:
    """Let somebody's key expire; one root person may."""
    keys = {**fund.keys, name: [expiring(fund.keys[name][0], end)]}
    fund.change(said_by(fund, keys), by="ada")


def taken_back(fund: Fund, name: str) -> None:
    """Revoke somebody's key; one root person may."""
    keys = {**fund.keys, name: [revoked(key) for key in fund.keys[name]]}
    fund.change(said_by(fund, keys), by="alan")


def dated(fund: Fund, by: str, instant: int, *, parents: Sequence[str] | None = None) -> str:
    """An approval that says it was given at another time."""
    now = fund.now
    digest = fund.digest(fund.sim.files((parents or [fund.sim.head()])[0]))
    oid = fund.sim.approve(
        ENVIRONMENT,
        digest,
        signer=fund.person(by),
        until=now + 400 * DAY,
        parents=parents,
        committer_time=instant,
        ref=None if parents else "refs/heads/main",
    )
    fund.sim.now = now
    return oid


# Keys that end.


@pytest.mark.parametrize("claimed", [0, START - DAY, START + HOUR, START + 400 * DAY])
def test_expired_key_with_a_backdated_commit(fund: Fund, claimed: int) -> None:
    end = fund.now + DAY
    ending(fund, "grace", end)
    fund.change(LOOSER, by="ada", approve=True)
    late = dated(fund, "grace", claimed)
    answer = knock(fund, now=end + MINUTE)
    assert answer == ("refused", "EXPIRED_KEY", 1)
    assert answer.told["commits"][-1]["approvals"] == {late: "EXPIRED_KEY"}
    assert answer.approvers == ["ada"]
    assert capital(answer.policy) == 1000
    fund.approve("alan")
    assert knock(fund, now=end + MINUTE) == ("applied", None, 0)


def witnessed(fund: Fund, instant: int, *names: str) -> None:
    """Put up what the first of these nodes says it saw, signed by all of them."""
    line = fund.repository.first_parents(fund.sim.head(), fund.introduction)
    seen = {oid: instant + at for at, oid in enumerate(line)}
    first, *others = (person(name) for name in names)
    (note,) = write_notes(ENVIRONMENT, seen, first.name, first.private_key)
    for other in others:
        note = countersign(note, ENVIRONMENT, seen, other.name, other.private_key)
    sim = fund.sim
    tree = sim.tree({f"{ENVIRONMENT}/1.note": note})
    sim.point("refs/vanta/receipts/prod", sim.write("commit", sim.payload(tree=tree)))


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        ((), "refused"),
        (("alpha",), "refused"),
        (("alpha", "mallory"), "refused"),
        (("mallory", "ada"), "refused"),
        (("alpha", "executor"), "applied"),
    ],
)
def test_expired_key_with_a_record_that_it_was_seen_in_time(
    fund: Fund, names: tuple[str, ...], verdict: str
) -> None:
    """A node that comes later believes two others, and neither one nor the commit's own date."""
    end = fund.now + DAY
    ending(fund, "grace", end)
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    if names:
        witnessed(fund, fund.now, *names)
    answer = knock(fund, now=end + MINUTE)
    assert answer.verdict == verdict
    assert capital(answer.policy) == (2000 if verdict == "applied" else 1000)


def test_expired_key_that_halts(fund: Fund) -> None:
    """Expiry protects against old keys that loosen."""
    end = fund.now + DAY
    ending(fund, "olga", end)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    answer = knock(fund, now=end + DAY)
    assert answer == ("tightened", None, 3)
    assert halted(answer.policy)


def test_revoked_key_old_commits_that_were_judged_before_stand(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    taken_back(fund, "grace")
    answer = knock(fund)
    assert answer == ("tightened", None, 3)
    assert answer.verdicts[1] == ("applied", None)
    assert capital(answer.policy) == 2000


@pytest.mark.parametrize("name", ["grace", "olga"])
def test_revoked_key_new_commits(fund: Fund, name: str) -> None:
    """It approves nothing and halts nothing: whoever stole it has no say at all."""
    taken_back(fund, name)
    fund.change(LOOSER, by="ada", approve=True)
    given = fund.approve(name)
    answer = knock(fund)
    assert answer == ("refused", "UNKNOWN_SIGNER", 1)
    assert answer.code_of(given) == "UNKNOWN_SIGNER"
    assert capital(answer.policy) == 1000
    fund.change({fund.halt("stop"): switch("stop")}, by=name)
    answer = knock(fund)
    assert answer == ("refused", "UNKNOWN_SIGNER", 1)
    assert not halted(answer.policy)


def test_revoked_key_old_commits_that_turn_up_after_it(fund: Fund) -> None:
    """Made, or dated, before the key was taken back, on a commit from before; merged today."""
    base = fund.introduction
    first = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    second = dated(fund, "grace", START, parents=[first])
    taken_back(fund, "grace")
    main = fund.sim.head()
    files = {**fund.sim.files(main), **LOOSER}
    fund.tree(files, by="ada", approve=True, parents=[main, second])
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.code_of(second) == "UNKNOWN_SIGNER"
    assert answer.approvers == ["ada"]
    assert capital(answer.policy) == 1000


def test_a_revoked_key_cannot_give_itself_back(fund: Fund) -> None:
    taken_back(fund, "grace")
    fund.change(said_by(fund, fund.keys), by="grace")
    answer = knock(fund)
    assert answer == ("refused", "UNKNOWN_SIGNER", 1)
    fund.approve("ada")
    assert knock(fund) == ("refused", "QUORUM_MISSING", 1)


def test_trust_changed_while_the_head_did_not(fund: Fund) -> None:
    """The pin is asked every time, not only when there is something new."""
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    head = fund.sim.head()
    assert knock(fund, applied=head) == ("unchanged", None, 0)
    pinned = fund.trust
    for other in ("mallory", "grace"):
        fund.trust = Trust(pinned.introduction, (fund.person(other).key.fingerprint,))
        answer = knock(fund, applied=head)
        assert answer == ("refused", "UNTRUSTED_INTRODUCTION", 1)
        assert answer.silent
    # Pinned where grace signed, her tree is in force by the pin: nothing is left to judge.
    fund.trust = Trust(head, (fund.person("grace").key.fingerprint,))
    assert knock(fund) == ("unchanged", None, 0)
    fund.trust = Trust(head, pinned.fingerprints)
    assert knock(fund) == ("refused", "UNTRUSTED_INTRODUCTION", 1)


# Authority that would judge itself.


def forged(fund: Fund, signer: str, claimed: str, *, parents: Sequence[str] | None = None) -> str:
    """An approval in somebody's name, signed with a key that is not theirs yet."""
    above = list(parents or [fund.sim.head()])
    files = fund.sim.files(above[0])
    payload = fund.sim.payload(
        tree=fund.sim.tree(files),
        parents=above,
        committer=fund.person(claimed),
        message=f"Approve\n\nVanta-Approve: prod {fund.digest(files)} until=2027-01-01T00:00:00Z\n",
    )
    raw = fund.sim.signed(payload, fund.person(signer))
    return fund.sim.raw_commit(raw, files=files, ref=None if parents else "refs/heads/main")


@pytest.mark.parametrize("how", ["one commit", "one after the other", "a merge", "and put back"])
def test_authority_edited_and_used_in_one_range(fund: Fund, how: str) -> None:
    """Ada adds a key of her own to grace's name, raises a cap, and approves as both."""
    own = fund.person("second").key.openssh
    theirs = said_by(fund, {**fund.keys, "grace": [*fund.keys["grace"], own]})
    before = {AUTHORITY: fund.sim.files(fund.introduction)[AUTHORITY]}
    if how == "one commit":
        fund.change({**theirs, **LOOSER}, by="ada", approve=True)
        last = forged(fund, "second", "grace")
    elif how == "a merge":
        base = fund.introduction
        side = fund.change(theirs, by="ada", approve=True, parents=[base], ref=None)
        side = forged(fund, "second", "grace", parents=[side])
        side = fund.change(LOOSER, by="ada", approve=True, parents=[side], ref=None)
        last = forged(fund, "second", "grace", parents=[side])
        fund.tree(fund.sim.files(last), by=None, parents=[base, last])
    else:
        fund.change(theirs, by="ada", approve=True)
        forged(fund, "second", "grace")
        fund.change(LOOSER, by="ada", approve=True)
        last = forged(fund, "second", "grace")
        if how == "and put back":
            fund.change(before, by="ada", approve=True)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    assert answer.code_of(last) == "UNKNOWN_SIGNER"
    assert answer.approvers == ["ada"]
    assert capital(answer.policy) == 1000
    assert all(verdict == "refused" for verdict, _ in answer.verdicts)


def test_authority_edited_and_used_in_one_range_by_lowering_the_quorum(fund: Fund) -> None:
    fund.change(said_by(fund, fund.keys, loosen=1), by="ada", approve=True)
    fund.change(LOOSER, by="ada", approve=True)
    fund.change(said_by(fund, fund.keys), by="ada", approve=True)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    assert capital(answer.policy) == 1000


GONE = ["deleted", "renamed", "renamed in case", "in a folder", "a link", "a submodule", "empty"]


@pytest.mark.parametrize("restored", [False, True], ids=["left so", "restored at the end"])
@pytest.mark.parametrize("how", GONE)
def test_authority_deleted_renamed_or_restored_at_the_end_of_the_range(
    fund: Fund, how: str, *, restored: bool
) -> None:
    """Whatever becomes of the document, those in force decide; one person stays one person."""
    sim, before = fund.sim, fund.sim.files(fund.introduction)
    text = before[AUTHORITY]
    without = {path: content for path, content in before.items() if path != AUTHORITY}
    blob = sim.write("blob", text.encode() if isinstance(text, str) else text)
    plants = {
        "deleted": [],
        "renamed": [(FILE, b"people.yaml", blob)],
        "renamed in case": [(FILE, b"Authority.yaml", blob)],
        "in a folder": [(FOLDER, b"authority.yaml", sim.raw_tree([(FILE, b"a.yaml", blob)]))],
        "a link": [(LINK, b"authority.yaml", sim.write("blob", b"people.yaml"))],
        "a submodule": [(SUBMODULE, b"authority.yaml", fund.introduction)],
        "empty": [(FILE, b"authority.yaml", sim.write("blob", b""))],
    }[how]
    codes = {
        "deleted": "MISSING_AUTHORITY",
        "renamed": "MISSING_AUTHORITY",
        "renamed in case": "MISSING_AUTHORITY",
        "in a folder": "UNEXPECTED_FILE",
        "a link": "SYMLINK",
        "a submodule": "SUBMODULE",
        "empty": "EMPTY_DOCUMENT",
    }
    for files in (without, {**without, **LOOSER}):
        commit_of(fund, planted(sim, files, {"": plants}), by="ada", files=files)
    if restored:
        fund.tree({**before, **LOOSER}, by="ada", approve=True)
    answer = knock(fund)
    code = "QUORUM_MISSING" if restored else codes[how]
    assert answer == ("refused", code, 1)
    assert answer.verdicts[0] == ("refused", codes[how])
    assert capital(answer.policy) == 1000
    if restored:
        fund.approve("grace")
        assert knock(fund) == ("applied", None, 0)


# Counting people.


def test_eligible_signers_counted_as_actual(fund: Fund) -> None:
    """Three may approve; one did."""
    fund.change(LOOSER, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    (need,) = answer.told["needs"]
    assert (need["quorum"], need["approved"], need["missing"]) == (2, ["ada"], ["alan", "grace"])
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize(
    "given", [["ada"] * 3, ["ada", "olga"], ["ada", "carol"], ["olga", "carol"], ["ada", "mallory"]]
)
def test_approvals_that_are_many_and_people_that_are_few(fund: Fund, given: list[str]) -> None:
    fund.change(LOOSER, by=None)
    for name in given:
        fund.approve(name)
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    assert len({*answer.approvers} & {"ada", "grace", "alan"}) < 2
    assert capital(answer.policy) == 1000


def test_two_keys_of_one_person_are_one_person(fund: Fund) -> None:
    phone = fund.person("phone").key.openssh
    wanted = said_by(fund, {**fund.keys, "ada": [*fund.keys["ada"], phone]})
    fund.change(wanted, by="ada", approve=True)
    fund.approve("grace")
    fund.change(LOOSER, by="ada", approve=True)
    second = forged(fund, "phone", "ada")
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.code_of(second) == "ada"
    assert answer.approvers == ["ada"]


def test_half_of_one_role_and_half_of_another_is_no_quorum(fund: Fund) -> None:
    text = str(said_by(fund, fund.keys, risk=["ada", "grace"])[AUTHORITY])
    other = (
        "  - name: desk\n    people: [olga, carol]\n"
        '    grants: [{environments: ["*"], vaults: ["*"], loosen: 2}]\n'
    )
    fund.change({AUTHORITY: text + "  " + other.replace("\n", "\n  ").rstrip(" ")}, by="ada",
                approve=True)  # fmt: skip
    fund.approve("grace")
    assert knock(fund) == ("applied", None, 0)
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("olga")
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert answer.approvers == ["ada", "olga"]
    assert capital(answer.policy) == 1000
    fund.approve("carol")
    assert knock(fund) == ("applied", None, 0)


BROKEN: dict[str, tuple[str, str, str]] = {
    "a threshold of 0": ("loosen: 2", "loosen: 0", "BAD_QUORUM"),
    "a threshold below 0": ("loosen: 2", "loosen: -1", "INVALID_FIELD"),
    "a threshold of nothing": ("loosen: 2", "loosen: null", "NULL"),
    "a threshold that is text": ("loosen: 2", 'loosen: "two"', "INVALID_FIELD"),
    "a threshold that is true": ("loosen: 2", "loosen: true", "INVALID_FIELD"),
    "a threshold of a half": ("loosen: 2", "loosen: 0.5", "INVALID_FIELD"),
    "a threshold nobody can read": ("loosen: 2", "loosen: 1e0", "AMBIGUOUS_NUMBER"),
    "a root of 0": ("quorum: 2", "quorum: 0", "NO_ROOT"),
    "a root below 0": ("quorum: 2", "quorum: -2", "INVALID_FIELD"),
    "a root that is not said": (", quorum: 2", "", "NO_ROOT"),
    "a root of everybody": ("quorum: 2", "quorum: 3", "ROOT_LOCKOUT"),
    "a root of one person often": (
        "people: [ada, grace, alan], quorum: 2",
        "people: [ada, ada, ada], quorum: 2",
        "ROOT_LOCKOUT",
    ),
    "an empty root": ("people: [ada, grace, alan], quorum", "people: [], quorum", "INVALID_FIELD"),
    "an empty role": ("people: [carol]", "people: []", "INVALID_FIELD"),
    "a role of nobody": ("people: [carol]", "people: [nobody]", "UNKNOWN_PERSON"),
    "no root": ("name: root", "name: boot", "NO_ROOT"),
    "two roots": ("name: crypto", "name: root", "DUPLICATE_ROLE"),
    "two of one person": ("name: carol, email", "name: ada, email", "DUPLICATE_PERSON"),
    "a key of two people": (
        person("carol").key.openssh,
        person("olga").key.openssh,
        "SHARED_KEY",
    ),
}


def broken(text: str, what: str) -> str:
    """The authority with one thing wrong."""
    before, after, _ = BROKEN[what]
    assert before in text
    return text.replace(before, after, 1)


@pytest.mark.parametrize("what", BROKEN)
def test_threshold_0_or_negative_empty_signer_set(fund: Fund, what: str) -> None:
    """Whoever approved it, such an authority is in force nowhere, and the old one goes on."""
    text = str(fund.sim.files(fund.introduction)[AUTHORITY])
    fund.change({AUTHORITY: broken(text, what)}, by="ada", approve=True)
    fund.approve("grace")
    answer = knock(fund)
    assert answer == ("refused", BROKEN[what][2], 1)
    assert "authority.yaml" in answer.message
    fund.change({AUTHORITY: text, **LOOSER}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("refused", "QUORUM_MISSING", 1)
    assert capital(answer.policy) == 1000


@pytest.mark.parametrize("what", ["a threshold of 0", "a root of 0", "an empty root", "no root"])
def test_threshold_0_or_empty_signer_set_at_the_introduction_itself(fund: Fund, what: str) -> None:
    """Pinned all the same: then nothing is in force, and the node has no policy."""
    files = fund.sim.files(fund.introduction)
    text = broken(str(files[AUTHORITY]), what)
    begun = fund.tree({**files, AUTHORITY: text}, by="ada", parents=[])
    fund.trust = Trust(begun, fund.trust.fingerprints)
    answer = knock(fund)
    assert answer == ("refused", BROKEN[what][2], 1)
    assert answer.silent
