"""Who may change what, where, and how many people it takes."""

from collections.abc import Mapping, Sequence

import pytest

from tests.governance.fund import (
    CEILING,
    ENVIRONMENT,
    MOMENTUM,
    OVERLAY,
    authority,
    boost,
    compiled,
    document,
    documents,
    flip,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import START, Content, person
from vanta.domain.errors import MalformedError, VantaError
from vanta.domain.instant import HOUR, MINUTE
from vanta.domain.policy import Policy
from vanta.governance.authority import Authority, Need, judge, may, resolve, scope_of
from vanta.governance.documents.kinds import AuthorityDocument
from vanta.governance.documents.read import AUTHORITY, read_document
from vanta.lattice.algebra import changes
from vanta.lattice.direction import DEFAULT, Change, Effect

KEYS = {n: [person(n).key.openssh] for n in ("ada", "grace", "alan", "olga", "carol")}
FILES = documents(KEYS)
BASE = compiled(FILES)
NOW = START
HALTING = document(
    "Overlay", "overlay", "switches:\n  - {name: a, switch: full_halt, reason: test}"
)
STOP = f"environments/{ENVIRONMENT}/halts/stop.yaml"


def resolved(text: str) -> Authority:
    found = read_document(text.encode(), file=AUTHORITY)
    assert isinstance(found, AuthorityDocument)
    return resolve(found)


WHO = resolved(authority(KEYS))


def refused(text: str) -> VantaError:
    with pytest.raises(VantaError) as error:
        resolved(text)
    assert error.value.place.startswith(AUTHORITY)
    return error.value


def needs(
    changed: dict[str, Content], *approvers: str, who: Authority = WHO, now: int = NOW
) -> tuple[Need, ...]:
    proposed = compiled({**FILES, **changed})
    return judge(who, proposed, changes(BASE, proposed), frozenset(approvers), now)


def met(changed: dict[str, Content], *approvers: str, who: Authority = WHO, now: int = NOW) -> bool:
    return all(need.met for need in needs(changed, *approvers, who=who, now=now))


# What an authority must be


def test_people_are_known_by_their_keys() -> None:
    assert WHO.person_of(person("ada").key) == "ada"
    assert WHO.person_of(person("mallory").key) is None
    assert WHO.people["ada"].email == "ada@example.org"
    assert WHO.root_quorum == 2


def test_a_comment_on_a_key_is_no_part_of_it() -> None:
    noted = {**KEYS, "ada": [f"{KEYS['ada'][0]} ada@laptop"]}
    assert resolved(authority(noted)).person_of(person("ada").key) == "ada"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (authority({**KEYS, "grace": KEYS["ada"]}), "SHARED_KEY"),
        (authority(KEYS, nodes=f'[{{name: alpha, keys: ["{KEYS["ada"][0]}"]}}]'), "SHARED_KEY"),
        (authority(KEYS, risk=["ada", "nobody"]), "UNKNOWN_PERSON"),
        (authority(KEYS, root=["ada", "nobody", "grace"]), "UNKNOWN_PERSON"),
        (authority(KEYS, quorum=0), "NO_ROOT"),
        (authority(KEYS).replace("name: root,", "name: rooot,"), "NO_ROOT"),
        (authority(KEYS).replace(", quorum: 2}", "}"), "NO_ROOT"),
        (authority(KEYS, loosen=0), "BAD_QUORUM"),
        (authority(KEYS).replace("activate: 1", "activate: 0"), "BAD_QUORUM"),
        (authority(KEYS, quorum=3), "ROOT_LOCKOUT"),
        (authority(KEYS, root=["ada", "grace"]), "ROOT_LOCKOUT"),
        (authority(KEYS, root=["ada", "ada", "ada", "grace"]), "ROOT_LOCKOUT"),
        (authority(KEYS, root=["ada"], quorum=1), "ROOT_LOCKOUT"),
        (authority(KEYS).replace("name: crypto\n", "name: risk\n"), "DUPLICATE_ROLE"),
        (authority(KEYS).replace("{name: grace, ", "{name: ada, "), "DUPLICATE_PERSON"),
    ],
)
def test_an_authority_that_cannot_govern_is_refused(text: str, code: str) -> None:
    assert refused(text).code == code


def test_two_nodes_have_two_names() -> None:
    keys = [person(name).key.openssh for name in ("first", "second")]
    nodes = ", ".join(f'{{name: alpha, keys: ["{key}"]}}' for key in keys)
    assert refused(authority(KEYS, nodes=f"[{nodes}]")).code == "DUPLICATE_NODE"


@pytest.mark.parametrize("quorum", ["-1", '"-1"', "1.5", "true"])
def test_a_quorum_is_a_whole_number(quorum: str) -> None:
    with pytest.raises(MalformedError):
        resolved(authority(KEYS).replace("loosen: 2", f"loosen: {quorum}"))


def test_a_lockout_says_what_to_do() -> None:
    error = refused(authority(KEYS, root=["ada", "grace"]))
    assert "losing one locks it out" in error.message
    assert "name more people as root" in error.remedy


# Quorums


LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}
TIGHTER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=500)}
RAISED: dict[str, Content] = {
    CEILING: document("Ceiling", ENVIRONMENT, "account: {gross: 99999}\ncapital: 5000")
}
LOWERED: dict[str, Content] = {
    CEILING: document("Ceiling", ENVIRONMENT, "account: {gross: 1}\ncapital: 5000")
}
HALT: dict[str, Content] = {STOP: switch("stop")}
NODES: dict[str, Content] = {
    AUTHORITY: authority(KEYS, nodes=f'[{{name: alpha, keys: ["{person("node").key.openssh}"]}}]')
}


@pytest.mark.parametrize(
    ("changed", "approvers", "enough"),
    [
        (LOOSER, [], False),
        (LOOSER, ["ada"], False),
        (LOOSER, ["ada", "grace"], True),
        (LOOSER, ["ada", "olga", "carol"], False),
        (TIGHTER, [], False),
        (TIGHTER, ["ada"], True),
        (TIGHTER, ["olga"], True),
        (TIGHTER, ["carol"], False),
        (HALT, ["olga"], True),
        (HALT, ["carol"], False),
        ({STOP: switch("stop", scope="vault: crypto")}, ["carol"], True),
        ({STOP: switch("stop", scope="vault: momentum")}, ["carol"], False),
        ({STOP: switch("stop", scope="venue: paper")}, ["carol"], False),
        ({STOP: switch("stop", scope="venue: paper")}, ["olga"], True),
        (RAISED, ["ada"], False),
        (RAISED, ["ada", "grace"], True),
        (LOWERED, ["ada"], True),
        (LOWERED, ["olga"], False),
        (NODES, ["ada"], False),
        (NODES, ["ada", "alan"], True),
        ({OVERLAY: overlay(released=["aaaa"])}, ["ada"], False),
        ({OVERLAY: overlay(released=["aaaa"])}, ["ada", "grace"], True),
        ({**LOOSER, **HALT}, ["olga"], False),
        ({**LOOSER, **HALT}, ["ada", "grace"], True),
    ],
)
def test_what_a_change_takes(
    changed: dict[str, Content],
    approvers: Sequence[str],
    enough: bool,  # noqa: FBT001 - a table
) -> None:
    assert met(changed, *approvers) is enough


def test_a_need_names_its_role_its_people_and_its_fields() -> None:
    (need,) = needs(LOOSER, "ada")
    assert need == Need(
        scope="momentum",
        action="loosen",
        role="risk",
        quorum=2,
        approved=("ada",),
        missing=("alan", "grace"),
        fields=("vaults.momentum.capital",),
    )


def test_what_no_rule_covers_may_be_changed_by_nobody() -> None:
    who = resolved(
        authority(KEYS).replace(
            'environments: ["*"], vaults: ["*"]', 'environments: [dev], vaults: ["*"]'
        )
    )
    (need,) = needs(LOOSER, "ada", "grace", "alan", who=who)
    assert (need.role, need.quorum, need.met) == ("", 0, False)


def test_a_quorum_of_more_people_than_there_are_is_never_met() -> None:
    who = resolved(authority(KEYS, loosen=4))
    assert not met(LOOSER, "ada", "grace", "alan", "olga", "carol", who=who)


def test_the_way_nearest_to_being_met_is_the_one_that_is_told() -> None:
    text = authority(KEYS).replace("activate: 1", "activate: 1, loosen: 1")
    (need,) = needs(LOOSER, who=resolved(text))
    assert (need.role, need.quorum) == ("operator", 1)


def test_one_person_with_many_keys_is_one_person() -> None:
    spare = person("spare").key.openssh
    who = resolved(authority({**KEYS, "ada": [*KEYS["ada"], spare]}))
    assert who.person_of(person("spare").key) == who.person_of(person("ada").key) == "ada"
    assert not met(LOOSER, "ada", who=who)


# Flips


def flipped(*, ends: int, slice_: str = "0.05", amplifier: str = "1.2") -> dict[str, Content]:
    return {OVERLAY: overlay(flip(ends, slice_=slice_, amplifier=amplifier))}


WITHIN = flipped(ends=NOW + HOUR)


@pytest.mark.parametrize(
    ("changed", "approvers", "enough"),
    [
        (WITHIN, ["olga"], True),
        (WITHIN, [], False),
        (WITHIN, ["carol"], False),
        (flipped(ends=NOW + 2 * HOUR), ["olga"], True),
        (flipped(ends=NOW + 2 * HOUR + MINUTE), ["olga"], False),
        (flipped(ends=NOW + HOUR, slice_="0.10"), ["olga"], True),
        (flipped(ends=NOW + HOUR, slice_="0.11"), ["olga"], False),
        (flipped(ends=NOW + HOUR, amplifier="1.6"), ["olga"], False),
        (flipped(ends=NOW + HOUR, amplifier="1.6"), ["ada", "grace"], True),
        # Whoever may approve a flip beyond the envelope may approve one within it.
        (WITHIN, ["ada", "grace"], True),
        (WITHIN, ["ada"], False),
    ],
)
def test_a_flip_within_the_envelope_takes_one_who_may_activate(
    changed: dict[str, Content],
    approvers: Sequence[str],
    enough: bool,  # noqa: FBT001 - a table
) -> None:
    assert met(changed, *approvers) is enough


def test_an_envelope_widened_beside_the_flip_that_uses_it_takes_the_quorum() -> None:
    wide = vault("momentum").replace("slice: 0.10", "slice: 0.50")
    changed: dict[str, Content] = {MOMENTUM: wide, **flipped(ends=NOW + HOUR, slice_="0.50")}
    assert not met(changed, "olga")
    assert met(changed, "olga", "ada", "grace")


@pytest.mark.parametrize(
    ("approvers", "met"), [(["olga"], False), (["ada"], False), (["ada", "grace"], True)]
)
def test_a_boost_takes_the_quorum_of_its_vault(approvers: list[str], met: bool) -> None:  # noqa: FBT001 - parametrised
    (need,) = needs({OVERLAY: overlay(boosts=[boost(NOW + HOUR)])}, *approvers)
    assert (need.scope, need.action, need.met) == ("momentum", "loosen", met)


def test_a_flip_taken_back_or_made_smaller_is_a_tightening() -> None:
    before = compiled({**FILES, **WITHIN})
    for after in (FILES, {**FILES, **flipped(ends=NOW + HOUR, slice_="0.01")}):
        proposed = compiled(after)
        (need,) = judge(WHO, proposed, changes(before, proposed), frozenset({"ada"}), NOW)
        assert (need.scope, need.action, need.met) == ("momentum", "tighten", True)


# Scopes


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (("vaults", "momentum", "capital"), "momentum"),
        (("vaults", "momentum"), "momentum"),
        (("overlay", "vaults", "momentum", "full_halt"), "momentum"),
        (("overlay", "vaults", DEFAULT, "full_halt"), "*"),
        (("overlay", "vaults"), "*"),
        (("overlay", "everywhere", "full_halt"), "*"),
        (("overlay", "venues", "paper", "full_halt"), "*"),
        (("overlay", "flips", "momentum"), "momentum"),
        (("overlay", "flips", "momentum", "until"), "momentum"),
        (("overlay", "boosts", "momentum"), "momentum"),
        (("released",), "*"),
    ],
)
def test_what_a_change_is_about(path: tuple[str, ...], scope: str) -> None:
    assert scope_of(path) == scope


@pytest.mark.parametrize("path", ["authority", "nodes", "ceiling", "account", "environment"])
def test_the_ground_of_the_fund_is_roots(path: str) -> None:
    assert may(WHO, "alan", "loosen", ENVIRONMENT, (path, "x"))
    assert not may(WHO, "olga", "tighten", ENVIRONMENT, (path, "x"))


def test_a_vault_called_root_is_a_vault() -> None:
    """Its rules are those of every vault, whoever is root."""
    named = {**FILES, f"environments/{ENVIRONMENT}/vaults/root.yaml": vault("root")}
    text = authority(KEYS, root=["olga", "carol", "alan"])
    proposed: Policy = compiled(named)
    (need,) = judge(
        resolved(text), proposed, changes(BASE, proposed), frozenset({"olga", "carol"}), NOW
    )
    assert (need.role, need.met) == ("risk", False)


@pytest.mark.parametrize(
    ("person_", "action", "environment", "path", "allowed"),
    [
        ("ada", "tighten", "dev", "vaults.momentum", True),
        ("olga", "tighten", "prod", "overlay.everywhere", True),
        ("olga", "tighten", "dev", "vaults.momentum", False),
        ("olga", "loosen", "prod", "vaults.momentum", False),
        ("carol", "tighten", "prod", "vaults.crypto", True),
        ("carol", "tighten", "prod", "overlay.everywhere", False),
        ("nobody", "tighten", "prod", "vaults.crypto", False),
    ],
)
def test_who_may_do_what_where(
    person_: str,
    action: str,
    environment: str,
    path: str,
    allowed: bool,  # noqa: FBT001 - a table
) -> None:
    assert may(WHO, person_, action, environment, tuple(path.split("."))) is allowed


def test_a_label_takes_what_a_tightening_takes() -> None:
    labelled: Mapping[str, Content] = {**FILES, MOMENTUM: vault("momentum", more="label: New")}
    proposed = compiled(labelled)
    (change,) = changes(BASE, proposed)
    (need,) = judge(WHO, proposed, [change], frozenset({"olga"}), NOW)
    assert change.effect is Effect.NEUTRAL
    assert (need.action, need.met) == ("tighten", True)


# Paths


def confined(paths: str, vaults: str = '["*"]') -> Authority:
    """An authority whose operator may tighten only parts of a policy."""
    text = authority(KEYS).replace(
        'grants: [{environments: [prod], vaults: ["*"], tighten: 1, activate: 1}]',
        f"grants: [{{environments: [prod], vaults: {vaults}, paths: {paths}, tighten: 1}}]",
    )
    return resolved(text)


@pytest.mark.parametrize(
    ("paths", "path", "allowed"),
    [
        ("[overlay]", "overlay.everywhere.full_halt", True),
        ("[overlay]", "overlay.vaults.momentum.full_halt", True),
        ("[overlay]", "vaults.momentum.capital", False),
        ('["vaults.*.exposure"]', "vaults.momentum.exposure.gross", True),
        ('["vaults.*.exposure"]', "vaults.momentum.capital", False),
        # Closing the whole vault closes more than its exposure.
        ('["vaults.*.exposure"]', "vaults.momentum", False),
        ('["vaults.crypto", overlay]', "vaults.momentum.capital", False),
        ('["vaults.crypto", overlay]', "vaults.crypto.capital", True),
        ('["*"]', "vaults.momentum", True),
    ],
)
def test_a_grant_may_be_confined_to_parts_of_a_policy(
    paths: str,
    path: str,
    allowed: bool,  # noqa: FBT001 - a table
) -> None:
    who = confined(paths)
    assert may(who, "olga", "tighten", ENVIRONMENT, tuple(path.split("."))) is allowed


def test_what_one_role_may_change_here_and_another_there_is_two_needs() -> None:
    changed: dict[str, Content] = {
        MOMENTUM: vault("momentum", capital=1, more="exposure: {perTicker: {default: 0.01}}")
    }
    changed[MOMENTUM] = str(changed[MOMENTUM]).replace(
        "  exposure:\n    perTicker: {default: 0.10}\n", ""
    )
    found = needs(changed, "olga", who=confined('["vaults.*.exposure"]'))
    assert {need.fields[0]: (need.scope, need.met) for need in found} == {
        "vaults.momentum.capital": ("momentum", False),
        "vaults.momentum.exposure.per_ticker.(default)": ("momentum", True),
    }


@pytest.mark.parametrize("paths", ['["Vaults"]', '["vaults..x"]', '["*", overlay]', "[1]"])
def test_paths_that_nothing_could_lie_at_are_refused(paths: str) -> None:
    with pytest.raises(MalformedError):
        confined(paths)


def test_a_key_listed_twice_is_refused() -> None:
    twice = {**KEYS, "ada": [KEYS["ada"][0], f"{KEYS['ada'][0]} laptop"]}
    assert refused(authority(twice)).code == "DUPLICATE_KEY"


def test_a_flip_of_no_vault_is_within_no_envelope() -> None:
    change = Change(("overlay", "flips", "ghost"), {}, {}, Effect.LOOSENS)
    (need,) = judge(WHO, BASE, [change], frozenset({"olga"}), NOW)
    assert (need.action, need.met) == ("loosen", False)
