"""Accounts, passwords, shells, cron, what is said at the door."""

import re

import pytest
from testinfra.host import Host

from tests.lab.reading import modes, now, said, text

pytestmark = pytest.mark.lab

LINES = {
    "CIS-5.4.1.1-expires": ("/etc/login.defs", r"^PASS_MAX_DAYS 365$"),
    "CIS-5.4.1.2-not-at-once": ("/etc/login.defs", r"^PASS_MIN_DAYS 1$"),
    "CIS-5.4.1.3-warned": ("/etc/login.defs", r"^PASS_WARN_AGE 7$"),
    "CIS-5.4.1.4-hash": ("/etc/login.defs", r"^ENCRYPT_METHOD YESCRYPT$"),
    "CIS-5.4.1.5-inactive": ("/etc/default/useradd", r"^INACTIVE=30$"),
    "CIS-5.4.3.2-idle": ("/etc/profile.d/50-vanta.sh", r"^readonly TMOUT=900\b"),
    "CIS-5.4.3.3-umask": ("/etc/profile.d/50-vanta.sh", r"^umask 027$"),
    "CIS-5.4.3.3-login-umask": ("/etc/login.defs", r"^UMASK 027$"),
    "CIS-5.3.3.1.1-failures": ("/etc/security/faillock.conf", r"^deny = 5$"),
    "CIS-5.3.3.1.2-unlock": ("/etc/security/faillock.conf", r"^unlock_time = 900$"),
    "CIS-5.3.3.1.3-root-too": ("/etc/security/faillock.conf", r"^even_deny_root$"),
    "CIS-5.3.3.2.1-differs": ("/etc/security/pwquality.conf", r"^difok = 2$"),
    "CIS-5.3.3.2.2-length": ("/etc/security/pwquality.conf", r"^minlen = 14$"),
    "CIS-5.3.3.2.3-classes": ("/etc/security/pwquality.conf", r"^minclass = 4$"),
    "CIS-5.3.3.2.4-repeats": ("/etc/security/pwquality.conf", r"^maxrepeat = 3$"),
    "CIS-5.3.3.2.5-sequence": ("/etc/security/pwquality.conf", r"^maxsequence = 3$"),
    "CIS-5.3.3.2.6-dictionary": ("/etc/security/pwquality.conf", r"^dictcheck = 1$"),
    "CIS-5.3.3.2.7-enforced": ("/etc/security/pwquality.conf", r"^enforcing = 1$"),
    "CIS-5.3.3.2.8-root-too": ("/etc/security/pwquality.conf", r"^enforce_for_root$"),
    "CIS-5.3.2.1-unix": ("/etc/pam.d/common-auth", r"^auth .*pam_unix\.so$"),
    "CIS-5.3.2.2-faillock": ("/etc/pam.d/common-auth", r"^auth .*pam_faillock\.so preauth"),
    "CIS-5.3.2.2-fails-counted": ("/etc/pam.d/common-auth", r"^auth .*pam_faillock\.so authfail"),
    "CIS-5.3.2.3-quality": ("/etc/pam.d/common-password", r"^password requisite .*pwquality\.so"),
    "CIS-5.3.2.4-history": ("/etc/pam.d/common-password", r"^password requisite .*pwhistory\.so"),
    "CIS-5.3.3.3.1-remembered": ("/etc/pam.d/common-password", r"pwhistory\.so .*remember=24\b"),
    "CIS-5.3.3.3.2-root-too": ("/etc/pam.d/common-password", r"pwhistory\.so .*enforce_for_root"),
    "CIS-5.3.3.3.3-authtok": ("/etc/pam.d/common-password", r"pwhistory\.so .*use_authtok"),
    "CIS-5.3.3.4.3-yescrypt": ("/etc/pam.d/common-password", r"pam_unix\.so .*\byescrypt\b"),
    "CIS-5.3.3.4.4-authtok": ("/etc/pam.d/common-password", r"pam_unix\.so .*\buse_authtok\b"),
    "CIS-5.2.7-no-su": ("/etc/pam.d/su", r"^auth +required +pam_deny\.so$"),
    "CIS-1.6.2-issue": ("/etc/issue", r"Unauthorized access is prohibited"),
    "CIS-1.6.3-issue-net": ("/etc/issue.net", r"Unauthorized access is prohibited"),
}
NEVER = {
    "CIS-5.3.3.4.1-nullok": ("/etc/pam.d/common-auth", r"nullok"),
    "CIS-5.3.3.4.2-remember": ("/etc/pam.d/common-password", r"pam_unix\.so .*remember"),
    "CIS-1.6.1-motd": ("/etc/motd", r"Debian|\\[mrsv]"),
    "CIS-1.6.2-issue": ("/etc/issue", r"Debian|\\[mrsv]"),
    "CIS-1.6.3-issue-net": ("/etc/issue.net", r"Debian|\\[mrsv]"),
    "CIS-5.4.3.1-nologin": ("/etc/shells", r"nologin"),
}
MODES = {
    "CIS-1.6.4": ("/etc/motd", "root:root 644"),
    "CIS-1.6.5": ("/etc/issue", "root:root 644"),
    "CIS-1.6.6": ("/etc/issue.net", "root:root 644"),
    "CIS-2.4.1.3": ("/etc/cron.hourly", "root:root 700"),
    "CIS-2.4.1.4": ("/etc/cron.daily", "root:root 700"),
    "CIS-2.4.1.5": ("/etc/cron.weekly", "root:root 700"),
    "CIS-2.4.1.6": ("/etc/cron.monthly", "root:root 700"),
    "CIS-2.4.1.7": ("/etc/cron.d", "root:root 700"),
    "CIS-2.4.1.8": ("/etc/cron.allow", "root:root 600"),
    "CIS-2.4.2.1": ("/etc/at.allow", "root:root 600"),
    "CIS-7.1.1": ("/etc/passwd", "root:root 644"),
    "CIS-7.1.3": ("/etc/group", "root:root 644"),
    "CIS-7.1.5": ("/etc/shadow", "root:shadow 640"),
    "CIS-7.1.7": ("/etc/gshadow", "root:shadow 640"),
    "CIS-7.1.9": ("/etc/shells", "root:root 644"),
    "keys-are-roots": ("/etc/ssh/authorized_keys.d", "root:root 755"),
    "root-home": ("/root", "root:root 700"),
}
BACKUPS = {
    "CIS-7.1.2": ("/etc/passwd-", "644"),
    "CIS-7.1.4": ("/etc/group-", "644"),
    "CIS-7.1.6": ("/etc/shadow-", "640"),
    "CIS-7.1.8": ("/etc/gshadow-", "640"),
    "CIS-7.1.10": ("/etc/security/opasswd", "600"),
}


@pytest.mark.parametrize(("path", "line"), LINES.values(), ids=LINES)
def test_a_file_says(host: Host, path: str, line: str) -> None:
    assert re.search(line, text(host, path), re.MULTILINE)


@pytest.mark.parametrize(("path", "line"), NEVER.values(), ids=NEVER)
def test_a_file_never_says(host: Host, path: str, line: str) -> None:
    assert not re.search(line, text(host, path), re.MULTILINE)


@pytest.mark.parametrize(("path", "mode"), MODES.values(), ids=MODES)
def test_a_file_is_open_to_whom_it_should(host: Host, path: str, mode: str) -> None:
    assert modes(host, *(path for path, _ in MODES.values()))[path] == mode


@pytest.mark.parametrize(("path", "most"), BACKUPS.values(), ids=BACKUPS)
def test_a_copy_is_no_more_open_than_what_it_copies(host: Host, path: str, most: str) -> None:
    found = modes(host, *(path for path, _ in BACKUPS.values()))
    if path not in found:
        pytest.skip(f"{path} is not there: nothing was copied yet")
    assert found[path].startswith("root:")
    assert int(found[path].split()[1], 8) & ~int(most, 8) == 0


def _passwd(host: Host) -> list[list[str]]:
    return [line.split(":") for line in said(host, "getent", "passwd").splitlines()]


def _groups(host: Host) -> list[list[str]]:
    return [line.split(":") for line in said(host, "getent", "group").splitlines()]


def test_passwords_are_in_the_shadow_file_cis_7_2_1(host: Host) -> None:
    assert {line[1] for line in _passwd(host)} == {"x"}


def test_nobody_has_an_empty_password_cis_7_2_2(host: Host) -> None:
    shadow = [line.split(":") for line in text(host, "/etc/shadow").splitlines()]
    assert not [line[0] for line in shadow if not line[1]]


def test_nobody_has_a_password_to_log_in_by(host: Host) -> None:
    shadow = [line.split(":") for line in text(host, "/etc/shadow").splitlines()]
    assert not [line[0] for line in shadow if line[1].startswith("$")]


def test_every_group_of_a_user_exists_cis_7_2_3(host: Host) -> None:
    assert {line[3] for line in _passwd(host)} <= {line[2] for line in _groups(host)}


def test_nobody_is_in_the_group_shadow_cis_7_2_4(host: Host) -> None:
    group = next(line for line in _groups(host) if line[0] == "shadow")
    assert not group[3]
    assert group[2] not in {line[3] for line in _passwd(host)}


@pytest.mark.parametrize("place", [0, 2], ids=["CIS-7.2.7-names", "CIS-7.2.5-numbers"])
def test_no_two_users_share(host: Host, place: int) -> None:
    found = [line[place] for line in _passwd(host)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("place", [0, 2], ids=["CIS-7.2.8-names", "CIS-7.2.6-numbers"])
def test_no_two_groups_share(host: Host, place: int) -> None:
    found = [line[place] for line in _groups(host)]
    assert len(found) == len(set(found))


def test_root_alone_is_number_nought_cis_5_4_2_1(host: Host) -> None:
    assert [line[0] for line in _passwd(host) if line[2] == "0"] == ["root"]


def test_root_alone_is_of_group_nought_cis_5_4_2_2(host: Host) -> None:
    found = {line[0] for line in _passwd(host) if line[3] == "0"}
    assert found <= {"root", "sync", "shutdown", "halt", "operator"}
    assert [line[0] for line in _groups(host) if line[2] == "0"] == ["root"]


def test_services_have_no_shell_cis_5_4_2_7(host: Host) -> None:
    shells = set(text(host, "/etc/shells").split())
    for line in _passwd(host):
        if int(line[2]) < 1000 and line[0] not in {"root", "git", "postgres"}:
            assert line[6] not in shells, line


def test_a_shell_of_root_finds_programs_of_root_alone_cis_5_4_2_5(host: Host) -> None:
    path = now(host, "bash", "-lc", "echo $PATH").split(":")
    assert "" not in path
    assert "." not in path
    for folder, mode in modes(host, *path).items():
        assert mode.startswith("root:root"), folder
        assert int(mode.split()[1], 8) & 0o022 == 0, folder


def test_homes_are_closed_cis_7_2_9(host: Host) -> None:
    homes = [line[5] for line in _passwd(host) if int(line[2]) >= 1000 and line[0] != "nobody"]
    for home, mode in modes(host, *homes).items():
        assert int(mode.split()[1], 8) & 0o077 == 0, home


def test_nobody_left_a_way_around_in_a_home_cis_7_2_10(host: Host) -> None:
    names = [
        word
        for name in (".rhosts", ".netrc", ".forward", ".shosts")
        for word in ("-o", "-name", name)
    ]
    assert not now(host, "find", "/root", "/home", *["(", *names[1:], ")"])


def test_nothing_can_be_written_by_everybody_cis_7_1_11(host: Host) -> None:
    wide = ["(", "-type", "f", "-perm", "-0002", ")"]
    folders = ["(", "-type", "d", "-perm", "-0002", "!", "-perm", "-1000", ")"]
    assert not now(host, "find", "/", "-xdev", *wide, "-o", *folders)


def test_everything_belongs_to_somebody_cis_7_1_12(host: Host) -> None:
    # What a unit's dynamic user wrote belongs to nobody while that unit is off.
    passed_over = ("-path", "/var/lib/private", "-prune", "-o")
    orphans = ("(", "-nouser", "-o", "-nogroup", ")", "-print")
    assert not now(host, "find", "/", "-xdev", *passed_over, *orphans)


def test_cron_is_roots_alone_cis_2_4_1_8(host: Host) -> None:
    assert text(host, "/etc/cron.allow").split() == ["root"]
    assert not host.file("/etc/cron.deny").exists


def test_temporary_files_are_apart(host: Host) -> None:
    assert "pam_tmpdir.so" in text(host, "/etc/pam.d/common-session")
