"""A ceiling clamps every field that has an order, refuses no vault, and states nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.governance.fund import CEILING, ENVIRONMENT, HERE, compiled, document, documents
from tests.governance.simulator import Content, person
from vanta.domain.errors import MalformedError
from vanta.domain.policy import Policy, VaultPolicy
from vanta.governance.documents.read import read_document
from vanta.lattice.direction import (
    AllowSet,
    Cap,
    DenySet,
    Direction,
    Floor,
    Order,
    Permission,
    Steps,
    Tabled,
)
from vanta.lattice.governed import Governed, Group, directions

KEYS = {n: [person(n).key.openssh] for n in ("ada", "grace", "alan", "olga", "carol")}
FILES = documents(KEYS)
VAULT, PERSONA = f"{HERE}vaults/above.yaml", "personas/above.yaml"
Path = tuple[str, ...]


def leaves(kind: type[Governed], path: Path = ()) -> Iterator[tuple[Path, Direction[Any]]]:
    for name, direction in directions(kind).items():
        if isinstance(direction, Group):
            yield from leaves(direction.kind, (*path, name))
        else:
            yield (*path, name), direction


ORDERED = [(path, way) for path, way in leaves(VaultPolicy) if way.ordered]
UNRANKED = [path for path, way in leaves(VaultPolicy) if not way.ordered]
AMOUNTS = {
    "money": ("10", "20"),
    "quantity": ("10", "20"),
    "ratio": ("0.1", "0.2"),
    "count": ("1", "2"),
    "duration": ("1m", "2m"),
}


def written(way: Direction[Any]) -> tuple[str, str]:
    """Something of this direction as a document says it: the tighter, and the looser."""
    match way:
        case Tabled():
            low, high = written(way.inner)
            return f"{{default: {low}, AAPL: {low}}}", f"{{default: {low}, AAPL: {high}}}"
        case Steps():
            return "[{conviction: 0.5, size: 0.1}]", "[{conviction: 0.5, size: 0.2}]"
        case AllowSet():
            return "[AAPL]", "['*']"
        case DenySet():
            return "[AAPL]", "[]"
        case Permission():
            return "false", "true"
        case Cap():
            return AMOUNTS[way.unit]
        case Floor():
            low, high = AMOUNTS[way.unit]
            return high, low
    raise AssertionError(way)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def stated(path: Path, value: str) -> str:
    """One field as YAML, below whatever holds it."""
    *above, last = map(camel, path)
    text = f"{last}: {value}"
    for name in reversed(above):
        text = f"{name}: {{{text}}}"
    return text


def policy(path: Path, ceiling: str, vault: str) -> Policy:
    """A fund whose ceiling and one of whose vaults state this field."""
    files: dict[str, Content] = {
        **FILES,
        CEILING: document("Ceiling", ENVIRONMENT, f"account: {{}}\n{stated(path, ceiling)}"),
        PERSONA: document("Persona", "above", ""),
        VAULT: document("Vault", "above", "persona: above"),
    }
    if path[0] == "persona":
        files[PERSONA] = document("Persona", "above", stated(path[1:], vault))
    else:
        files[VAULT] = document("Vault", "above", f"persona: above\n{stated(path, vault)}")
    return compiled(files)


def at(value: object, path: Path) -> Any:  # noqa: ANN401 - any field
    for step in path:
        value = getattr(value, step)
    return value


@pytest.mark.parametrize(("path", "way"), ORDERED, ids=[".".join(path) for path, _ in ORDERED])
def test_every_ordered_field_of_a_vault_above_its_ceiling_is_clamped(
    path: Path, way: Direction[Any]
) -> None:
    tight, loose = written(way)
    found = policy(path, tight, loose)
    assert at(found.vaults["above"], path) == at(found.ceiling, path)
    # And where the vault is the tighter of the two, it stays what it says.
    below = policy(path, loose, tight)
    assert at(below.vaults["above"], path) == at(found.ceiling, path)
    assert way.compare(at(below.vaults["above"], path), at(below.ceiling, path)) is Order.TIGHTER


@pytest.mark.parametrize("path", UNRANKED, ids=".".join)
def test_what_nobody_can_rank_cannot_be_smuggled_into_a_ceiling(path: Path) -> None:
    """It would look like a limit and bound nothing, or move what causes an order for all vaults."""
    text = document("Ceiling", ENVIRONMENT, f"account: {{}}\n{stated(path, '1')}")
    with pytest.raises(MalformedError) as refused:
        read_document(text.encode(), file=CEILING)
    field = ".".join(map(camel, path[:1] if path[0] == "compounding" else path))
    assert refused.value.place == f"{CEILING}:7: spec.{field}"
    assert "remove it" in refused.value.remedy


def test_a_ceiling_that_is_silent_clamps_nothing_but_the_account() -> None:
    silent = compiled({**FILES, CEILING: document("Ceiling", ENVIRONMENT, "account: {}")})
    base = compiled(FILES)
    assert silent.vaults == base.vaults
    assert silent.account == type(silent.account)()
