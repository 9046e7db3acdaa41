"""What a cloud changes on its machines, and that nothing of it is on others."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.provider import services_of
from tests.ansible.conftest import ROLES, Rendered, render_cloud
from tests.ansible.test_units import said
from tests.infra.recording import recorded
from vanta.node.config import read_config
from vanta.node.telling import CloudWatchConfig

UNTRIED = pytest.mark.skipif(
    not Path("/usr/bin/systemd-analyze").exists(), reason="systemd-analyze is not installed"
)
MOST = {"cloudwatch.service": 1.5, "copy.service": 3.0}
"""Exposure by `systemd-analyze security`; what copies reads root's files, and reaches the proxy."""


def words(unit: str, key: str) -> list[str]:
    return " ".join(said(unit, key)).split()


def test_a_node_tells_the_namespace_that_its_role_may_put_into(
    cloud: Rendered, tmp_path: Path
) -> None:
    metrics = recorded("prod").outputs["metrics"]
    for role in ROLES:
        (tmp_path / "node.yaml").write_text(cloud[role]["node.yaml"])
        config = read_config(tmp_path / "node.yaml")
        assert config.metrics.cloudwatch == CloudWatchConfig(**metrics)


def test_each_look_is_told_by_a_user_of_its_own(cloud: Rendered) -> None:
    for role in ROLES:
        look, tell = (cloud[role][f"{name}.service"] for name in ("diagnostics", "cloudwatch"))
        assert said(look, "OnSuccess") == ["vanta-cloudwatch.service"]
        # A verdict is a success: what is unwell is told too.
        assert said(look, "SuccessExitStatus") == ["3 4"]
        [user] = said(tell, "User")
        assert user not in said(look, "User")
        assert f"\nu {user} -:vanta " in cloud[role]["sysusers.conf"]


def test_it_reads_what_the_look_wrote_and_on_alpha_what_was_copied(cloud: Rendered) -> None:
    for role in ROLES:
        [look] = said(cloud[role]["diagnostics.service"], "ExecStart")
        [tell] = said(cloud[role]["cloudwatch.service"], "ExecStart")
        assert look.split("--prometheus ")[1] == tell.split("--examined ")[1].split()[0]
        assert (" --copied " in tell) == (role == "alpha")
    copy = cloud["alpha"]["copy.service"]
    [state] = said(copy, "StateDirectory")
    left = said(copy, "ExecStartPost")[0].split()[-1]
    [told] = said(cloud["alpha"]["cloudwatch.service"], "ExecStart")
    assert told.split("--copied ")[1] == left.replace("${STATE_DIRECTORY}", f"/var/lib/{state}")
    assert said(copy, "StateDirectoryMode") == ["0755"]


def test_who_may_ask_who_the_machine_is_has_nothing_else_of_it(cloud: Rendered) -> None:
    for role in ROLES:
        [rule] = re.findall(r"^ +meta skuid (.*) accept comment \"metadata\"$",
                            cloud[role]["nftables.conf"], re.MULTILINE)  # fmt: skip
        assert rule == '{ "root", "vanta-metrics" } ip daddr 169.254.169.254 tcp dport 80'
        tell = cloud[role]["cloudwatch.service"]
        assert set(words(tell, "IPAddressAllow")) == {"localhost", "169.254.169.254"}
        assert said(tell, "IPAddressDeny") == ["any"]
        hidden = {path.removeprefix("-") for path in words(tell, "InaccessiblePaths")}
        assert {"/etc/vanta/keys", "/etc/vanta/credentials", "/opt/vanta/memory"} <= hidden
        assert not said(tell, "LoadCredential")
    assert 'skuid { "root" } ip daddr 169.254.169.254' in cloud["jump"]["nftables.conf"]


def test_the_way_out_is_by_the_names_of_the_stack(cloud: Rendered) -> None:
    """Named by the resolver, let through by the proxy; what the cloud's own DNS firewall allows."""
    stack = recorded("prod")
    [answered] = [
        {name.rstrip(".") for name in one.inputs["domains"]}
        for one in stack.of("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList")
        if one.name == "provider"
    ]
    for role in ("jump", *ROLES):
        services = stack.outputs["nodes"][role]["services"]
        assert set(services) <= answered
        passed = cloud[role]["names"].splitlines()
        for name in services:
            server = f"\nserver=/{name}/169.254.169.253\nnftset=/{name}/4#inet#vanta#egress4\n"
            assert server in cloud[role]["resolver.conf"]
            assert [one for one in passed if re.fullmatch(one, name)]
        assert cloud[role]["names"].count("amazonaws") == len(services)
    store = stack.outputs["backups"].split("/")[2]
    assert store in stack.outputs["nodes"]["alpha"]["services"]
    assert store not in stack.outputs["nodes"]["executor"]["services"]


def test_session_managers_agent_has_a_way_out_where_there_is_one(tmp_path: Path) -> None:
    """Its names are among those that the cloud's own DNS firewall answers, on every machine."""
    stack = recorded("prod")
    region = stack.outputs["metrics"]["region"]
    nodes = {
        node: {**said_of, "services": services_of(node, region, agent=True)}
        for node, said_of in stack.outputs["nodes"].items()
    }
    [answered] = [
        {name.rstrip(".") for name in one.inputs["domains"]}
        for one in stack.of("aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList")
        if one.name == "provider"
    ]
    shown = render_cloud(tmp_path, {**stack.outputs, "nodes": nodes})
    for role in ("jump", *ROLES):
        assert set(nodes[role]["services"]) <= answered
        passed = shown[role]["names"].splitlines()
        for name in ("ssm", "ssmmessages", "ec2messages"):
            asked = f"{name}.{region}.amazonaws.com"
            assert [one for one in passed if re.fullmatch(one, asked)], (role, name)
            assert f"\nserver=/{asked}/" in shown[role]["resolver.conf"]


def test_where_no_cloud_is_nothing_of_it_is(no_cloud: Rendered) -> None:
    text = json.dumps(no_cloud)
    for word in ("amazonaws", "vanta-metrics", "cloudwatch", "OnSuccess=vanta-"):
        assert word not in text
    assert "metrics" not in no_cloud["alpha"]["node.yaml"]
    assert not said(no_cloud["alpha"]["backup.service"], "OnSuccess")


@UNTRIED
@pytest.mark.parametrize("name", MOST)
def test_its_units_are_understood_and_no_more_exposed_than_they_may_be(
    cloud: Rendered, tmp_path: Path, name: str
) -> None:
    unit = tmp_path / f"vanta-{name}"
    text = re.sub(r"^ExecStart=/opt/vanta/\S+", "ExecStart=/bin/true", cloud["alpha"][name],
                  flags=re.MULTILINE)  # fmt: skip
    unit.write_text(text)
    for command in (["security", "--offline=true", "--no-pager"], ["verify", "--man=no"]):
        done = subprocess.run(
            ["systemd-analyze", *command, str(unit)], capture_output=True, text=True,
            check=False, timeout=60, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
        )  # fmt: skip
        found = re.search(r"Overall exposure level for .*?: ([0-9.]+)", done.stdout)
        if command[0] == "security":
            assert found, done.stderr
            assert float(found[1]) <= MOST[name]
        else:
            lines = [line for line in done.stderr.splitlines() if "not executable" not in line]
            assert not [line for line in lines if str(unit) in line], done.stderr


@pytest.mark.skipif(
    not shutil.which("nft") or os.geteuid() != 0, reason="nft is not installed, or is not root's"
)
def test_the_firewalls_rules_can_be_loaded(cloud: Rendered, tmp_path: Path) -> None:
    """Checked and not loaded; users of this machine stand for those of a node."""
    file = tmp_path / "nftables.conf"
    text = re.sub(r'"vanta-[a-z]+"(?= |,)', '"nobody"', cloud["alpha"]["nftables.conf"])
    file.write_text(text.replace("delete table inet vanta_follow\n", ""))
    done = subprocess.run(
        ["unshare", "--net", "nft", "--check", "--file", str(file)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr or "unshare failed" in done.stderr:
        pytest.skip(f"nftables cannot be asked here: {done.stderr.strip()[:100]}")
    assert done.returncode == 0, done.stderr
