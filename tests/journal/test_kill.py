"""A real process, killed with SIGKILL at random moments while it appends and rotates."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.journal.building import numbers
from vanta.journal.reader import read, segments
from vanta.journal.verify import verify

ROUNDS = 6
PROGRAM = """
import sys, time
from pathlib import Path
from vanta.domain.record import Entry
from vanta.journal.reader import read
from vanta.journal.writer import Journal
path = Path(sys.argv[1])
journal = Journal.open(path, actor="a@1", clock=time.time_ns, rotate_at=20_000)
number = sum(record.type == "order.filled" for record in read(path))
while True:
    batch = [Entry("order.filled", f"f{n}", {"number": n}) for n in range(number, number + 3)]
    journal.append(batch)
    number += 3
    print(number, flush=True)
"""


def test_what_was_acknowledged_before_sigkill_is_there_after_it(path: Path) -> None:
    chance = random.Random(11)
    for _ in range(ROUNDS):
        service = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, path], stdout=subprocess.PIPE, text=True
        )
        assert service.stdout is not None
        assert service.stdout.readline()
        time.sleep(chance.uniform(0, 0.3))
        service.send_signal(signal.SIGKILL)
        output, _ = service.communicate()
        lines = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
        acknowledged = int(lines[-1]) if lines else 3
        found = numbers(read(path))
        assert found == list(range(len(found)))
        assert acknowledged <= len(found) <= acknowledged + 3
    assert len(segments(path)) > 2
    assert numbers(read(path))
    assert verify(path).records > ROUNDS * 3
