"""The reference of a node's checks, from the checks themselves."""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from vanta.diagnostics.finding import ROLES, Check
from vanta.diagnostics.registry import CHECKS
from vanta.diagnostics.words import size, span

_PAGE = re.compile(r"\b((?:how-to|reference|runbooks)/[a-z-]+\.md)")


_COMMAND = """\
## The command itself

| code | what it means | what to do |
|---|---|---|
| `NO_ANSWER` | a disk or a mount did not answer in time | `dmesg`, `findmnt`, `--within` |
| `NO_PROCESS` | not one more process can be started to look | `ulimit -u`, and what runs |
| `NO_ADJTIMEX` | the kernel does not tell how its clock stands | look from outside the container |
| `NOWHERE` | `--publish`, and no folder for it | `statuses:` in `etc/node.yaml` |
| `METRICS_NAME` | node_exporter would not read that file | a name that ends in `.prom` |
| `METRICS_UNWRITABLE` | the file cannot be written | a folder that is there |
| `METRICS_UNREADABLE` | `--examined`: no look can be read there | name what `--prometheus` wrote |
| `LOOK_OLD` | the last look says nothing of now | `systemctl status vanta-diagnostics.timer` |
| `COPIED_UNREADABLE` | not what restic lists | `systemctl start vanta-backup.service` |
| `NO_AWS` | the build that runs has no boto3 | a build made with `--extra aws` |
| `NO_CREDENTIALS` | nothing says who the machine is in the cloud | its role; who may ask for it |
| `CLOUDWATCH_AWAY` | it does not answer in time | the proxy, the resolver, the cloud's endpoint |
| `CLOUDWATCH_REFUSED` | it does not take them | namespace, region, what the machine's role allows |
| `STATUS_NOT_ITS_OWN` | a status of another key, node or environment | see who may write there |
| `STATUS_SIZE` | it is larger than any status | the same |""".splitlines()


def page() -> str:
    """The page."""
    lines = [
        "# Checks of a node",
        "",
        "Generated from the checks by `python tools/reference.py`. `vanta diagnostics` puts a node",
        "to those of its role. A fact passes at its limit and is told one step beyond it. What",
        "cannot be looked at is *unknown*; [how to use it](../how-to/diagnose-a-node.md).",
        "",
        "Beside what is listed here, any check may say *unknown* with `NO_ANSWER` (the look did",
        "not end in time), `DISK_ERROR`, `CANNOT_READ`, `LOOK_FAILED`, or the code of the error it",
        "met.",
    ]
    for check in CHECKS:
        lines += _check(check)
    lines += ["", *_COMMAND]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _check(check: Check) -> Iterator[str]:
    said = inspect.cleandoc(check.judge.__doc__ or "")
    where = "every node" if len(check.roles) == len(ROLES) else " and ".join(check.roles)
    yield from ("", f"## {check.name}", "", f"On {where}. {said}")
    rows = list(_limits(check.limits))
    if rows:
        yield from ("", "| limit | default | of what |", "|---|---|---|", *rows)
    yield from ("", "| code | severity | it says | what to do |", "|---|---|---|---|")
    for one in check.codes:
        remedy = _PAGE.sub(r"[\1](../\1)", one.remedy)
        yield f"| `{one.code}` | {one.severity} | {one.text} | {remedy} |"


def _limits(limits: Any) -> Iterator[str]:  # noqa: ANN401 - a named tuple of the check's own
    """Each limit with its default, in the unit its docstring names."""
    told = _field_docs(type(limits))
    for name, value in limits._asdict().items():
        what = told[name]
        if "nanoseconds" in what:
            shown = span(value)
        else:
            shown = size(value) if what.startswith("Bytes") else str(value)
        yield f"| `{name}` | {shown} | {what.replace(', nanoseconds', '')} |"


def _field_docs(kind: type) -> dict[str, str]:
    """The sentence below each field of a class, which Python itself throws away."""
    module = inspect.getmodule(kind)
    assert module is not None  # noqa: S101 - checks live in modules
    (body,) = (
        node.body
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    )
    return {
        field.target.id: " ".join(inspect.cleandoc(str(said.value.value)).split())
        for field, said in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
    }
