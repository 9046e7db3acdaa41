"""A name that meant something once never means anything else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.building import KEY, NODE, NOW, intent
from vanta.domain import retired
from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError
from vanta.domain.policy import Policy
from vanta.domain.retired import Retired
from vanta.domain.switches import SWITCHES
from vanta.domain.trading import Envelope, Intent
from vanta.executor.fences import wire
from vanta.executor.fences.registry import CODES, FENCES
from vanta.executor.intake import Refused, accept
from vanta.governance.documents.read import read_document
from vanta.governance.keys import public_key_of
from vanta.governance.sshsig import sign
from vanta.lattice.direction import Tabled
from vanta.lattice.governed import Governed, Group, Keyed, directions

EVER = Path(__file__).parent / "names_ever_live.txt"
GONE = Retired("0.9.0", "write `perMinute`")


def fields(kind: type[Governed]) -> Iterator[str]:
    for name, direction in directions(kind).items():
        yield f"field {kind.__name__}.{name}"
        inner = direction.inner if isinstance(direction, Tabled) else direction
        if isinstance(inner, Keyed):
            yield from fields(inner.group.kind)
        elif isinstance(inner, Group):
            yield from fields(inner.kind)


def live() -> set[str]:
    """Every name that means something now."""
    return {
        *fields(Policy),
        *(f"flag {name}" for name in Intent.__struct_fields__),
        *(f"switch {name}" for name in SWITCHES),
        *(f"code {code}" for code in CODES),
        *(f"fence {fence.number} {fence.name}" for fence in FENCES),
        f"fence {wire.NUMBER} WITHIN_PARENT",
    }


def gone() -> set[str]:
    return {f"{kind} {name}" for kind, names in retired.by_kind().items() for name in names}


def test_what_was_ever_live_is_live_or_retired() -> None:
    ever = set(EVER.read_text().splitlines())
    assert ever - live() == gone(), "retire the name in vanta/domain/retired.py"
    assert live() - ever == set(), f"add it to {EVER.name}: it can never mean anything else"


def test_no_retired_name_is_live() -> None:
    assert live() & gone() == set()
    numbers = [fence.number for fence in FENCES]
    assert len(set(numbers)) == len(numbers)
    assert not {name.split()[0] for name in retired.FENCES} & {str(n) for n in numbers}


def test_a_document_that_uses_one_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    document = (
        b"apiVersion: vanta.dev/v1\nkind: Vault\nmetadata: {name: one}\n"
        b"spec:\n  orders:\n    perSecond: 5\n"
    )
    with pytest.raises(MalformedError) as unknown:
        read_document(document, file="one.yaml")
    assert unknown.value.code == "INVALID_FIELD"
    monkeypatch.setitem(retired.FIELDS, "OrderLimits.per_second", GONE)
    with pytest.raises(MalformedError) as refused:
        read_document(document + b"\n", file="one.yaml")
    assert refused.value.code == "RETIRED_FIELD"
    assert refused.value.place == "one.yaml:6: spec.orders.perSecond"
    assert refused.value.message == "this field was retired in 0.9.0 (and 1 more)"
    assert refused.value.remedy == "write `perMinute`"


def test_an_intent_that_uses_one_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = encode(intent()).replace(b'{"id"', b'{"power_peg":true,"id"', 1)
    assert b"power_peg" in payload
    parcel = encode(Envelope(payload.decode(), sign(KEY, payload, "vanta-intent").decode(), NODE))
    nodes = {NODE: (public_key_of(KEY).openssh,)}
    unknown = accept(parcel, nodes, {}, NOW)
    monkeypatch.setitem(retired.FLAGS, "power_peg", GONE)
    refused = accept(parcel, nodes, {}, NOW)
    assert isinstance(unknown, Refused)
    assert isinstance(refused, Refused)
    assert (unknown.code, refused.code) == ("MALFORMED_JSON", "RETIRED_FLAG")
    assert refused.reason == "power_peg was retired in 0.9.0: write `perMinute`"
    sound = intent()
    payload = encode(sound)
    parcel = encode(Envelope(payload.decode(), sign(KEY, payload, "vanta-intent").decode(), NODE))
    assert not isinstance(accept(parcel, nodes, {}, NOW), Refused)
