"""An object store on this machine that judges each request as AWS would, by the stack's policies.

It is a process of its own: moto behind TLS, behind a proxy that connects to named services alone.
What a role, an endpoint and a bucket say is read from the recorded graph; a request passes where
the first two allow it and the third does not deny it, and is answered with 403 where not. So is an
object without a checksum, which a bucket with a lock refuses. Keys and their grants are not judged.

`python -m tests.ansible.store FOLDER` serves until it is ended. FOLDER has `settings.json`,
`store.crt` and `store.key`; into it goes `log.jsonl`, a line for each request.
"""

import json
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.infra.judged import Statement, allowed

OPERATOR = "OPERATOR"
"""Whose key is this, has every right."""

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def asked_for(method: str, path: str, query: Mapping[str, list[str]]) -> tuple[str, str]:
    """The action of IAM, and the resource, that a request of S3 with its bucket in the path is."""
    bucket, _, key = path.strip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        if "location" in query:
            return "s3:GetBucketLocation", arn
        return {"GET": "s3:ListBucket", "HEAD": "s3:ListBucket"}.get(method, f"s3:{method}"), arn
    if method == "DELETE":
        return (
            "s3:DeleteObjectVersion" if "versionId" in query else "s3:DeleteObject",
            f"{arn}/{key}",
        )
    whole = {
        "GET": "s3:GetObject",
        "HEAD": "s3:GetObject",
        "PUT": "s3:PutObject",
        "POST": "s3:PutObject",
    }
    return whole.get(method, f"s3:{method}"), f"{arn}/{key}"


class Judge:
    """In front of a store: lets pass what may, writes down what was asked."""

    def __init__(self, store: App, folder: Path, policies: dict[str, list[Statement]]) -> None:
        self._store = store
        self._log = folder / "log.jsonl"
        self._policies = policies
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        who = environ.get("HTTP_AUTHORIZATION", "")
        scope = who.partition("Credential=")[2].partition(",")[0].split("/")
        # moto takes the region's own name for a bucket in front of another host.
        environ["HTTP_HOST"] = "s3.us-east-1.amazonaws.com"
        if scope[0] == OPERATOR or path.startswith("/moto-api"):
            return self._store(environ, start)
        action, resource = asked_for(method, path, query)
        secure = environ["wsgi.url_scheme"] == "https"
        passes = allowed(self._policies, action, resource, secure=secure)
        with self._lock, self._log.open("a") as log:
            line = {"action": action, "resource": resource, "passes": passes, "region": scope[2:3]}
            log.write(json.dumps(line) + "\n")
        if not passes:
            return _refuse(start, "403 Forbidden", "AccessDenied")
        checked = any(
            key.startswith(("HTTP_CONTENT_MD5", "HTTP_X_AMZ_CHECKSUM")) for key in environ
        )
        if action == "s3:PutObject" and not checked:
            return _refuse(start, "400 Bad Request", "InvalidRequest")
        return self._store(environ, start)


def _refuse(start: Callable[..., Any], status: str, code: str) -> list[bytes]:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'.encode()
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def proxy(port: int, store: int, names: list[str], folder: Path) -> None:
    """As tinyproxy on a node: CONNECT to these names on 443, and to nothing else."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        while True:
            asked, _ = listening.accept()
            threading.Thread(
                target=_connect, args=(asked, store, names, folder), daemon=True
            ).start()


def _connect(asked: socket.socket, store: int, names: list[str], folder: Path) -> None:
    with asked, suppress(OSError):
        method, target, *_ = asked.recv(65536).decode().split(" ")
        passes = method == "CONNECT" and target in {f"{name}:443" for name in names}
        with (folder / "connects").open("a") as log:
            log.write(f"{target} {'passes' if passes else 'refused'}\n")
        if not passes:
            asked.sendall(b"HTTP/1.1 403 Filtered\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", store)) as there:
            asked.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            for data, to in _between(asked, there):
                to.sendall(data)


def _between(one: socket.socket, other: socket.socket) -> Iterator[tuple[bytes, socket.socket]]:
    ends = {one: other, other: one}
    while True:
        for end in select.select(list(ends), [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            yield data, ends[end]


def serve(folder: Path) -> None:
    """Serve until the process is ended."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - slow
        DomainDispatcherApplication,
        create_backend_app,
    )
    from werkzeug.serving import run_simple  # noqa: PLC0415 - the same

    settings = json.loads((folder / "settings.json").read_text())
    threading.Thread(
        target=proxy,
        args=(settings["proxy"], settings["store"], settings["names"], folder),
        daemon=True,
    ).start()
    judge = Judge(DomainDispatcherApplication(create_backend_app), folder, settings["policies"])
    pair = (str(folder / "store.crt"), str(folder / "store.key"))
    run_simple("127.0.0.1", settings["store"], judge, threaded=True, ssl_context=pair)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
