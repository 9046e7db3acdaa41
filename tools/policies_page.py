"""The reference of the infrastructure's policies, from the policies themselves."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

# The pack is a folder of its own that Pulumi starts, and is in no installed package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "policies" / "infrastructure"))

from vanta_policies.pack import CONCERNS, EVERY, STACK_CONCERNS
from vanta_policies.rule import COMMON, PRODUCTION, Rule
from vanta_policies.stack import StackRule


def page() -> str:
    """The page."""
    lines = [
        "# Policies of the infrastructure",
        "",
        "Generated from the policies by `python tools/reference.py`. Each is mandatory: what does",
        "not pass is not made. [How to configure one](../how-to/configure-a-policy.md), and",
        "[what the pack is](../../policies/infrastructure/README.md). CIS is the AWS Foundations",
        "Benchmark, version 5.0.0, by its numbers and in our words; *design* is a line of ours.",
        "",
        f"There are {len(EVERY)}: {_count('in_production')} hold in production alone,",
        f"{_count('repair')} can repair what they find, and {_count('document')} read a text that",
        "names other resources, and wait for the update where it is not known.",
        "",
        "Every policy can be told `exempt`: a list of `name`, `reason` and `until`. Those that",
        'hold in production alone can be told `production`, by default `["prod"]`.',
    ]
    for title, rules in {**CONCERNS, **STACK_CONCERNS}.items():
        lines += ["", f"## {title}"]
        for rule in rules:
            lines += _policy(rule)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _count(mark: str) -> int:
    return sum(bool(getattr(rule, mark, None)) for rule in EVERY)


def _policy(rule: Rule | StackRule) -> Iterator[str]:
    marks = [rule.severity.value]
    marks += ["in production"] if rule.in_production else []
    marks += ["repairs"] if isinstance(rule, Rule) and rule.repair else []
    marks += ["waits for the update"] if isinstance(rule, Rule) and rule.document else []
    yield from ("", f"### {rule.name}", "", rule.says)
    grounds = "; ".join(
        f"{'CIS' if one.framework.startswith('CIS') else 'design'} {one.item} ({one.title})"
        for one in rule.grounds
    )
    yield from ("", f"- {', '.join(marks)}. {grounds}.")
    kinds = ", ".join(f"`{kind}`" for kind in rule.kinds)
    yield f"- Judges {kinds or 'every stack'}."
    yield f"- Instead: {rule.remedy}."
    own = {name: one for name, one in rule.settings.items() if name not in {*COMMON, *PRODUCTION}}
    for name, one in own.items():
        yield f"- `{name}` (`{json.dumps(one['default'])}`): {one['description']}"
