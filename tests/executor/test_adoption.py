"""Which policy is in force: newer ones whole, older and edited ones only where they tighten."""

import msgspec
import pytest

from tests.executor.building import OTHER, VAULT, policy, published, vault
from vanta.domain.errors import UnavailableError
from vanta.domain.exact import UNIT
from vanta.domain.instant import FOREVER
from vanta.domain.policy import OverlayPolicy, Published
from vanta.domain.switches import Switches
from vanta.executor.adoption import PolicyInForce, adopt

HALTED = OverlayPolicy(everywhere=Switches(full_halt=FOREVER))


def test_a_newer_publication_is_taken_whole() -> None:
    tight, loose = published(policy(overlay=HALTED), 1), published(policy(), 2)
    assert adopt(None, tight) is tight
    assert adopt(tight, loose) is loose


@pytest.mark.parametrize("serial", [1, 2])
def test_what_is_not_newer_cannot_loosen(serial: int) -> None:
    in_force = published(policy(overlay=HALTED), 2)
    assert adopt(in_force, published(policy(), serial)) is in_force


@pytest.mark.parametrize("serial", [1, 2])
def test_what_is_not_newer_can_tighten(serial: int) -> None:
    in_force = published(policy(), 2)
    capped = policy({VAULT: vault(capital=5 * UNIT), OTHER: vault(capital=9_000_000 * UNIT)})
    found = adopt(in_force, published(capped, serial))
    assert found.provenance == in_force.provenance
    assert found.policy.vaults[VAULT].capital == 5 * UNIT
    assert found.policy.vaults[OTHER].capital == 1_000_000 * UNIT


def test_it_stays_the_same_object_while_nothing_changes() -> None:
    source = [published(policy(), 3)]
    in_force = PolicyInForce(lambda: source[0])
    first = in_force()
    assert in_force() is first
    source[0] = msgspec.structs.replace(source[0])
    assert in_force() is first
    source[0] = published(policy(overlay=HALTED), 1)
    assert in_force().policy.overlay == HALTED
    assert in_force().provenance.serial == 3
    source[0] = published(policy(), 2)
    assert in_force().policy.overlay == HALTED, "an old file undoes a halt"
    source[0] = published(policy(), 4)
    assert in_force().policy.overlay == OverlayPolicy()


def test_a_restart_remembers_what_was_in_force() -> None:
    before = published(policy(overlay=HALTED), 5)
    assert PolicyInForce(lambda: published(policy(), 4), before)() is before


def test_what_cannot_be_read_is_not_replaced_by_what_was() -> None:
    def unreadable() -> Published:
        raise UnavailableError("no", code="NO_POLICY")

    with pytest.raises(UnavailableError):
        PolicyInForce(unreadable, published(policy()))()


def test_a_silent_controller_is_over_when_it_publishes_anew() -> None:
    """What a reader tightened by itself is adopted, and only a greater serial lifts it."""
    quiet = OverlayPolicy(everywhere=Switches(reduce_only=FOREVER))
    found = [published(policy(), 3)]
    in_force = PolicyInForce(lambda: found[0])
    assert in_force().policy.overlay == OverlayPolicy()
    found[0] = published(policy(overlay=quiet), 3)
    assert in_force().policy.overlay == quiet
    found[0] = published(policy(), 3)
    assert in_force().policy.overlay == quiet
    found[0] = published(policy(), 4)
    assert in_force().policy.overlay == OverlayPolicy()
