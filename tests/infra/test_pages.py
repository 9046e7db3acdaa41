"""What the pages about the infrastructure name is there; nobody can type them without a cloud."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [
    "infra/README.md",
    "docs/how-to/first-pulumi-up.md",
    "docs/how-to/add-an-environment.md",
    "docs/how-to/tear-down-an-environment.md",
    "docs/runbooks/a-region-is-lost.md",
]
_KEY = re.compile(r"`([a-z]+(?:\.[a-zA-Z]+)+)`|vanta:([a-zA-Z.]+)")


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_and_make_target_it_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    config = yaml.safe_load((ROOT / "infra/Pulumi.prod.yaml").read_text())["config"]
    for named in ("".join(found) for found in _KEY.findall(text)):
        part, _, rest = named.partition(".")
        if f"vanta:{part}" in config and named != "nodes.agent":
            assert not rest or rest in config[f"vanta:{part}"], named
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"\bmake ([a-z-]+)$", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_what_the_disaster_page_promises_is_what_prod_is_set_to() -> None:
    page = (ROOT / "docs/runbooks/a-region-is-lost.md").read_text()
    config = yaml.safe_load((ROOT / "infra/Pulumi.prod.yaml").read_text())["config"]
    assert f"any second of {config['vanta:database']['retentionDays']} days" in page
    assert f"Redis {config['vanta:cache']['snapshotMinutes']} min" in page
    assert config["vanta:database"]["replicated"]
    assert config["vanta:storage"]["replicated"]
    assert config["vanta:backups"]["copied"]


def test_workflows_read_and_never_change() -> None:
    text = (ROOT / ".github/workflows/infrastructure.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    commands = {
        step["with"]["command"]
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("pulumi/actions")
    }
    assert commands == {"preview"}
    [drift] = [step for step in workflow["jobs"]["drift"]["steps"] if "pulumi" in str(step)]
    assert drift["with"]["refresh"] is True
    assert drift["with"]["expect-no-changes"] is True
    assert "pull_request_target" not in text


def test_actions_are_pinned_by_digest() -> None:
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        used = re.findall(r"uses: (\S+)( # v[0-9.]+)?$", path.read_text(), re.MULTILINE)
        assert used
        for action, version in used:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), (path.name, action)
            assert version, (path.name, action)
