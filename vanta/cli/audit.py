"""`vanta audit`: verify, explain, replay, export."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from vanta.cli.options import Json
from vanta.cli.output import command, console, errors, print_json, say, write_to

app = typer.Typer(
    help="Verify what was written, explain an order, decide again.", no_args_is_help=True
)

Nodes = Annotated[
    list[Path],
    typer.Option("--node", "-n", envvar="VANTA_NODE", help="A node's folder; give each."),
]


def _layouts(nodes: list[Path]) -> list[Any]:
    from vanta.node.layout import Layout

    return [Layout(node.resolve()) for node in nodes]


def _status(*, quiet: bool) -> Any:  # noqa: ANN401 - rich's status, or nothing
    """Progress on standard error, where a person is watching."""
    return errors.status("reading") if errors.is_terminal and not quiet else nullcontext()


def _progress(status: Any) -> Any:  # noqa: ANN401 - what the audit calls with a line
    return status.update if status is not None else None


@app.command("verify")
@command
def verify(nodes: Nodes, as_json: Json = False) -> None:
    """Check every byte of every journal, view and signature; name the first that is wrong."""
    from vanta.audit.verify import verify_nodes

    with _status(quiet=as_json) as status:
        reports = verify_nodes(_layouts(nodes), progress=_progress(status))
    if as_json:
        print_json(reports)
    else:
        for report in reports:
            records = sum(one.records for one in report.journals)
            verdict = "sound" if report.sound else f"{len(report.problems)} PROBLEMS"
            say(f"{report.node}: {verdict}; {len(report.journals)} journals, {records} records")
            for journal, count in report.unjudged.items():
                say(f"  {count} references into {journal} not judged: not given, or broken")
            for problem in report.problems:
                say(f"  {problem.place}: {problem.message} [{problem.code}]")
                if problem.remedy:
                    say(f"    try: {problem.remedy}")
    if not all(report.sound for report in reports):
        raise typer.Exit(1)


@app.command("explain")
@command
def explain(
    order: Annotated[
        str, typer.Argument(help="An order, intent, decision or fill, or `last`; a prefix will do.")
    ],
    nodes: Nodes,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write it as one HTML page instead.")
    ] = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="Only the paragraph, without the tree below it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Walk an order back to the signals that caused it, and forward to its fills and profit."""
    from vanta.audit.explain import explain as explained
    from vanta.audit.explain_text import tree
    from vanta.audit.lineage import lineage
    from vanta.audit.paragraph import paragraph

    with _status(quiet=as_json) as status:
        found = explained(lineage(order, _layouts(nodes), progress=_progress(status)))
    if as_json:
        print_json(found)
    elif page is not None:
        from vanta.audit.explain_page import page as rendered

        write_to(page, rendered(found).encode())
        say(f"written to {page}")
    else:
        console.print(paragraph(found), markup=False, highlight=False)
        if not brief:
            console.print()
            console.print(tree(found))


@app.command("replay")
@command
def replay(nodes: Nodes, as_json: Json = False) -> None:
    """Decide everything again from the recorded inputs, in a fresh process, and compare bytes."""
    from vanta.audit.replay import replay as replayed
    from vanta.domain.printable import printable

    with _status(quiet=as_json) as status:
        report = replayed(_layouts(nodes), progress=_progress(status))
    if as_json:
        print_json(report)
    else:
        for step in report.steps:
            say(f"{step.node}, {step.step}: {step.compared} compared, {step.different} differ")
            if step.first:
                say(f"  first: {step.first.record_id}, from byte {step.first.at}")
                say(f"    recorded   {printable(step.first.recorded)}")
                say(f"    recomputed {printable(step.first.recomputed)}")
            if step.trouble:
                say(f"  {step.trouble}")
        for each in report.skipped:
            say(f"{each.node}, {each.step}: not made again: {each.why}")
        verdict = "everything came out byte for byte" if report.same else "NOT THE SAME"
        different = sum(step.different for step in report.steps)
        say(f"{report.compared} facts computed again, {different} differ: {verdict}")
    if not report.same:
        raise typer.Exit(1)


@app.command("export")
@command
def export(
    nodes: Nodes,
    out: Annotated[Path, typer.Option("--out", help="The bundle to write.")],
) -> None:
    """Write a bundle that an outsider can verify offline, without VANTA."""
    from vanta.audit.export import export as exported

    with _status(quiet=False) as status:
        report = exported(_layouts(nodes), out, progress=_progress(status))
    say(f"{report.files} files written to {out}")
    for name in report.left_out:
        say(f"  left out: {name}")
    say(f"  manifest SHA-256 {report.manifest_sha256}: tell it another way")
