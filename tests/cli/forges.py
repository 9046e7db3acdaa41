"""What a forge does when somebody opens a request: run the shipped steps, with its variables."""

import http.server
import json
import re
import subprocess
import sysconfig
import threading
import zipfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import yaml

from tests.cli.founded import environment, git

ROOT = Path(__file__).resolve().parents[2]
GITOPS = ROOT / "gitops"
GITHUB = GITOPS / ".github" / "workflows" / "plan.yaml"
GITLAB = GITOPS / ".gitlab-ci.yml"
NUMBER = "7"


def wheel(folder: Path) -> Path:
    """A folder where pip finds this checkout under its version, and nothing else."""
    name = f"vanta-{version('vanta')}"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as packed:
        packed.writestr("vanta.pth", f"{ROOT}\n{sysconfig.get_paths()['purelib']}\n")
        about = f"Metadata-Version: 2.1\nName: vanta\nVersion: {version('vanta')}\n"
        packed.writestr(f"{name}.dist-info/METADATA", about)
        tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        packed.writestr(f"{name}.dist-info/WHEEL", tag)
        entry = "[console_scripts]\nvanta = vanta.cli.start:run\n"
        packed.writestr(f"{name}.dist-info/entry_points.txt", entry)
        packed.writestr(f"{name}.dist-info/RECORD", "")
    return folder


@dataclass
class Comments:
    """A forge's comments, over real HTTP, in the shape both forges give them."""

    author: dict[str, Any]
    said: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(outer.author if self.path == "/user" else outer.said)

            def do_POST(self) -> None:
                number = len(outer.said) + 1
                url = f"{outer.url}/comment/{number}"
                outer.said.append(
                    {"id": number, "url": url, "user": outer.author, "author": outer.author}
                    | self.content()
                )
                self.answer(outer.said[-1])

            def do_PATCH(self) -> None:
                number = int(self.path.rpartition("/")[2])
                outer.said[number - 1] |= self.content()
                self.answer(outer.said[number - 1])

            do_PUT = do_PATCH  # noqa: N815 - as above

            def content(self) -> dict[str, Any]:
                length = int(self.headers["Content-Length"])
                return dict(json.loads(self.rfile.read(length)))

            def answer(self, content: object) -> None:
                outer.asked.append((self.command, self.path))
                token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN")
                outer.tokens.add(str(token))
                data = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class Run:
    """What became of a run."""

    code: int
    log: str


def bash(script: str, work: Path, wheels: Path, **variables: str) -> Run:
    """Run a step as both forges do, with pip confined to `wheels`."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=work,
        env=environment(
            PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels), TMPDIR=str(work), **variables
        ),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr)


class Forge:
    """Either forge: a bare repository, requests, and the shipped file for it.

    Args:
        name: `github` or `gitlab`.
        fund: a founded fund; its `forge.git` is the forge.
        wheels: see `wheel`.
        installed: what the step that installs made once, to save its time; `None` runs it.
    """

    def __init__(self, name: str, fund: Path, wheels: Path, installed: Path | None) -> None:
        self.name = name
        self.fund = fund
        self.work = fund / "runner"
        self.work.mkdir(exist_ok=True)
        self._wheels = wheels
        self._installed = installed
        self.trust = (fund / "governance.trust.json").read_text()

    def request(self, clone: str = "governance") -> str:
        """Open or move the request to what a clone has checked out; its head."""
        kind = "pull" if self.name == "github" else "merge-requests"
        ref = f"refs/{kind}/{NUMBER}/head"
        git("-C", clone, "push", "--quiet", "--force", "../forge.git", f"HEAD:{ref}", at=self.fund)
        return git("-C", clone, "rev-parse", "HEAD", at=self.fund)

    def run(self, head: str, comments: Comments | None = None, **variables: str) -> Run:
        """Run the shipped steps as the forge would, for a request with this head."""
        # One environment is enough to see what becomes of a request.
        variables = {"ENVIRONMENTS": "dev", **variables}
        own = self._github if self.name == "github" else self._gitlab
        return own(head, comments.url if comments else "http://127.0.0.1:1", variables)

    def _github(self, head: str, api: str, variables: dict[str, str]) -> Run:
        context = {
            "github.token": "job-token",
            "github.event.pull_request.number": NUMBER,
            "github.event.pull_request.head.sha": head,
            "github.event.pull_request.base.ref": "main",
            "github.event.pull_request.comments_url": f"{api}/repos/x/issues/{NUMBER}/comments",
            "vars.VANTA_TRUST_JSON": variables.get("VANTA_TRUST_JSON", self.trust),
        }
        (job,) = yaml.safe_load(GITHUB.read_text())["jobs"].values()
        always = {
            "RUNNER_TEMP": str(self.work),
            "GITHUB_SERVER_URL": f"file://{self.fund}",
            "GITHUB_REPOSITORY": "forge.git",
            "GITHUB_STEP_SUMMARY": str(self.work / "summary.md"),
            **job["env"],
            "ENVIRONMENTS": variables["ENVIRONMENTS"],
        }
        log = ""
        steps = job["steps"]
        if self._installed:
            link(self.work / "vanta", self._installed)
            steps = steps[1:]
        for step in steps:
            env = {key: _filled(value, context) for key, value in step.get("env", {}).items()}
            done = bash(step["run"], self.work, self._wheels, **always, **env)
            log += done.log
            if done.code and not step.get("continue-on-error"):
                return Run(done.code, log)
        return Run(0, log)

    def _gitlab(self, head: str, api: str, variables: dict[str, str]) -> Run:
        job = yaml.safe_load(GITLAB.read_text())["plan"]
        given = {
            "CI_REPOSITORY_URL": f"file://{self.fund}/forge.git",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_IID": NUMBER,
            "CI_MERGE_REQUEST_PROJECT_ID": "5",
            "CI_COMMIT_SHA": head,
            "CI_API_V4_URL": api,
            "VANTA_TRUST_JSON": self.trust,
            "VANTA_COMMENT_TOKEN": "job-token",
            **job["variables"],
            **variables,
        }
        script = job["script"]
        if self._installed:
            script = [f'work="$(mktemp -d)"; ln -s {self._installed} "$work/vanta"', *script[1:]]
        return bash("\n".join(script), self.work, self._wheels, **given)


def link(path: Path, to: Path) -> None:
    """A link there, unless there is one."""
    if not path.exists():
        path.symlink_to(to)


def _filled(text: str, context: dict[str, str]) -> str:
    """`${{ ... }}` as the forge fills it in; what this forge does not have is an error."""
    return re.sub(r"\$\{\{\s*([\w.]+)\s*\}\}", lambda found: context[found[1]], str(text))
