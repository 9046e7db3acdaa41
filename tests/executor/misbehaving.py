"""Everything a network and a vendor do to a broker's answers, between the Executor and a real one.

`python -m tests.executor.misbehaving BACK FRONT SEED`: listens in FRONT as the paper broker in BACK
does, hands requests on, and now and then misbehaves. On SIGTERM it prints how often it did what.
"""

import asyncio
import json
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from vanta.executor.brokers.paper.wire import connect, listen

KINDS = {
    "request lost": "it never arrives",
    "answer lost": "taken, and the connection breaks before the answer",
    "late": "it arrives after the asker gave up",
    "silent": "no answer for longer than anybody waits",
    "twice": "it arrives twice",
    "torn": "half of an answer",
    "garbage": "an answer that is none",
    "ids rolled back": "the broker's own ids begin again",
    "told again": "executions that were told before",
    "stream dropped": "no news although there are some",
}
SHARE = 0.3
"""Of the requests something is done to."""
PAUSE = 0.05
SILENCE = 2.0


class Proxy:
    """One asker after another; every request is either handed on or misused."""

    def __init__(self, back: Path, seed: int) -> None:
        self._back = back
        self._chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self._late: set[asyncio.Task[bytes]] = set()

    async def converse(self, asker: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            while line := await asker.readline():
                answer = await self._answer(line)
                if answer is None:
                    break
                out.write(answer)
                await out.drain()
                if not answer.endswith(b"\n"):
                    break
        except (OSError, asyncio.IncompleteReadError):
            # The asker was killed, or the broker is being started again.
            pass
        finally:
            out.close()

    async def _answer(self, line: bytes) -> bytes | None:
        """What the asker gets; None to hang up."""
        verb = json.loads(line)["verb"]
        if self._chance.random() > SHARE:
            return await self._ask(line)
        return await self._misbehave(self._chance.choice(_kinds(verb)), line)

    async def _misbehave(self, kind: str, line: bytes) -> bytes | None:
        self.done[kind] += 1
        match kind:
            case "request lost":
                return None
            case "answer lost":
                await self._ask(line)
                return None
            case "late":
                task = asyncio.ensure_future(self._later(line))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
                return None
            case "silent":
                await asyncio.sleep(SILENCE)
                return None
            case "twice":
                await self._ask(line)
            case "torn":
                answer = await self._ask(line)
                return answer[: len(answer) // 2]
            case "garbage":
                await self._ask(line)
                return b"<html>502 Bad Gateway</html>\n"
            case "told again":
                return await self._ask(_changed(line, watermark=0))
        return self._rewritten(kind, line, await self._ask(line))

    def _rewritten(self, kind: str, line: bytes, answer: bytes) -> bytes:
        told: dict[str, Any] = json.loads(answer)
        value = told["value"]
        if kind == "ids rolled back" and isinstance(value, dict) and "broker_order_id" in value:
            value["broker_order_id"] = f"B{self._chance.randrange(3)}"
        if kind == "stream dropped":
            told["value"] = {
                "fills": [],
                "ended": [],
                "watermark": json.loads(line).get("watermark", 0),
            }
        return json.dumps(told).encode() + b"\n"

    async def _later(self, line: bytes) -> bytes:
        await asyncio.sleep(PAUSE * (1 + self._chance.random()))
        return await self._ask(line)

    async def _ask(self, line: bytes) -> bytes:
        """The real broker's answer; waits while it is being started."""
        for _ in range(200):
            try:
                there = connect(self._back, SILENCE)
                there.setblocking(False)  # noqa: FBT003 - the socket's own way to say it
                here, out = await asyncio.open_unix_connection(sock=there, limit=2**26)
                out.write(line)
                answer = await here.readline()
                out.close()
                if answer:
                    return answer
            except OSError:
                pass
            await asyncio.sleep(0.02)
        raise ConnectionError("the paper broker does not come back")


def _kinds(verb: str) -> list[str]:
    told = {"executions_since": {"told again", "stream dropped"}, "submit": {"ids rolled back"}}
    special = set().union(*told.values())
    return [kind for kind in KINDS if kind not in special or kind in told.get(verb, set())]


def _changed(line: bytes, **fields: object) -> bytes:
    return json.dumps({**json.loads(line), **fields}).encode() + b"\n"


async def main() -> None:
    back, front, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    proxy = Proxy(back, seed)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_unix_server(proxy.converse, sock=listen(front), limit=2**26)
    async with server:
        await stop.wait()
        sys.stdout.write(json.dumps(proxy.done))


if __name__ == "__main__":
    asyncio.run(main())
