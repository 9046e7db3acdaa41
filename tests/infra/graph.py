"""A recording as text, one line a value, so that a change of the program reads as a change.

`python -m tests.infra.graph` writes `graphs/` anew. It refuses to let something protected go
without an alias, since for the engine a new name is a new thing and the old one is destroyed;
`--let-go NAME` says that this is meant.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra.recording import ENVIRONMENTS, Recording, Resource, recorded, values_in

GRAPHS = Path(__file__).parent / "graphs"
_PROTECTED = re.compile(r"^(\S+) (\S+)  in .* protected$", re.MULTILINE)
_MARKS = re.compile(r"tags\.(Name|vanta:(component|cost-centre|environment|owner))$")
"""Tags that everything bears; a test of their own looks at them."""


def text_of(recording: Recording) -> str:
    """The whole graph."""
    text = f"# {recording.stack}: {len(recording.resources)} resources\n" + "".join(
        f"\n{_title(resource)}\n" + "".join(f"  {line}\n" for line in _lines(resource))
        for resource in recording.resources
        if resource.type != "pulumi:pulumi:Stack"
    )
    for made_up, name in _names(recording):
        text = text.replace(made_up, name)
    return text


def _title(resource: Resource) -> str:
    where = resource.parent_name if "::vanta:" in resource.parent else "stack"
    return f"{resource.type} {resource.name}  in {where}{' protected' if resource.protect else ''}"


def _names(recording: Recording) -> list[tuple[str, str]]:
    """What was made up, and of which resource it speaks; the longest first."""
    found: dict[str, str] = {}
    for resource in recording.resources:
        if not resource.custom:
            continue
        given = {"", *(one for _, one in values_in(resource.inputs))}
        short = f"{resource.type.split(':')[-1]} {resource.name}"
        for key, value in resource.answers.items():
            if isinstance(value, str) and value not in given:
                found.setdefault(value, f"<{short}>" if key == "id" else f"<{short} {key}>")
        if statuses := resource.answers.get("firewallStatuses"):
            for path, value in values_in(statuses):
                if path.endswith("endpointId"):
                    found[str(value)] = f"<{short} {str(value).split('@')[-1]}>"
    found.pop("us-east-1", None)
    return sorted(found.items(), key=lambda item: (-len(item[0]), item[0]))


def _lines(resource: Resource) -> Iterator[str]:
    for path, value in values_in(_opened(resource.inputs)):
        if _MARKS.search(path):
            continue
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        text = value if isinstance(value, str) else json.dumps(whole)
        yield f"{path}: {text}".replace("\n", "\n    ").rstrip()


def _opened(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """With each policy as what it says: a statement a line."""
    found = dict(sorted(inputs.items()))
    for key, value in found.items():
        if isinstance(value, str) and value.startswith('{"Version"'):
            statements = json.loads(value)["Statement"]
            found[key] = {
                one["Sid"]: json.dumps({k: v for k, v in one.items() if k != "Sid"}, sort_keys=True)
                for one in statements
            }
    return found


def let_go(before: str, recording: Recording) -> list[str]:
    """What was protected and is neither there any more nor any alias of what is."""
    old = {(kind, name) for kind, name in _PROTECTED.findall(before)}
    new = {(resource.type, resource.name) for resource in recording.resources}
    aliases = {
        alias.rsplit("::", 1)[-1] for found in recording.resources for alias in found.aliases
    }
    return sorted(f"{kind} {name}" for kind, name in old - new if name not in aliases)


def _main() -> int:
    parser = argparse.ArgumentParser(description="Write tests/infra/graphs anew.")
    parser.add_argument("--let-go", action="append", default=[], metavar="NAME")
    meant = parser.parse_args().let_go
    for stack in ENVIRONMENTS:
        recording = recorded(stack)
        path = GRAPHS / f"{stack}.txt"
        gone = let_go(path.read_text() if path.exists() else "", recording)
        if refused := [name for name in gone if name.split()[-1] not in meant]:
            print(f"{stack}: would be destroyed: {', '.join(refused)}", file=sys.stderr)  # noqa: T201
            print("give what took its place an alias, or --let-go NAME", file=sys.stderr)  # noqa: T201
            return 1
        path.write_text(text_of(recording))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
