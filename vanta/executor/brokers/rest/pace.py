"""How often an account is read: vendors count what they are asked, and may tell when to look."""

from collections.abc import Callable

from vanta.executor.brokers.port import Executions


class Pace:
    """When one account is read again.

    Args:
        every: nanoseconds between two readings of executions where nothing says otherwise; twice
            as long between two questions about one order.
        monotonic: nanoseconds that nobody sets.
    """

    def __init__(self, every: int, monotonic: Callable[[], int]) -> None:
        self.every, self._monotonic = every, monotonic
        self._read = 0
        """When executions were read last; 0 where the next reading may not wait."""
        self._asked: dict[str, int] = {}
        """When each order was last asked about."""

    def hurry(self) -> None:
        """Something may have happened: the next reading may not wait."""
        self._read = 0

    def read(self, watermark: int, since: Callable[[int], Executions]) -> Executions:
        """What was executed, where it is time to read that; else nothing new.

        A reading that fails does not count.

        Args:
            watermark: how far executions are known.
            since: the reading.
        """
        now = self._monotonic()
        if self._read and now - self._read < self.every:
            return Executions((), (), watermark)
        news = since(watermark)
        self._read = now
        return news

    def asks(self, client_order_id: str) -> bool:
        """Whether an order may be asked about by now; it counts as asked, and readings hurry."""
        now, apart = self._monotonic(), 2 * self.every
        if client_order_id in self._asked and now - self._asked[client_order_id] < apart:
            return False
        recent = {name: at for name, at in self._asked.items() if now - at < apart}
        self._asked = {**recent, client_order_id: now}
        self.hurry()
        return True
