"""The keys in authority.yaml: what is listed, and edits that touch nothing else."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.governance.simulator import person
from vanta.domain.errors import MalformedError, RefusedError, VantaError
from vanta.domain.instant import DAY, parse_instant
from vanta.governance.keyring import find, listed, read_authority, with_key, with_revoked
from vanta.governance.keys import PublicKey

NOW = parse_instant("2026-11-22T12:00:00Z")
ENDS = "2027-06-01T00:00:00Z"


def key(name: str) -> PublicKey:
    return person(name).key


HAND_MADE = f"""\
# Who may change what.   Two spaces, kept.
apiVersion: vanta.dev/v1
kind: Authority
metadata: {{name: fund}}   # the fund
spec:
  people:
    - name: ada            # chair
      email: ada@fund.example
      keys:
        - "{key("ada").openssh}"   # laptop
        - key: "{key("ada-2").openssh}"
          expires: "{ENDS}"   # until she has a new phone
    # Grace came in 2024.
    - {{name: grace, email: "grace@fund.example", keys: ['{key("grace").openssh}']}}
    - name: alan
      email: "alan@fund.example"
      keys: [
        "{key("alan").openssh}",   # desk
        {{key: "{key("alan-2").openssh}", revoked: true}},
      ]
  nodes:
    - name: executor
      keys: ["{key("executor").openssh}"]
  roles:
    - name: root        # authority, nodes, ceilings
      people: [ada, grace, alan]
      quorum: 2
    - name: risk
      people:
      - ada
      - grace   # since spring
      grants:
        - environments: ["*"]
          vaults: ["*"]
          tighten: 1
          loosen: 2
""".encode()


def changed(before: bytes, after: bytes) -> list[str]:
    """The lines that went and came."""
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line for line in lines if line[:2] in {"- ", "+ "}]


# What is there


def test_every_key_is_told_with_its_state_and_its_owners_roles() -> None:
    found = {k.fingerprint: k for k in listed(read_authority(HAND_MADE), NOW)}
    first = found[key("ada").fingerprint]
    assert (first.person, first.email, first.kind) == ("ada", "ada@fund.example", "ssh-ed25519")
    assert (first.roles, first.state, first.expires) == (("root", "risk"), "live", "")
    second = found[key("ada-2").fingerprint]
    assert (second.state, second.expires) == ("live", ENDS)
    assert found[key("alan-2").fingerprint].state == "revoked"
    assert found[key("alan").fingerprint].roles == ("root",)


def test_a_key_has_expired_from_the_instant_it_ends() -> None:
    document = read_authority(HAND_MADE)
    ends = parse_instant(ENDS)

    def state(now: int) -> str:
        return next(k.state for k in listed(document, now) if k.expires)

    assert (state(ends - 1), state(ends)) == ("live", "expired")


def test_a_key_is_found_by_the_beginning_of_its_fingerprint() -> None:
    document = read_authority(HAND_MADE)
    whole = key("grace").fingerprint
    assert find(document, "grace", whole).openssh == key("grace").openssh
    assert find(document, "grace", whole[:14]).openssh == key("grace").openssh


@pytest.mark.parametrize(
    ("who", "fingerprint", "code", "remedy"),
    [
        ("bob", key("ada").fingerprint, "UNKNOWN_PERSON", "ada, grace, alan"),
        ("ada", "SHA256:nothingatall", "UNKNOWN_KEY", key("ada").fingerprint),
        ("ada", "SHA256:", "UNKNOWN_KEY", key("ada-2").fingerprint),
        ("ada", "", "UNKNOWN_KEY", key("ada").fingerprint),
        ("ada", key("grace").fingerprint, "NOT_THEIR_KEY", "name grace"),
        ("ada", key("executor").fingerprint, "UNKNOWN_KEY", key("ada").fingerprint),
    ],
)
def test_what_names_no_key_of_theirs_is_refused_with_what_does(
    who: str, fingerprint: str, code: str, remedy: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        find(read_authority(HAND_MADE), who, fingerprint)
    assert refused.value.code == code
    assert remedy in refused.value.remedy


# Revoking


@pytest.mark.parametrize(
    ("who", "name", "lines"),
    [
        (
            "ada",
            "ada",
            [
                f'-         - "{key("ada").openssh}"   # laptop',
                f'+         - {{key: "{key("ada").openssh}", revoked: true}}   # laptop',
            ],
        ),
        ("ada", "ada-2", ["+           revoked: true"]),
        (
            "alan",
            "alan",
            [
                f'-         "{key("alan").openssh}",   # desk',
                f'+         {{key: "{key("alan").openssh}", revoked: true}},   # desk',
            ],
        ),
    ],
)
def test_a_revocation_changes_the_lines_it_must_and_keeps_every_comment(
    who: str, name: str, lines: list[str]
) -> None:
    after = with_revoked(HAND_MADE, who, key(name).fingerprint, NOW)
    assert changed(HAND_MADE, after) == lines
    assert find(read_authority(after), who, key(name).fingerprint).state == "revoked"


def test_a_key_that_was_said_not_to_be_revoked_is() -> None:
    text = HAND_MADE.replace(b"revoked: true", b"revoked: false")
    after = with_revoked(text, "alan", key("alan-2").fingerprint, NOW)
    assert after == HAND_MADE


def test_a_revoked_key_keeps_its_end_for_the_record() -> None:
    after = with_revoked(HAND_MADE, "ada", key("ada-2").fingerprint, NOW)
    found = find(read_authority(after), "ada", key("ada-2").fingerprint)
    assert (found.state, found.expires) == ("revoked", ENDS)


def test_a_key_is_revoked_once() -> None:
    with pytest.raises(RefusedError) as refused:
        with_revoked(HAND_MADE, "alan", key("alan-2").fingerprint, NOW)
    assert refused.value.code == "REVOKED_ALREADY"


def test_a_revocation_that_would_lock_the_fund_out_is_refused_and_says_what_to_do_first() -> None:
    """Alan's last key may go, two are left; grace's too would leave one for a quorum of two."""
    one = with_revoked(HAND_MADE, "alan", key("alan").fingerprint, NOW)
    with pytest.raises(RefusedError) as refused:
        with_revoked(one, "grace", key("grace").fingerprint, NOW)
    assert refused.value.code == "ROOT_LOCKOUT"
    assert "keys add grace" in refused.value.remedy


def test_an_expired_key_is_no_reason_not_to_be_locked_out() -> None:
    one = with_revoked(HAND_MADE, "alan", key("alan").fingerprint, NOW)
    only = with_revoked(one, "ada", key("ada").fingerprint, NOW)
    later = parse_instant(ENDS) + DAY
    with pytest.raises(RefusedError) as refused:
        with_revoked(one, "ada", key("ada").fingerprint, later)
    assert refused.value.code == "ROOT_LOCKOUT"
    assert only


# Adding


NEW = f'"{key("new").openssh}"'


@pytest.mark.parametrize(
    ("who", "behind", "text"),
    [
        ("ada", "# until she has a new phone", f"\n        - {NEW}"),
        ("grace", f"'{key('grace').openssh}'", f", {NEW}"),
        ("alan", "revoked: true}", f", {NEW}"),
    ],
)
def test_a_key_is_added_in_the_layout_that_is_there(who: str, behind: str, text: str) -> None:
    """And every other byte stays."""
    after = with_key(HAND_MADE, who, key("new")).decode()
    assert after == HAND_MADE.decode().replace(behind, behind + text)


def test_a_key_may_end() -> None:
    after = with_key(HAND_MADE, "ada", key("new"), expires=parse_instant(ENDS))
    assert find(read_authority(after), "ada", key("new").fingerprint).expires == ENDS


def test_somebody_new_comes_with_an_address_and_roles() -> None:
    after = with_key(
        HAND_MADE, "bob", key("bob"), email='bob"@fund.example', roles=("risk", "root", "risk")
    )
    assert changed(HAND_MADE, after) == [
        "+     - name: bob",
        r'+       email: "bob\"@fund.example"',
        f'+       keys: ["{key("bob").openssh}"]',
        "-       people: [ada, grace, alan]",
        "+       people: [ada, grace, alan, bob]",
        "+       - bob",
    ]
    found = find(read_authority(after), "bob", key("bob").fingerprint)
    assert (found.roles, found.email) == (("root", "risk"), 'bob"@fund.example')


@pytest.mark.parametrize("name", ["on", "123", "null", "y", "1e3", "bob-2"])
def test_a_name_that_yaml_would_read_otherwise_is_quoted(name: str) -> None:
    after = with_key(HAND_MADE, name, key("bob"), email="b@x", roles=("root",))
    assert find(read_authority(after), name, key("bob").fingerprint).roles == ("root",)


@pytest.mark.parametrize(
    ("who", "new", "more", "code", "remedy"),
    [
        ("bob", "bob", {}, "UNKNOWN_PERSON", "--email"),
        ("ada", "grace", {}, "KEY_TAKEN", "ssh-keygen"),
        ("ada", "executor", {}, "KEY_TAKEN", "ssh-keygen"),
        ("bob", "alan-2", {"email": "b@x"}, "KEY_TAKEN", "ssh-keygen"),
        ("ada", "ada", {}, "KEY_LISTED", ""),
        ("alan", "alan-2", {}, "KEY_LISTED", "does not come back"),
        ("ada", "new", {"roles": ("chair",)}, "UNKNOWN_ROLE", "root, risk"),
        ("ada", "new", {"email": "other@x"}, "OTHER_EMAIL", "--email"),
    ],
)
def test_a_key_that_cannot_be_added_says_why(
    who: str, new: str, more: dict[str, object], code: str, remedy: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        with_key(HAND_MADE, who, key(new), **more)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert remedy in refused.value.remedy


@pytest.mark.parametrize("name", ["Bob", "b ob", "", "-", "bob\nroot"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(VantaError):
        with_key(HAND_MADE, name, key("bob"), email="b@x")


def test_a_file_that_is_no_authority_is_not_edited() -> None:
    for data in (b"", b"kind: Vault\n", HAND_MADE.replace(b"quorum: 2", b"quorum: 3")):
        with pytest.raises((MalformedError, RefusedError)):
            with_key(data, "ada", key("new"))


# Layouts nobody thought of


_PERSON = st.builds(
    lambda flow, quote, comment, indent: (flow, quote, comment, indent),
    st.booleans(), st.sampled_from(["'", '"', ""]), st.sampled_from(["", "  # x: [y", " #"]),
    st.integers(0, 4),
)  # fmt: skip


@st.composite
def layouts(draw: st.DrawFn) -> bytes:
    """The same three people, written in any of many ways."""
    pad = " " * draw(st.integers(0, 3))
    lines = ["apiVersion: vanta.dev/v1", "kind: Authority", "metadata: {name: fund}", "spec:"]
    lines += ["  people:"]
    for name in ("ada", "grace", "alan"):
        flow, quote, comment, indent = draw(_PERSON)
        text = f"{quote}{key(name).openssh}{quote}"
        if flow:
            gap = draw(st.sampled_from(["", "\n" + " " * 12]))
            lines += [f"  {pad}- {{name: {name}, email: x@y, keys: [{gap}{text}{gap}]}}{comment}"]
        else:
            inner = f"  {pad}  "
            lines += [f"  {pad}- name: {name}{comment}", f"{inner}keys:{comment}"]
            lines += [f"{inner}{' ' * indent}- {text}{comment}", f"{inner}email: x@y"]
    lines += ["  roles: [{name: root, people: [ada, grace, alan], quorum: 2}]"]
    return ("\n".join(lines) + draw(st.sampled_from(["\n", "", "\n\n# end\n"]))).encode()


@given(layouts(), st.sampled_from(["ada", "grace", "alan"]))
def test_any_layout_is_edited_exactly_or_refused(data: bytes, who: str) -> None:
    """What is never allowed is a file that reads as something else than was meant."""
    before = read_authority(data)
    try:
        after = with_key(data, who, key("new"), expires=NOW + DAY, roles=("root",))
        gone = with_revoked(after, who, key(who).fingerprint, NOW)
    except RefusedError as error:
        assert error.code == "NOT_EDITABLE"  # noqa: PT017 - a property
        return
    states = {k.fingerprint: k.state for k in listed(read_authority(gone), NOW)}
    others = {k.fingerprint: k.state for k in listed(before, NOW)}
    assert states == {**others, key(who).fingerprint: "revoked", key("new").fingerprint: "live"}
    assert gone.decode().count("#") == data.decode().count("#")
