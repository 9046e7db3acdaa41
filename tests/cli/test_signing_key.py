"""Which key a command signs with when none is named, and what its holder is told."""

import base64
from pathlib import Path

import pytest

from tests.cli.founded import git, vanta
from vanta.domain.errors import UnavailableError
from vanta.governance import clone as clones
from vanta.governance.clone import Clone, Signer
from vanta.governance.ssh_wire import string

VAULT = "environments/dev/vaults/momentum-us.yaml"
PROPOSE = ("governance", "propose", "-r", "governance", "-e", "dev", "-m", "Less")


@pytest.fixture
def fund(founded: Path) -> Path:
    file = founded / "governance" / VAULT
    file.write_text(file.read_text().replace("capital: 1000000", "capital: 900000"))
    return founded


def hardware_key(path: Path) -> Path:
    """The public half of a security key, as `ssh-keygen -t ed25519-sk` writes it."""
    kind = b"sk-ssh-ed25519@openssh.com"
    blob = string(kind) + string(bytes(range(32))) + string(b"ssh:")
    path.write_text(f"{kind.decode()} {base64.b64encode(blob).decode()} token\n")
    return path


def configure(fund: Path, name: str, value: str) -> None:
    git("-C", "governance", "config", name, value, at=fund)


def test_git_s_own_signing_key_is_taken_and_told_of(fund: Path) -> None:
    configure(fund, "gpg.format", "ssh")
    configure(fund, "user.signingkey", str(fund / "people" / "ada"))
    done = vanta(*PROPOSE, at=fund)
    assert done.returncode == 0, done.stderr
    assert f"signing with {fund / 'people' / 'ada'}, Git's user.signingkey" in done.stderr
    assert "proposed by ada" in done.stdout


def test_a_key_that_is_named_comes_first_and_is_not_told_of(fund: Path) -> None:
    configure(fund, "gpg.format", "ssh")
    configure(fund, "user.signingkey", str(fund / "people" / "ada"))
    done = vanta(*PROPOSE, at=fund, VANTA_KEY="people/grace")
    assert "proposed by grace" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("form", "key"),
    [("openpgp", "0123456789ABCDEF"), ("ssh", "key::ssh-ed25519 AAAA"), ("ssh", "")],
)
def test_what_is_no_file_of_an_ssh_key_is_none(fund: Path, form: str, key: str) -> None:
    configure(fund, "gpg.format", form)
    configure(fund, "user.signingkey", key)
    done = vanta(*PROPOSE, at=fund)
    assert done.returncode == 2
    assert "--key" in done.stderr


def test_every_command_that_signs_asks_for_a_key_where_there_is_none(fund: Path) -> None:
    at = ("-r", "governance")
    for typed in (
        ("governance", "approve", *at, "-e", "dev"),
        ("halt", *at, "-e", "dev", "-m", "x"),
        ("resume", *at, "-e", "dev", "-m", "x"),
        ("governance", "keys", "revoke", "ada", "SHA256:x", *at),
        ("governance", "keys", "add", "bob", "-p", "people/ada.pub", *at),
    ):
        done = vanta(*typed, at=fund)
        assert (done.returncode, "--key" in done.stderr) == (2, True), typed


def test_a_security_key_is_to_be_touched(fund: Path) -> None:
    key = hardware_key(fund / "people" / "token.pub")
    done = vanta(*PROPOSE, "-k", str(key), at=fund)
    assert "touch your key when it blinks" in done.stderr
    assert "[UNKNOWN_SIGNER]" in done.stderr


def test_who_has_to_find_and_touch_a_key_is_given_the_time(
    fund: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a program that signs only after a while, as `ssh-keygen` waits for the touch."""
    slow = fund / "slow"
    slow.write_text(
        "#!/bin/sh\nsleep 2\nfor file; do :; done\n"
        f'exec ssh-keygen -q -Y sign -n git -f "{fund}/people/ada" "$file"\n'
    )
    slow.chmod(0o755)
    configure(fund, "gpg.ssh.program", str(slow))
    monkeypatch.setattr(clones, "_SECONDS", 1)
    clone = Clone(fund / "governance")
    head = clone.head()
    tree = git("-C", "governance", "rev-parse", "HEAD^{tree}", at=fund)

    def sign(key: Path) -> str:
        return clone.commit(tree, [head], "x\n", Signer("ada", "ada@fund.example", key))

    assert sign(hardware_key(fund / "people" / "token.pub"))
    with pytest.raises(UnavailableError, match="took too long"):
        sign(fund / "people" / "ada")
