"""`vanta governance keys` as it is typed: ssh-keygen's keys, a clone, and a forge."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.founded import git, keygen, vanta

IN = ("-r", "governance")


@pytest.fixture
def fund(founded: Path) -> Path:
    keygen(founded / "people" / "phone")
    return founded


def keys(fund: Path, *more: str) -> list[dict[str, Any]]:
    done = vanta("governance", "keys", "list", *more, *IN, "--json", at=fund)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["keys"])


def fingerprint(fund: Path, name: str) -> str:
    """As `ssh-keygen` itself says it."""
    shown = subprocess.check_output(
        ["ssh-keygen", "-lf", fund / "people" / f"{name}.pub"], text=True
    )
    return shown.split()[1]


def head(fund: Path, repository: str = "forge.git") -> str:
    return git("-C", repository, "rev-parse", "main", at=fund)


def test_the_list_says_who_signs_with_what(fund: Path) -> None:
    found = {key["person"]: key for key in keys(fund)}
    assert sorted(found) == ["ada", "alan", "grace"]
    ada = found["ada"]
    assert ada["fingerprint"] == fingerprint(fund, "ada")
    assert (ada["kind"], ada["state"], ada["expires"]) == ("ssh-ed25519", "live", "")
    assert ada["roles"] == ["root", "risk", "operator", "engineer"]
    text = vanta("governance", "keys", "list", "grace", *IN, at=fund).stdout
    assert "grace <grace@fund.example>: root, risk, operator, engineer" in text
    assert fingerprint(fund, "grace") in text
    assert "ada" not in text


def test_a_lost_key_from_the_list_to_the_new_one_in_force(fund: Path) -> None:
    me = ("-k", "people/grace")
    new = ("--public-key", "people/phone.pub", "--expires", "365d")
    done = vanta("governance", "keys", "rotate", "ada", *new, *me, *IN, "--push", at=fund)
    assert done.returncode == 0, done.stderr
    assert "revoked by grace" in done.stdout
    assert "needs 2 of root; 1 signed; still to ask: alan" in done.stdout
    states = {key["fingerprint"]: key["state"] for key in keys(fund, "ada")}
    assert states == {fingerprint(fund, "ada"): "revoked", fingerprint(fund, "phone"): "live"}
    git("clone", "--quiet", "forge.git", "alan", at=fund)
    for environment in ("dev", "staging", "prod"):
        approved = vanta(
            "governance", "approve", "-r", "alan", "-e", environment, "-k", "people/alan", "--push",
            at=fund, VANTA_TRUST="governance.trust.json",
        )  # fmt: skip
        assert approved.returncode == 0, approved.stderr
    verdict = json.loads(
        vanta(
            "governance", "verify", "forge.git", "--trust", "governance.trust.json", "-e", "prod",
            "--json", at=fund,
        ).stdout
    )  # fmt: skip
    assert verdict["verdict"] == "applied"


def test_a_revocation_lands_at_once(fund: Path) -> None:
    before = head(fund)
    typed = (
        "governance",
        "keys",
        "revoke",
        "ada",
        fingerprint(fund, "ada"),
        "-k",
        "people/alan",
        *IN,
    )
    dry = vanta(*typed, "--dry-run", at=fund)
    assert (dry.returncode, head(fund)) == (0, before)
    assert "nothing was signed" in dry.stdout
    assert "revoked: true" in dry.stdout
    done = vanta(*typed, "--json", at=fund)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["revoked"] == head(fund)
    assert (said["signer"], said["proposed"], said["dry_run"]) == ("alan", None, False)
    again = vanta(*typed, at=fund)
    assert again.returncode == 1
    assert "REVOKED_ALREADY" in again.stderr


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (["add", "bob", "-p", "people/phone.pub", "-k", "people/ada"], "UNKNOWN_PERSON"),
        (["add", "ada", "-p", "people/grace.pub", "-k", "people/ada"], "KEY_TAKEN"),
        (["add", "ada", "-p", "people/ada.pub", "-k", "people/ada"], "KEY_LISTED"),
        (["add", "ada", "-p", "people/phone", "-k", "people/ada"], "PRIVATE_KEY"),
        (["add", "ada", "-p", "people/weak.pub", "-k", "people/ada"], "WEAK_KEY"),
        (["add", "ada", "-p", "people/phone.pub", "-k", "people/phone"], "UNKNOWN_SIGNER"),
        (
            ["add", "ada", "-p", "people/phone.pub", "-k", "people/ada", "--roles", "chair"],
            "UNKNOWN_ROLE",
        ),
        (
            ["add", "ada", "-p", "people/phone.pub", "-k", "people/ada", "--expires", "2020-01-01"],
            "TIME",
        ),
        (["revoke", "ada", "SHA256:nothingatall", "-k", "people/ada"], "UNKNOWN_KEY"),
        (["rotate", "bob", "-p", "people/phone.pub", "-k", "people/ada"], "UNKNOWN_PERSON"),
        (["list", "bob"], "UNKNOWN_PERSON"),
    ],
)
def test_what_cannot_be_is_one_line_with_a_remedy_and_changes_nothing(
    fund: Path, typed: list[str], code: str
) -> None:
    keygen(fund / "people" / "weak", "-t", "rsa", "-b", "2048")
    before = head(fund), head(fund, "governance")
    done = vanta("governance", "keys", *typed, *IN, at=fund)
    assert done.returncode == 1, done.stdout
    assert f"[{code}]" in done.stderr
    assert "try:" in done.stderr or code in {"KEY_LISTED", "UNKNOWN_SIGNER"}
    assert (head(fund), head(fund, "governance")) == before
    assert git("-C", "governance", "status", "--porcelain", at=fund) == ""


def test_the_last_keys_root_can_do_with_are_not_revoked(fund: Path) -> None:
    def revoke(name: str) -> "subprocess.CompletedProcess[str]":
        return vanta(
            "governance", "keys", "revoke", name, fingerprint(fund, name), "-k", "people/alan", *IN,
            at=fund,
        )  # fmt: skip

    assert revoke("ada").returncode == 0
    locked = revoke("grace")
    assert locked.returncode == 1
    assert "ROOT_LOCKOUT" in locked.stderr
    assert "keys add grace" in locked.stderr
