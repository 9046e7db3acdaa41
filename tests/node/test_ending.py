"""A service ends when it is told to, whatever it was doing at that moment."""

import signal
import subprocess
import sys
import threading
import time

from vanta.node.ending import Told

WAITS = """
from vanta.node.ending import until_told
stop = until_told()
print("waits", flush=True)
while not stop.is_set():
    stop.wait(0)
print("ended", flush=True)
"""


def test_it_ends_however_unlucky_the_moment() -> None:
    """Much of its time is in the wait, where an event would hold the lock that a signal needs."""
    for _ in range(20):
        words = [sys.executable, "-c", WAITS]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            assert service.stdout.readline() == "waits\n"
            service.send_signal(signal.SIGTERM)
            try:
                told, _ = service.communicate(timeout=20)
            finally:
                service.kill()
        assert (told, service.returncode) == ("ended\n", 0)


def test_who_waits_in_another_thread_is_told_at_once() -> None:
    told = Told()
    ended: list[float] = []
    waiting = [
        threading.Thread(target=lambda: ended.append(time.monotonic()) if told.wait(30) else None)
        for _ in range(3)
    ]
    for one in waiting:
        one.start()
    before = time.monotonic()
    told.tell()
    for one in waiting:
        one.join(30)
    assert len(ended) == 3
    assert max(ended) - before < 10


def test_who_is_not_told_waits_for_so_long() -> None:
    told = Told()
    before = time.monotonic()
    assert not told.wait(0.05)
    assert time.monotonic() - before >= 0.05
    assert not told.is_set()
    told.tell()
    told.tell()
    assert told.is_set()
    assert told.wait()
    assert told.wait(0)
