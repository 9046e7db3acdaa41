"""Without its bus an Executor looks after what is open, and takes up what waits when it is back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.carriers import ByRedis, until
from tests.executor.building import envelope, intent
from tests.executor.running import Node
from tests.governance.valkey import Valkey
from vanta.domain.instant import MINUTE


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.end()


def trouble(node: Node) -> str:
    assert node.process is not None
    return node.process.trouble


def test_a_folder_that_is_gone_keeps_new_orders_out_and_no_fill(node: Node, tmp_path: Path) -> None:
    node.wants()
    node.step(2)
    assert node.types().count("order.prepared") == 1
    (tmp_path / "bus").rename(tmp_path / "elsewhere")
    node.step()
    assert trouble(node) == "BUS_UNAVAILABLE"
    filled = node.types().count("order.filled")
    node.broker.fill(node.broker.sent[0], 1)
    node.step(3)
    assert node.types().count("order.filled") == filled + 1
    (tmp_path / "elsewhere").rename(tmp_path / "bus")
    node.wants("MSFT")
    node.step(2)
    assert trouble(node) == ""
    assert len(node.broker.orders) == 2
    node.holds_together()


def test_a_redis_that_is_killed_in_the_middle_loses_and_doubles_nothing(
    node: Node, tmp_path: Path
) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    with Valkey(folder) as server:
        bus = ByRedis(server.url)
        outbox, node.inbox = bus.outbox(), bus.inbox()
        wanted = {
            symbol: intent(symbol, created=node.clock.now, expires=node.clock.now + 10 * MINUTE)
            for symbol in ("AAPL", "MSFT")
        }
        outbox.send(wanted["AAPL"].id, envelope(wanted["AAPL"]))

        def ordered(count: int) -> bool:
            node.step()
            return len(node.broker.orders) == count

        assert until(lambda: ordered(1))
        server.stop()

        def away() -> bool:
            node.step()
            return trouble(node) == "BUS_UNAVAILABLE"

        assert until(away)
        server.start()
        assert until(lambda: not outbox.forgot())
        for one in wanted.values():
            outbox.send(one.id, envelope(one))
        assert until(lambda: ordered(2))

        def refused() -> bool:
            node.step()
            return node.types("intents").count("intent.refused") == 1

        assert until(refused)
        assert trouble(node) == ""
        node.holds_together()
        bus.close()
