"""Who may do what as another user."""

import re

import pytest
from testinfra.host import Host

from tests.lab.reading import modes, said, text

pytestmark = pytest.mark.lab

VANTA = "/opt/vanta/current/bin/vanta"
LINES = {
    "CIS-5.2.2-terminal": r"^Defaults .*\buse_pty\b",
    "CIS-5.2.3-log": r'^Defaults logfile="/var/log/sudo.log"',
    "CIS-5.2.6-timeout": r"^Defaults timestamp_timeout=5\b",
    "path": r'^Defaults secure_path="/usr/local/sbin:',
    "environment": r"^Defaults env_reset\b",
}
ALLOWED = [
    "-u vanta-governance " + VANTA + " halt --now --reason 'prices are wrong'",
    "-u vanta-governance " + VANTA + " halt --now --vault crypto-flow --reason 'late, at 9:30'",
    "-u vanta-governance " + VANTA + "-diagnostics",
    VANTA + " build promote 0123abcd",
    VANTA + " build rollback",
    VANTA + " build promote 0123abcd --dry-run --json",
    "/usr/bin/systemctl restart vanta-governance.service",
    "/usr/bin/systemctl stop executor-router.service",
]
REFUSED = [
    "/bin/bash",
    "-u vanta-governance /bin/bash",
    "/usr/bin/systemctl restart ssh.service",
    "/usr/bin/systemctl restart vanta-governance.service ssh.service",
    "/usr/bin/systemctl edit vanta-governance.service",
    "/usr/bin/systemctl link /tmp/vanta-x.service",
    "/usr/bin/cat /etc/shadow",
    VANTA + " build promote --node /tmp/x 0123abcd",
    VANTA + " build stage /tmp/x",
    VANTA + " build stage --from /tmp/x 0123abcd",
    VANTA + " run /bin/sh",
    "-u vanta-governance " + VANTA + " halt --now --reason x --node /tmp/x",
    "-u vanta-governance " + VANTA + " halt --now --node /tmp/x --reason x",
    "-u vanta-governance " + VANTA + " resume --edit abc",
    "-u vanta-router " + VANTA + " halt --now --reason x",
    "/usr/bin/vi /opt/vanta/memory/vault.json",
]


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_it_is_set(host: Host, line: str) -> None:
    assert re.search(line, text(host, "/etc/sudoers"), re.MULTILINE)


def test_it_is_installed_and_sound_cis_5_2_1(host: Host) -> None:
    assert host.package("sudo").is_installed
    assert "parsed OK" in said(host, "visudo", "--check", "--file=/etc/sudoers")
    assert modes(host, "/etc/sudoers")["/etc/sudoers"] == "root:root 440"


def test_nothing_else_is_read(host: Host) -> None:
    assert "includedir" not in text(host, "/etc/sudoers")


def test_re_authentication_is_nowhere_turned_off_cis_5_2_5(host: Host) -> None:
    assert "!authenticate" not in text(host, "/etc/sudoers")


def _may(host: Host, command: str) -> bool:
    """Whether sudo would let an operator."""
    if VANTA in command and not host.file(VANTA).exists:
        pytest.skip("no build runs here, and sudo answers of programs that are there")
    return bool(host.run(f"sudo -l -U ada {command}").rc == 0)


@pytest.mark.parametrize("command", ALLOWED)
def test_an_operator_may(host: Host, machine: str, command: str) -> None:
    if machine == "jump":
        pytest.skip("people have nothing to do on the jump host")
    assert _may(host, command)


@pytest.mark.parametrize("command", REFUSED)
def test_an_operator_may_not(host: Host, command: str) -> None:
    assert not _may(host, command)


def test_an_operator_does_not_change_what_they_may(host: Host) -> None:
    done = host.run("setpriv --reuid=ada --regid=ada --init-groups sh -c 'echo x >> /etc/sudoers'")
    assert done.rc != 0
