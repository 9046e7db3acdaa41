"""The conformance door as its user meets it: arguments in, JSON and an exit code out.

    answer = knock(fund)
    assert answer == ("tightened", "UNSIGNED", 3)
    assert halted(answer.policy)

Whatever is thrown at it, the door says its verdict in JSON on standard output, nothing on
standard error, and ends with the verdict's own exit code. `knock` fails on anything else, so no
test here can pass over a traceback.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.governance.fund import ENVIRONMENT, Fund
from vanta.cli.main import app
from vanta.domain.encoding import decode, encode
from vanta.domain.instant import show_instant
from vanta.domain.policy import Policy
from vanta.governance.trust import Trust

EXIT = {"applied": 0, "unchanged": 0, "tightened": 3, "refused": 1}
"""As the governance page has it; not read from the code that is tested."""
USAGE = 2
FIELDS = {"verdict", "reason", "head", "needs", "policy", "commits"}


@dataclass(frozen=True)
class Answer:
    """What the door said."""

    verdict: str
    reason: str | None
    exit_code: int
    told: dict[str, Any]

    def __eq__(self, other: object) -> bool:
        """Against another answer, or its verdict, reason and exit code."""
        mine = (self.verdict, self.reason, self.exit_code)
        if isinstance(other, Answer):
            return mine == (other.verdict, other.reason, other.exit_code)
        return mine == other

    __hash__ = None  # type: ignore[assignment]

    @property
    def message(self) -> str:
        """What it says to a person."""
        return str(self.told["message"])

    @property
    def policy(self) -> Policy:
        """The policy in force; fails where the door had none to give."""
        assert self.told["policy"] is not None, self.told
        return decode(Policy, encode(self.told["policy"]))

    @property
    def silent(self) -> bool:
        """Whether it gives no policy: nothing could be judged."""
        return self.told["policy"] is None

    def code_of(self, commit: str) -> str:
        """The person, or the code, it names for the signature of a commit.

        Of a person whose approval there is worth nothing because of their name, that code.
        """
        found = [
            "BAD_IDENTITY"
            if each["approvals"].get(commit) == "BAD_IDENTITY"
            else each["signers"][commit]
            for each in self.told["commits"]
            if commit in each["signers"]
        ]
        assert len(found) == 1, f"{commit} was judged {len(found)} times"
        return str(found[0])

    @property
    def approvers(self) -> list[str]:
        """The people whose approvals counted for the head."""
        return list(self.told["commits"][-1]["approvers"])

    @property
    def verdicts(self) -> list[tuple[str, str | None]]:
        """Verdict and reason of every step, oldest first."""
        return [(each["verdict"], each["reason"]) for each in self.told["commits"]]


def pin(fund: Fund) -> Path:
    """The fund's trust file, beside its repository."""
    path = fund.sim.path.parent / "trust.json"
    path.write_bytes(encode(fund.trust))
    return path


def arguments(
    repository: Path | str,
    trust: Path | str,
    *,
    environment: str = ENVIRONMENT,
    applied: str | None = None,
    now: int | str | None = None,
) -> list[str]:
    """The command line of one visit."""
    line = ["governance", "verify", str(repository), "--trust", str(trust)]
    line += ["--environment", environment, "--json"]
    if applied is not None:
        line += ["--applied", applied]
    if now is not None:
        line += ["--now", now if isinstance(now, str) else show_instant(now)]
    return line


def knock(
    fund: Fund,
    repository: Path | None = None,
    *,
    environment: str = ENVIRONMENT,
    applied: str | None = None,
    now: int | None = None,
) -> Answer:
    """Verify the fund's repository, or another copy of it, at the fund's time."""
    at = fund.now if now is None else now
    return visit(
        arguments(
            repository or fund.sim.path, pin(fund), environment=environment, applied=applied, now=at
        )
    )


def knock_at(repository: Path, trust: Trust, *, now: int, applied: str | None = None) -> Answer:
    """Verify a repository that is no fund's."""
    path = repository.parent / "trust.json"
    path.write_bytes(encode(trust))
    return visit(arguments(repository, path, applied=applied, now=now))


def visit(line: Sequence[str]) -> Answer:
    """One visit in this process."""
    done = CliRunner().invoke(app, list(line))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return _answer(done.exit_code, done.stdout, done.stderr)


def turned_away(line: Sequence[str]) -> str:
    """A visit that is a mistake of usage; what the door said about it."""
    done = CliRunner().invoke(app, list(line))
    assert isinstance(done.exception, SystemExit), done.exc_info
    assert (done.exit_code, done.stdout) == (USAGE, "")
    assert "Traceback" not in done.stderr
    return str(done.stderr)


def call(line: Sequence[str], **variables: str) -> Answer:
    """One visit in a process of its own, as a shell makes it."""
    done = call_raw([part.encode() for part in line], **variables)
    return _answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def call_raw(line: Sequence[bytes], **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The same with arguments that may be any bytes, and the outcome as it is."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_"))}
    return subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"vanta.cli", *line],
        env={**kept, "NO_COLOR": "1", **variables},
        capture_output=True,
        timeout=60,
        check=False,
    )


def _answer(exit_code: int, out: str, err: str) -> Answer:
    assert err == "", err
    told = json.loads(out)
    assert told.keys() >= FIELDS, told.keys()
    verdict, reason = told["verdict"], told["reason"]
    assert exit_code == EXIT[verdict], f"{verdict} ended with {exit_code}"
    assert reason is None or reason.isupper(), reason
    return Answer(verdict, reason, exit_code, told)
