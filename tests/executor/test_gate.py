"""The gate: shut by any switch, a latch, or anything it cannot read; and a halt waits for sends."""

import fcntl
import multiprocessing
import os
import random
import threading
import time
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import NOW, VAULT, order, policy, published, vault
from vanta.domain.errors import UnavailableError
from vanta.domain.exact import UNIT, notional
from vanta.domain.instant import FOREVER
from vanta.domain.policy import OverlayPolicy, Published
from vanta.domain.switches import Switches
from vanta.domain.trading import Order
from vanta.executor.gate import LATCHED, Gate
from vanta.executor.rails import PEG
from vanta.governance.latch import LATCH, LOCK, wait_for_sends
from vanta.journal.files import atomic_write
from vanta.lattice.direction import Table

OPENING = order()
LEAVING = order(side="sell", reducing=True)


def on(**scopes: object) -> Published:
    return published(policy(overlay=msgspec.structs.replace(OverlayPolicy(), **scopes)))


def shut(memory: Path, found: Published, placed: Order = OPENING) -> tuple[str, ...]:
    with Gate(memory, lambda: found).look(placed) as codes:
        return codes


def test_with_nothing_in_the_way_it_is_open(tmp_path: Path) -> None:
    assert shut(tmp_path, published(policy())) == ()


@pytest.mark.parametrize("switch", Switches.__struct_fields__)
def test_any_switch_shuts_it_for_what_it_forbids(tmp_path: Path, switch: str) -> None:
    thrown = Switches(**{switch: FOREVER})
    for scopes in (
        {"everywhere": thrown},
        {"vaults": Table(Switches(), {VAULT: thrown})},
        {"venues": Table(Switches(), {"paper": thrown})},
        {"strategies": Table(Switches(), {"reflect": thrown})},
    ):
        assert shut(tmp_path, on(**scopes)) == (switch.upper(),)
        leaving = shut(tmp_path, on(**scopes), LEAVING)
        assert leaving == (() if switch == "reduce_only" else (switch.upper(),))


@pytest.mark.parametrize("until", [1, NOW - 1, NOW, NOW + 1, FOREVER])
def test_a_switch_with_an_end_is_on_until_the_controller_turns_it_off(
    tmp_path: Path, until: int
) -> None:
    """Whatever the time: a clock that was set forward ends no halt here."""
    assert shut(tmp_path, on(everywhere=Switches(full_halt=until))) == ("FULL_HALT",)


def test_a_latch_shuts_it_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / LATCH).write_text("")
    assert shut(tmp_path, published(policy())) == (LATCHED,)
    (tmp_path / LATCH).unlink()
    (tmp_path / LATCH).symlink_to("nowhere")
    assert shut(tmp_path, published(policy()), LEAVING) == (LATCHED,)


def test_it_is_shut_when_the_latch_cannot_be_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert Gate(file, lambda: published(policy())).halted()


def test_a_policy_that_cannot_be_read_shuts_it(tmp_path: Path) -> None:
    def unreadable() -> Published:
        raise UnavailableError("no", code="NO_POLICY")

    def broken() -> Published:
        raise ZeroDivisionError

    for read, code in ((unreadable, "NO_POLICY"), (broken, "GATE_ZERODIVISIONERROR")):
        with Gate(tmp_path, read).look(OPENING) as codes:
            assert codes == (code,)


def test_a_lock_that_cannot_be_taken_shuts_it(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    memory = tmp_path / "gone"
    assert shut(memory, published(policy())) == ("GATE_LOCK",)


GONE = published(policy({}))
NARROW = published(policy({VAULT: vault(universe={"allow": frozenset({"MSFT"})})}))
SMALL = published(policy({VAULT: vault(orders={"max_notional": UNIT})}))


def test_what_the_policy_grants_no_more_stays_in_and_gets_out(tmp_path: Path) -> None:
    assert shut(tmp_path, GONE)[0] == "VAULT_UNKNOWN"
    assert shut(tmp_path, NARROW) == ("SYMBOL_NOT_ALLOWED",)
    assert shut(tmp_path, SMALL) == ("ORDER_NOTIONAL",)
    assert shut(tmp_path, GONE, LEAVING) == shut(tmp_path, SMALL, LEAVING) == ()


def test_an_order_at_its_limits_may_leave(tmp_path: Path) -> None:
    worth = notional(OPENING.limit_price, OPENING.quantity)
    for over in (0, 1):
        limits = {"max_notional": worth - over, "max_quantity": OPENING.quantity}
        found = published(policy({VAULT: vault(orders=limits)}))
        assert shut(tmp_path, found) == ("ORDER_NOTIONAL",) * over


def test_money_is_asked_for_its_worth_and_a_coin_in_stablecoin_by_either_name(
    tmp_path: Path,
) -> None:
    money = msgspec.structs.replace(OPENING, symbol=PEG, asset_class="crypto")
    narrow = {"max_quantity": UNIT}
    assert shut(tmp_path, published(policy({VAULT: vault(orders=narrow)})), money) == ()
    coin = msgspec.structs.replace(money, symbol="BTC-USDC", quantity=UNIT)
    assert shut(tmp_path, published(policy()), coin) == ()
    for name in ("BTC-USD", "BTC-USDC"):
        denied = published(policy({VAULT: vault(universe={"deny": frozenset({name})})}))
        assert shut(tmp_path, denied, coin) == ("SYMBOL_DENIED",)


def test_it_reads_the_policy_at_every_look(tmp_path: Path) -> None:
    found = [published(policy())]
    gate = Gate(tmp_path, lambda: found[0])
    with gate.look(OPENING) as codes:
        assert codes == ()
    found[0] = on(everywhere=Switches(orders_disabled=FOREVER))
    with gate.look(OPENING) as codes:
        assert codes == ("ORDERS_DISABLED",)


def test_what_the_service_holds_back_stays_in(tmp_path: Path) -> None:
    gate = Gate(tmp_path, lambda: published(policy()))
    gate.holds["paper"] = ("RECONCILIATION_DRIFT",)
    with gate.look(LEAVING) as codes:
        assert codes == ("RECONCILIATION_DRIFT",)


def test_a_halt_waits_for_the_send_that_has_begun(tmp_path: Path) -> None:
    gate = Gate(tmp_path, lambda: published(policy()))
    returned = threading.Event()

    def halt() -> None:
        atomic_write(tmp_path / LATCH, b"now")
        wait_for_sends(tmp_path)
        returned.set()

    with gate.look(OPENING) as codes:
        assert codes == ()
        halting = threading.Thread(target=halt)
        halting.start()
        assert not returned.wait(0.1)
    assert returned.wait(5)
    halting.join()
    with gate.look(OPENING) as codes:
        assert codes == (LATCHED,)


def _send_until_told(memory: str, sent: str, seed: int) -> None:
    """Send as fast as it goes, and write down when each send ended."""
    generator = random.Random(seed)
    gate = Gate(Path(memory), lambda: published(policy()))
    out = os.open(sent, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(100_000):
        with gate.look(OPENING) as codes:
            if codes:
                return
            if generator.random() < 0.3:
                time.sleep(generator.random() * 0.001)
            os.write(out, b"%d\n" % time.monotonic_ns())


def test_no_order_leaves_after_a_halt_returned(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    sent = tmp_path / "sent"
    senders = [
        context.Process(target=_send_until_told, args=(str(tmp_path), str(sent), seed))
        for seed in range(2)
    ]
    for sender in senders:
        sender.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (not sent.exists() or sent.stat().st_size < 5000):
        time.sleep(0.005)
    atomic_write(tmp_path / LATCH, b"now")
    wait_for_sends(tmp_path)
    returned = time.monotonic_ns()
    for sender in senders:
        sender.join(30)
        assert sender.exitcode == 0
    times = [int(line) for line in sent.read_text().split()]
    assert len(times) > 100
    assert max(times) <= returned


def test_the_lock_is_free_between_sends(tmp_path: Path) -> None:
    gate = Gate(tmp_path, lambda: published(policy()))
    with gate.look(OPENING):
        pass
    fd = os.open(tmp_path / LOCK, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)
