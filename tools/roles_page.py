"""Write the README of every Ansible role from its argument specs, and say whether they changed.

Usage: `python tools/roles_page.py [--check]`.
"""

import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parent.parent / "ansible" / "roles"
_WIDTH = 100


def page(role: Path) -> str:
    """The README of one role.

    Args:
        role: its folder, with `meta/argument_specs.yml` and `defaults/main.yml`.
    """
    specs = _read(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    defaults = _read(role / "defaults" / "main.yml")
    lines = [f"# {role.name}", "", f"{specs['short_description'].rstrip('.')}.", ""]
    for paragraph in _paragraphs(specs.get("description", [])):
        lines += [*textwrap.wrap(paragraph, _WIDTH), ""]
    if options := specs.get("options", {}):
        lines += ["| variable | type | default | what |", "|---|---|---|---|"]
        lines += [_row(name, options[name], defaults) for name in sorted(options)]
        lines.append("")
    lines.append("Made from `meta/argument_specs.yml` by `tools/roles_page.py`.")
    return "\n".join(lines) + "\n"


def _row(name: str, option: dict[str, Any], defaults: dict[str, Any]) -> str:
    kind = option.get("type", "str")
    if kind == "list":
        kind = f"list of {option.get('elements', 'str')}"
    default = _default(name, option, defaults)
    what = " ".join(_paragraphs(option["description"]))
    if choices := option.get("choices"):
        what += " One of " + ", ".join(f"`{choice}`" for choice in choices) + "."
    return f"| `{name}` | {kind} | {default} | {what} |".replace("\n", " ")


def _default(name: str, option: dict[str, Any], defaults: dict[str, Any]) -> str:
    if name not in defaults:
        return "required" if option.get("required") else ""
    value = defaults[name]
    if isinstance(value, (list, dict)):
        return f"`{name}` in `defaults/main.yml`" if value else "none"
    said = str(value).lower() if isinstance(value, bool) else str(value).strip()
    return f"`{said}`".replace("|", "\\|") if said else "empty"


def _paragraphs(text: str | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _read(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def main() -> int:
    """Write or check every page; 1 where one is not as it should be."""
    check = "--check" in sys.argv[1:]
    stale = []
    for role in sorted(path.parent.parent for path in ROLES.glob("*/meta/argument_specs.yml")):
        path, text = role / "README.md", page(role)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(role.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{'stale' if check else 'written'}: ansible/roles/{name}/README.md")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
