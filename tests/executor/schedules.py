"""Threads that run one at a time, in an order drawn by chance: any race, and again by its seed."""

import random
import threading
from collections.abc import Callable

PATIENCE = 60.0


class Schedule:
    """Runs tasks step by step; a task goes on only when it is its turn.

    Args:
        seed: of the order the turns come in.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._turns: dict[int, threading.Semaphore] = {}
        self._back = threading.Semaphore(0)
        self._waiting: list[int] = []
        self._failed: list[BaseException] = []

    def step(self) -> None:
        """Called by a task: let somebody else go on."""
        mine = threading.get_ident()
        if mine not in self._turns:
            return
        self._waiting.append(mine)
        self._back.release()
        self._turns[mine].acquire()

    def run(self, *tasks: Callable[[], None]) -> None:
        """Run every task to its end, in turns.

        Raises:
            BaseException: what a task raised.
        """
        threads = [threading.Thread(target=self._task, args=(task,)) for task in tasks]
        for thread in threads:
            thread.start()
            self._hear()
        while self._waiting:
            # By start, not by thread id, which differs from run to run.
            order = list(self._turns)
            chosen = self._chance.choice(sorted(self._waiting, key=order.index))
            self._waiting.remove(chosen)
            self._turns[chosen].release()
            self._hear()
        for thread in threads:
            thread.join(PATIENCE)
        if self._failed:
            raise self._failed[0]

    def _hear(self) -> None:
        assert self._back.acquire(timeout=PATIENCE), "a task neither went on nor gave way"

    def _task(self, task: Callable[[], None]) -> None:
        self._turns[threading.get_ident()] = threading.Semaphore(0)
        try:
            self.step()
            task()
        except BaseException as error:  # noqa: BLE001 - told to whoever runs it
            self._failed.append(error)
        finally:
            self._back.release()
