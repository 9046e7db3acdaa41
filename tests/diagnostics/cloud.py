"""A cloud on this machine: moto as a process of its own, and what says who a machine is."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def free_port() -> int:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@contextmanager
def moto() -> Iterator[str]:
    """The URL of a cloud that is empty."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        answers(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(port: int, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)
        else:
            return


class Metadata:
    """Gives a role's credentials to who first asks for a session, and counts who did not."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.without = 0
        told = self

        class Handler(BaseHTTPRequestHandler):
            def _say(self, text: str, status: int = 200) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self) -> None:
                told.asked.append(self.path)
                self._say("a session")

            def do_GET(self) -> None:
                told.asked.append(self.path)
                if self.headers.get("X-aws-ec2-metadata-token") != "a session":
                    told.without += 1
                    self._say("", 401)
                elif self.path.endswith("/security-credentials/"):
                    self._say("vanta-prod-alpha")
                else:
                    until = datetime.now(UTC) + timedelta(hours=1)
                    self._say(
                        json.dumps(
                            {"Code": "Success", "AccessKeyId": "OF-THE-ROLE", "Token": "t",
                             "SecretAccessKey": "s", "Expiration": f"{until:%Y-%m-%dT%H:%M:%SZ}"}
                        )
                    )  # fmt: skip

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
