"""The kill switches, against the table of the fences page, row by row."""

import pytest

from vanta.domain.instant import FOREVER, NEVER
from vanta.domain.switches import HALTED, SWITCHES, Action, Switches, forbidding

TABLE = """
| switch                    | open | reduce | cancel | call out | mirror     |
| reduce_only               | no   | yes    | yes    | yes      | reductions |
| orders_disabled           | no   | no     | yes    | yes      | no         |
| maintenance               | no   | no     | yes    | yes      | no         |
| external_calls_disabled   | no   | no     | yes    | no       | no         |
| full_halt                 | no   | no     | yes    | no       | no         |
"""
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines()[1:]
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_switch_forbids_what_its_row_says(row: list[str]) -> None:
    switch, opening, reducing, cancel, call_out, mirror = row
    expected = {
        Action.OPEN: opening == "yes",
        Action.REDUCE: reducing == "yes",
        Action.CANCEL: cancel == "yes",
        Action.CALL_OUT: call_out == "yes",
        Action.MIRROR: mirror == "yes",
        Action.MIRROR_REDUCTION: mirror in {"yes", "reductions"},
    }
    on = Switches(**{switch: FOREVER})
    for action in Action:
        assert forbidding(on, action) == (() if expected[action] else (switch,))


def test_the_table_names_every_switch_mildest_first() -> None:
    assert [row[0] for row in ROWS] == list(SWITCHES) == list(Switches.__struct_fields__)


@pytest.mark.parametrize("action", Action)
def test_with_everything_off_everything_may_happen(action: Action) -> None:
    assert forbidding(Switches(), action) == ()


def test_every_switch_that_forbids_is_named() -> None:
    on = Switches(reduce_only=FOREVER, maintenance=FOREVER, full_halt=FOREVER)
    assert forbidding(on, Action.OPEN) == ("reduce_only", "maintenance", "full_halt")
    assert forbidding(on, Action.REDUCE) == ("maintenance", "full_halt")


@pytest.mark.parametrize(("until", "on"), [(NEVER, False), (1, True), (FOREVER, True)])
def test_a_switch_with_an_end_is_on_like_any_other(until: int, on: bool) -> None:  # noqa: FBT001 - a table
    """Its end is the controller's to publish."""
    assert bool(forbidding(Switches(maintenance=until), Action.OPEN)) is on


def test_an_unreadable_policy_halts_everything_but_cancels_for_ever() -> None:
    for action in set(Action) - {Action.CANCEL}:
        assert forbidding(HALTED, action) == ("full_halt",)
    assert forbidding(HALTED, Action.CANCEL) == ()
