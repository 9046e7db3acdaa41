"""Who may sign builds, who signs them off, and which nodes stay as they are."""

import pytest

from tests.governance.fund import HERE, authority, compiled, documents, overlay
from tests.governance.simulator import person
from vanta.domain.instant import DAY, parse_instant
from vanta.domain.policy import Policy, ReleasePolicy
from vanta.governance.authority import FROZEN, ROOT_SCOPE, scope_of
from vanta.governance.builders import BuildPermission
from vanta.governance.documents.read import AUTHORITY
from vanta.lattice.algebra import changes, compare, meet
from vanta.lattice.direction import Effect, Order

NOW = parse_instant("2026-11-26T00:00:00Z")
PEOPLE = ("ada", "grace", "alan", "olga", "carol")
KEYS = {name: [person(name).key.openssh] for name in PEOPLE}
ENGINEERS = """  - name: engineers
    people: [ada, alan, olga]
    grants: [{environments: [prod], vaults: ["*"], build: 1, review: 2}]
"""


def policy(*roles: str, keys: dict[str, list[str]] | None = None, frozen: str = "") -> Policy:
    stated = authority(keys or KEYS, roles="".join(roles))
    files = {**documents(KEYS), AUTHORITY: stated}
    if frozen:
        files[f"{HERE}overlay.yaml"] = overlay(frozen=frozen)
    return compiled(files)


def permission(*roles: str, now: int = NOW, frozen: str = "") -> BuildPermission:
    return BuildPermission(policy(*(roles or (ENGINEERS,)), frozen=frozen), now)


def test_where_no_role_builds_nobody_does() -> None:
    assert policy().releases == ReleasePolicy()
    nobody = BuildPermission(policy(), NOW)
    assert nobody.builder(person("ada").key) is None
    assert nobody.reviewers([person("ada").key]) == frozenset()
    assert nobody.needed == 1


def test_people_of_a_role_that_builds_sign_and_sign_off() -> None:
    here = permission()
    assert here.builder(person("ada").key) == "ada"
    assert here.builder(person("grace").key) is None
    signed = [person(name).key for name in ("ada", "alan", "grace", "alan")]
    assert here.reviewers(signed) == {"ada", "alan"}
    assert here.needed == 2
    assert here.askable == ("ada", "alan", "olga")


def test_nobody_reviews_what_they_built() -> None:
    signed = [person(name).key for name in ("ada", "alan")]
    assert permission().reviewers(signed, builder="ada") == {"alan"}


def test_the_strictest_of_several_roles_holds() -> None:
    more = ENGINEERS.replace("engineers", "auditors").replace("build: 1, review: 2", "review: 3")
    here = permission(ENGINEERS, more.replace("ada, alan, olga", "grace"))
    assert here.needed == 3
    assert here.askable == ("ada", "alan", "grace", "olga")
    assert here.builder(person("grace").key) is None


@pytest.mark.parametrize(
    "grant",
    [
        '{environments: [staging], vaults: ["*"], build: 1, review: 1}',
        '{environments: ["*"], vaults: [momentum], build: 1, review: 1}',
        '{environments: ["*"], vaults: ["*"], tighten: 1, loosen: 1}',
    ],
)
def test_a_grant_elsewhere_or_for_one_vault_is_none(grant: str) -> None:
    assert policy(f"  - {{name: some, people: [ada], grants: [{grant}]}}\n").releases == (
        ReleasePolicy()
    )


def test_a_revoked_key_signs_nothing_and_a_term_ends() -> None:
    line = KEYS["ada"][0]
    terms = {
        "ada": [f'{{key: "{line}", expires: "2026-11-27T00:00:00Z"}}'],
        "alan": [f'{{key: "{KEYS["alan"][0]}", revoked: true}}', person("another").key.openssh],
    }
    rules = policy(ENGINEERS, keys={**KEYS, **terms})
    assert BuildPermission(rules, NOW).builder(person("ada").key) == "ada"
    assert BuildPermission(rules, NOW + DAY).builder(person("ada").key) is None
    assert BuildPermission(rules, NOW).builder(person("alan").key) is None
    assert BuildPermission(rules, NOW).builder(person("another").key) == "alan"


def test_a_node_is_frozen_by_name_or_with_all() -> None:
    assert not permission().frozen("executor")
    assert permission(frozen="[executor, markets]").frozen("executor")
    assert not permission(frozen="[markets]").frozen("executor")
    assert permission(frozen='["*"]').frozen("executor")


def test_freezing_tightens_and_what_it_takes_to_build_is_roots() -> None:
    loose, frozen = policy(ENGINEERS), policy(ENGINEERS, frozen="[executor]")
    [change] = changes(loose, frozen)
    assert (change.path, change.effect) == (FROZEN, Effect.TIGHTENS)
    assert scope_of(change.path) == "*"
    assert compare(frozen, loose) is Order.TIGHTER
    assert meet(loose, frozen).releases.frozen == {"executor"}
    fewer = policy(ENGINEERS.replace("review: 2", "review: 1"))
    [change] = changes(loose, fewer)
    assert (change.path, change.effect) == (("releases", "reviews"), Effect.LOOSENS)
    assert scope_of(change.path) == ROOT_SCOPE
