"""Adding, revoking and rotating keys as people do it: real Git, real keys, judged by the walk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.governance.office import NOW, VAULT, Office
from tests.governance.test_halting import POISON, poisoned
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.domain.instant import DAY
from vanta.governance.clone import Clone
from vanta.governance.key_changes import KeyChange, KeyDesk, NewKey, read_key_file
from vanta.governance.keyring import listed, read_authority
from vanta.governance.keys import generate_key
from vanta.governance.rewalk import rewalk

ALL = ("dev", "prod", "staging")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    # Whoever runs the tests has a Git configuration of their own.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Office(tmp_path)


def desk(office: Office, name: str, *, key: str | None = None) -> KeyDesk:
    return KeyDesk(office.clone(name), office.key(key or name), NOW)


def made(office: Office, name: str) -> Path:
    """A new key pair; its private half."""
    generate_key(office.key(name), name)
    return office.key(name)


def new(office: Office, person: str, name: str, **more: str) -> NewKey:
    key = read_key_file(made(office, name).with_suffix(".pub"))
    return NewKey(person, key, more.get("email", ""), roles=tuple(more.get("roles", "").split()))


def fingerprint(office: Office, name: str) -> str:
    return office.keys[name].fingerprint


def in_force(office: Office, environment: str = "dev") -> dict[str, set[str]]:
    """Whose keys the nodes take, by person."""
    walked = rewalk(office.bare, office.trust, environment, now=NOW)
    return {name: set(who.keys) for name, who in walked.state.authority.people.items()}


def approved_by(office: Office, name: str) -> None:
    """Somebody approves what is on the branch, for every environment."""
    for environment in ALL:
        signing = office.desk(name)
        signing.environment = environment
        signing.approve()
        office.push(name)


# Add


def test_a_key_is_added_by_the_root_quorum_in_every_environment(office: Office) -> None:
    change = desk(office, "ada").add(new(office, "ada", "phone"))
    office.push("ada")
    phone = read_key_file(office.key("phone.pub")).openssh
    assert sorted(change.approvals or {}) == list(ALL)
    assert change.needs is not None
    assert (change.needs.quorum, change.needs.signed) == (2, ("ada",))
    assert change.needs.missing == ("alan", "grace")
    assert all(phone not in in_force(office, each)["ada"] for each in ALL)
    approved_by(office, "alan")
    assert all(phone in in_force(office, each)["ada"] for each in ALL)


def test_somebody_new_may_sign_once_two_of_root_agreed(office: Office) -> None:
    newcomer = new(office, "bob", "bob", email="bob@fund.example", roles="risk root")
    desk(office, "ada").add(newcomer)
    office.push("ada")
    approved_by(office, "grace")
    assert "bob" in in_force(office)
    note(office, "bob")
    assert office.desk("bob").propose("A note").signer == "bob"


def note(office: Office, name: str) -> None:
    (office.clone(name) / "notes.txt").write_text("hello\n")


def test_an_added_key_travels_alone_and_leaves_other_work_in_the_clone(office: Office) -> None:
    office.edit("ada", "capital: 1000000", "capital: 1200000")
    change = desk(office, "ada").add(new(office, "ada", "phone"))
    clone = office.clone("ada")
    names = office.git("-C", str(clone), "diff", "--name-only", f"{change.proposed}^", "HEAD")
    assert names == "authority.yaml"
    status = office.git("-C", str(clone), "status", "--porcelain")
    assert status.split() == ["M", "environments/dev/vaults/momentum-us.yaml"]
    assert (clone / "authority.yaml").read_text() == change.after


def test_a_dry_run_tells_everything_and_signs_nothing(office: Office) -> None:
    before = office.git("-C", str(office.clone("ada")), "rev-parse", "HEAD")
    adding = desk(office, "ada").add(new(office, "ada", "phone"), dry_run=True)
    revoking = desk(office, "ada").revoke(
        "alan", fingerprint(office, "alan"), "origin", "main", dry_run=True
    )
    rotating = desk(office, "ada").rotate(
        new(office, "alan", "tablet"), "", "origin", "main", dry_run=True
    )
    assert adding.needs
    assert rotating.needs
    for change in (adding, revoking, rotating):
        assert change.before != change.after
        assert (change.revoked, change.proposed) == ("", "")
    assert office.head() == before
    assert office.git("-C", str(office.clone("ada")), "rev-parse", "HEAD") == before
    assert not office.desk("ada").clone.dirty()


def test_a_proposal_does_not_swallow_an_edit_of_the_same_file(office: Office) -> None:
    office.edit("ada", "quorum: 2", "quorum: 1", "authority.yaml")
    with pytest.raises(RefusedError) as refused:
        desk(office, "ada").add(new(office, "ada", "phone"))
    assert refused.value.code == "EDITED"


def test_nothing_is_half_written_when_an_environment_does_not_read(office: Office) -> None:
    broken = "environments/staging/overlay.yaml"
    poisoned(office, lambda clone: (clone / broken).write_text("spec: [\n"))
    before = office.head()
    with pytest.raises(VantaError) as refused:
        desk(office, "ada").add(new(office, "ada", "phone"))
    assert broken in refused.value.place
    clone = office.clone("ada")
    assert office.git("-C", str(clone), "rev-parse", "HEAD") == before
    assert not office.desk("ada").clone.dirty()


def test_one_environment_can_be_named(office: Office) -> None:
    signing = KeyDesk(office.clone("ada"), office.key("ada"), NOW, ("dev", "dev"))
    change = signing.add(new(office, "ada", "phone"))
    assert list(change.approvals or {}) == ["dev"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "NO_KEY"),
        ("", "MALFORMED_KEY"),
        ("ssh-ed25519 AAAA\nssh-ed25519 BBBB", "MALFORMED_KEY"),
        ("ssh-dss AAAA x", "UNSUPPORTED_KEY"),
    ],
)
def test_what_is_no_public_key_is_refused(tmp_path: Path, content: str | None, code: str) -> None:
    file = tmp_path / "key.pub"
    if content is not None:
        file.write_text(content)
    with pytest.raises(VantaError) as refused:
        read_key_file(file)
    assert refused.value.code == code
    assert refused.value.place == str(file)


def test_a_private_key_handed_over_by_mistake_is_not_read(office: Office) -> None:
    with pytest.raises(RefusedError) as refused:
        read_key_file(office.key("ada"))
    assert refused.value.code == "PRIVATE_KEY"
    assert refused.value.remedy.endswith("ada.pub")


# Revoke


def test_a_revocation_is_in_force_by_one_signature(office: Office) -> None:
    change = desk(office, "grace").revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert office.head() == change.revoked
    assert [each.taken for each in change.deliveries] == [True]
    assert all(in_force(office, each)["ada"] == set() for each in ALL)
    note(office, "ada")
    with pytest.raises(RefusedError) as refused:
        office.desk("ada").propose("I am still here")
    assert refused.value.code == "UNKNOWN_SIGNER"


def test_a_stolen_key_can_be_revoked_with_itself(office: Office) -> None:
    desk(office, "ada").revoke("ada", fingerprint(office, "ada")[:16], "origin", "main")
    assert in_force(office)["ada"] == set()


def test_a_revocation_leaves_the_clone_alone(office: Office) -> None:
    office.edit("grace", "capital: 1000000", "capital: 900000")
    office.edit("grace", "quorum: 2", "quorum: 1", "authority.yaml")
    before = office.git("-C", str(office.clone("grace")), "rev-parse", "HEAD")
    signing = KeyDesk(office.root / "grace-clone", office.key("grace"), NOW)
    signing.revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert office.git("-C", str(office.root / "grace-clone"), "rev-parse", "HEAD") == before
    assert Clone(office.root / "grace-clone").dirty()


def test_who_is_neither_root_nor_owner_revokes_nothing(office: Office) -> None:
    newcomer = new(office, "bob", "bob", email="bob@fund.example", roles="risk")
    desk(office, "ada").add(newcomer)
    office.push("ada")
    approved_by(office, "grace")
    before = office.head()
    with pytest.raises(RefusedError) as refused:
        desk(office, "bob").revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert refused.value.code == "NOT_YOURS"
    assert "ada, alan, grace" in refused.value.remedy
    assert office.head() == before
    desk(office, "bob").revoke("bob", newcomer.key.fingerprint, "origin", "main")
    assert in_force(office)["bob"] == set()


def test_a_key_of_nobody_revokes_nothing(office: Office) -> None:
    with pytest.raises(RefusedError) as refused:
        desk(office, "mallory").revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert refused.value.code == "UNKNOWN_SIGNER"


def test_a_revocation_stands_behind_somebody_elses_unapproved_change(office: Office) -> None:
    office.edit("alan", "capital: 1000000", "capital: 1200000")
    office.desk("alan").propose("Raise momentum")
    office.push("alan")
    desk(office, "grace").revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert in_force(office)["ada"] == set()


def test_a_revocation_goes_on_top_of_what_others_pushed_meanwhile(office: Office) -> None:
    signing = desk(office, "grace")
    office.desk("alan").halt({"switch": "maintenance", "reason": "x"}, "origin", "main")
    signing.revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert in_force(office)["ada"] == set()


@pytest.mark.parametrize("poison", POISON)
def test_a_revocation_lands_on_a_poisoned_branch(
    office: Office, poison: Callable[[Path], object]
) -> None:
    """Whoever stole the key may push too, and spoil the very file."""
    poisoned(office, poison)
    change = desk(office, "grace").revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert in_force(office)["ada"] == set()
    assert office.head() == change.revoked


def test_a_revocation_beside_a_spoiled_authority_speaks_for_nothing_else(office: Office) -> None:
    """Who revokes has not looked at what the poison tightened, and must not sign for it."""

    def spoil(clone: Path) -> None:
        (clone / "authority.yaml").write_text("nothing\n")
        text = (clone / VAULT).read_text()
        (clone / VAULT).write_text(text.replace("capital: 1000000", "capital: 1"))

    poisoned(office, spoil)
    tree = office.head("main:")
    desk(office, "grace").revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert office.head("main:") == tree
    policy = office.verdict().policy
    assert policy is not None
    assert policy.vaults["momentum-us"].capital == 1_000_000 * 10**8


def test_a_protected_branch_is_told_and_how_to_go_around_it(office: Office) -> None:
    """What it says is typed as it stands, and merged by the forge's button, which signs nothing."""
    office.protect()
    mine = desk(office, "grace")
    with pytest.raises(UnavailableError) as refused:
        mine.revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert refused.value.code == "NOT_DELIVERED"
    assert "vanta halt" in refused.value.remedy
    assert "with a merge commit" in refused.value.remedy
    words = refused.value.remedy.split()
    at = words.index("push")
    office.git("-C", str(office.clone("grace")), *words[at : at + 3])
    branch = words[at + 2].partition(":")[2]
    (office.bare / "hooks" / "pre-receive").unlink()
    clone = office.clone("alan")
    office.git("-C", str(clone), "fetch", "--quiet", "origin", branch)
    who = ("-c", "user.name=forge", "-c", "user.email=forge@example.org")
    office.git(
        "-C", str(clone), *who, "merge", "--quiet", "--no-ff", "--no-gpg-sign", "-m", "Merge",
        "FETCH_HEAD",
    )  # fmt: skip
    office.push("alan")
    report = office.verdict()
    assert (report.verdict, report.reason) == ("tightened", None)


# Rotate


def rotated(office: Office, by: str, **more: str) -> KeyChange:
    return desk(office, by).rotate(
        new(office, "ada", "phone"), more.get("old", ""), "origin", "main"
    )


def test_a_lost_key_is_revoked_at_once_and_replaced_by_the_quorum(office: Office) -> None:
    change = rotated(office, "grace")
    phone = read_key_file(office.key("phone.pub")).openssh
    assert office.head() == change.revoked
    assert in_force(office)["ada"] == set()
    office.push("grace")
    assert in_force(office)["ada"] == set()
    approved_by(office, "alan")
    assert all(in_force(office, each)["ada"] == {phone} for each in ALL)
    old, latest = (
        k.state for k in listed(read_authority(change.after.encode()), NOW) if k.person == "ada"
    )
    assert (old, latest) == ("revoked", "live")


def test_who_signs_with_the_key_that_goes_brings_the_new_one_in_first(office: Office) -> None:
    """Revoked, it could not approve its own replacement."""
    change = rotated(office, "ada")
    assert (change.revoked, bool(change.proposed)) == ("", True)
    (advice,) = change.next
    assert f"keys revoke ada {fingerprint(office, 'ada')}" in advice
    office.push("ada")
    approved_by(office, "grace")
    assert len(in_force(office)["ada"]) == 2
    desk(office, "ada", key="phone").revoke("ada", fingerprint(office, "ada"), "origin", "main")
    assert in_force(office)["ada"] == {read_key_file(office.key("phone.pub")).openssh}


def test_a_rotation_that_cannot_be_finished_revokes_nothing(office: Office) -> None:
    before = office.head()
    taken = NewKey("ada", office.keys["alan"])
    with pytest.raises(RefusedError) as refused:
        desk(office, "grace").rotate(taken, "", "origin", "main")
    assert refused.value.code == "KEY_TAKEN"
    office.edit("grace", "capital: 1000000", "capital: 900000")
    with pytest.raises(RefusedError) as refused:
        rotated(office, "grace")
    assert refused.value.code == "EDITED"
    office.desk("grace").propose("Lower momentum")
    with pytest.raises(RefusedError) as refused:
        desk(office, "grace").rotate(
            NewKey("ada", read_key_file(office.key("phone.pub"))), "", "origin", "main"
        )
    assert refused.value.code == "NOT_UP_TO_DATE"
    assert office.head() == before


def test_which_of_several_keys_goes_must_be_said(office: Office) -> None:
    desk(office, "ada").add(new(office, "ada", "phone"))
    office.push("ada")
    approved_by(office, "grace")
    newest = new(office, "ada", "tablet")
    with pytest.raises(RefusedError) as refused:
        desk(office, "grace").rotate(newest, "", "origin", "main")
    assert refused.value.code == "SEVERAL_KEYS"
    assert fingerprint(office, "ada") in refused.value.remedy
    change = desk(office, "grace").rotate(newest, fingerprint(office, "ada"), "origin", "main")
    assert office.keys["ada"].openssh not in in_force(office)["ada"]
    assert change.proposed


def test_nobody_cannot_be_rotated(office: Office) -> None:
    with pytest.raises(RefusedError) as refused:
        desk(office, "grace").rotate(new(office, "bob", "bob"), "", "origin", "main")
    assert refused.value.code == "UNKNOWN_PERSON"


def test_a_new_key_may_end(office: Office) -> None:
    key = read_key_file(made(office, "phone").with_suffix(".pub"))
    change = desk(office, "ada").add(NewKey("ada", key, expires=NOW + DAY))
    assert "2026-11-23T12:00:00Z" in change.after


def test_a_folder_that_governs_nothing_says_so(tmp_path: Path, office: Office) -> None:
    office.git("init", "--quiet", str(tmp_path / "other"))
    office.git("-C", str(tmp_path / "other"), "commit", "--quiet", "--allow-empty", "-m", "x")
    with pytest.raises(RefusedError) as refused:
        KeyDesk(tmp_path / "other", office.key("ada"), NOW)
    assert refused.value.code == "NO_ENVIRONMENT"
