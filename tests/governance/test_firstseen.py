"""When a commit was first seen: two nodes must say so, and then old approvals count again."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.governance.fund import ENVIRONMENT, MOMENTUM, Fund, authority, capital, vault
from tests.governance.simulator import Content, Person, person
from vanta.domain.errors import MalformedError, RefusedError
from vanta.domain.instant import DAY, MINUTE
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.firstseen import (
    COMMITS_PER_NOTE,
    FirstSeen,
    Sightings,
    countersign,
    write_notes,
)
from vanta.governance.fold import fold
from vanta.governance.report import walk
from vanta.journal.note import sign_text

NODES = ("alpha", "executor")


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    """A fund whose limit was raised in time."""
    made = Fund(tmp_path, nodes=NODES)
    made.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    made.approve("grace")
    return made


def seen_by_node(fund: Fund) -> dict[str, int]:
    line = fund.repository.first_parents(fund.sim.head(), fund.introduction)
    return {oid: fund.sim.now + at for at, oid in enumerate(line)}


def notes(fund: Fund, *names: str, seen: dict[str, int] | None = None) -> list[bytes]:
    """What the first of these nodes saw, signed by all of them."""
    said = seen or seen_by_node(fund)
    first, *others = (person(name) for name in names)
    found = write_notes(ENVIRONMENT, said, first.name, first.private_key)
    for other in others:
        found = [
            countersign(note, ENVIRONMENT, said, other.name, other.private_key) for note in found
        ]
    return found


def later(fund: Fund, *found: bytes) -> int:
    """The limit a node enforces that comes a year after, with these notes."""
    first_seen = FirstSeen(Sightings(note, ENVIRONMENT) for note in found)
    (*_, last) = fold(
        fund.state, fund.sim.head(), fund.history, fund.now + 365 * DAY, first_seen=first_seen
    )
    return capital(last.state.policy)


def test_without_a_record_old_approvals_have_run_out(fund: Fund) -> None:
    assert later(fund) == 1000


def test_with_what_two_nodes_saw_a_late_node_ends_where_they_are(fund: Fund) -> None:
    assert later(fund, *notes(fund, "executor", "alpha")) == 2000


@pytest.mark.parametrize("names", [("executor",), ("executor", "executor"), ("executor", "ada")])
def test_one_node_alone_cannot_make_old_approvals_young(fund: Fund, names: tuple[str, ...]) -> None:
    assert later(fund, *notes(fund, *names)) == 1000


def test_a_node_vouches_for_nothing_before_it_was_registered(tmp_path: Path) -> None:
    fund = Fund(tmp_path)
    listed = ", ".join(f'{{name: {n}, keys: ["{person(n).key.openssh}"]}}' for n in NODES)
    text = authority(fund.keys, nodes=f"[{listed}]")
    fund.change({AUTHORITY: text}, by="ada", approve=True)
    fund.approve("grace")
    assert fund.after().policy.nodes
    first_seen = FirstSeen(Sightings(note, ENVIRONMENT) for note in notes(fund, *NODES))
    late = fund.now + 365 * DAY
    (*_, last) = fold(fund.state, fund.sim.head(), fund.history, late, first_seen=first_seen)
    assert last.state.policy.nodes == {}


def test_of_two_records_the_later_instant_is_believed(fund: Fund) -> None:
    head = fund.sim.head()
    early = {head: 5}
    late = {head: 9}
    nodes = {name: (person(name).key.openssh,) for name in NODES}
    both = [*notes(fund, *NODES, seen=early), *notes(fund, *NODES, seen=late)]
    first_seen = FirstSeen(Sightings(note, ENVIRONMENT) for note in both)
    assert first_seen.at(head, nodes) == 9
    assert first_seen.at("f" * 40, nodes) is None
    assert first_seen.at(head, {}) is None


def test_a_long_history_goes_into_several_notes(fund: Fund) -> None:
    said = {f"{number:040x}": number + 1 for number in range(COMMITS_PER_NOTE + 1)}
    found = notes(fund, "alpha", seen=said)
    assert len(found) == 2
    back: dict[str, int] = {}
    for note in found:
        back |= Sightings(note, ENVIRONMENT).seen
    assert back == said


def test_a_node_vouches_only_for_what_it_saw_itself(fund: Fund) -> None:
    said = {"a" * 40: 100 * MINUTE}
    (note,) = notes(fund, "alpha", seen=said)
    key = person("executor").private_key
    for own, code in (({}, "NOT_SEEN"), ({"a" * 40: 111 * MINUTE}, "SEEN_LATER")):
        with pytest.raises(RefusedError) as refused:
            countersign(note, ENVIRONMENT, own, "executor", key)
        assert refused.value.code == code
    assert countersign(note, ENVIRONMENT, {"a" * 40: 110 * MINUTE}, "executor", key)


def signed(text: str, who: Person) -> bytes:
    return sign_text(text, who.name, who.private_key)


@pytest.mark.parametrize(
    "lines",
    [
        "nonsense\n",
        f"{'a' * 40}\n",
        f"{'a' * 40} 0\n",
        f"{'a' * 40} -5\n",
        f"{'a' * 40} {2**62}\n",
        f"{'A' * 40} 5\n",
        f"{'a' * 40} 5\n{'a' * 40} 6\n",
        "\n",
    ],
)
def test_a_record_is_read_strictly(lines: str) -> None:
    text = f"vanta.dev/first-seen/v1 {ENVIRONMENT}\n{lines}"
    with pytest.raises(MalformedError) as malformed:
        Sightings(signed(text, person("alpha")), ENVIRONMENT)
    assert malformed.value.code == "NOTE_MALFORMED"


def test_a_record_of_another_environment_is_refused() -> None:
    note = signed("vanta.dev/first-seen/v1 dev\n", person("alpha"))
    with pytest.raises(RefusedError) as refused:
        Sightings(note, ENVIRONMENT)
    assert refused.value.code == "WRONG_ENVIRONMENT"


def test_a_node_whose_key_is_no_ed25519_key_signs_no_note(fund: Fund) -> None:
    (note,) = notes(fund, "alpha")
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    text = curve.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    ours = person("alpha").key.openssh
    assert Sightings(note, ENVIRONMENT).witnesses({"alpha": [text.decode()]}) == frozenset()
    assert Sightings(note, ENVIRONMENT).witnesses({"alpha": [text.decode(), ours]}) == {"alpha"}


def test_the_door_reads_the_record_from_the_repository(fund: Fund) -> None:
    late = fund.now + 365 * DAY
    assert walk(fund.sim.path, fund.trust, ENVIRONMENT, now=late).reason == "APPROVAL_EXPIRED"
    files: dict[str, Content] = {f"{ENVIRONMENT}/0000.note": b"garbage"}
    files |= {f"{ENVIRONMENT}/0001.note": note for note in notes(fund, "executor", "alpha")}
    fund.sim.commit(files, parents=[], ref=f"refs/vanta/receipts/{ENVIRONMENT}")
    assert walk(fund.sim.path, fund.trust, ENVIRONMENT, now=late).verdict == "applied"
    fund.sim.commit({ENVIRONMENT: "a file"}, parents=[], ref=f"refs/vanta/receipts/{ENVIRONMENT}")
    assert walk(fund.sim.path, fund.trust, ENVIRONMENT, now=late).verdict == "refused"
    fund.sim.point(f"refs/vanta/receipts/{ENVIRONMENT}", fund.sim.write("blob", b"no commit"))
    assert walk(fund.sim.path, fund.trust, ENVIRONMENT, now=late).verdict == "refused"
