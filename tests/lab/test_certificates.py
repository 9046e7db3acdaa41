"""Each machine has a certificate of Alpha's authority, and the key to it never leaves root."""

from typing import Any

import pytest
from testinfra.host import Host

from tests.lab.reading import modes, said

pytestmark = pytest.mark.lab

FOLDER = "/etc/ssl/vanta"
MODES = {
    "folder": (FOLDER, "root:root 755"),
    "keys-root-only": (f"{FOLDER}/node.key", "root:root 600"),
    "certificate": (f"{FOLDER}/node.crt", "root:root 644"),
    "authority": (f"{FOLDER}/ca.crt", "root:root 644"),
}


@pytest.mark.parametrize(("path", "mode"), MODES.values(), ids=MODES)
def test_files_are_whose_they_should_be(host: Host, path: str, mode: str) -> None:
    assert modes(host, *(path for path, _ in MODES.values()))[path] == mode


def test_the_authority_signed_it_for_this_machine(host: Host, machine: str) -> None:
    words = ("-CAfile", f"{FOLDER}/ca.crt", "-verify_hostname", machine, f"{FOLDER}/node.crt")
    assert said(host, "openssl", "verify", "-x509_strict", *words).endswith("OK")


def test_it_names_no_other_machine(
    host: Host, machine: str, variables: dict[str, dict[str, Any]]
) -> None:
    told = said(host, "openssl", "x509", "-in", f"{FOLDER}/node.crt", "-noout", "-text")
    assert f"DNS:{machine}" in told
    assert "CA:FALSE" in told
    for other, values in variables.items():
        if other != machine:
            assert f"DNS:{other}" not in told
            assert f"IP Address:{values['vanta_address']}" not in told


def test_it_holds_for_two_months_more(host: Host) -> None:
    seconds = str(59 * 86400)
    said(host, "openssl", "x509", "-in", f"{FOLDER}/node.crt", "-noout", "-checkend", seconds)


def test_the_authority_is_alphas_alone(host: Host, machine: str) -> None:
    found = modes(host, "/etc/ssl/vanta-authority", "/etc/ssl/vanta-authority/ca.key")
    if machine == "alpha":
        assert set(found.values()) == {"root:root 700", "root:root 600"}
    else:
        assert not found
