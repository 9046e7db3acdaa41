"""The top of the `vanta` command, which its groups are put below."""

from typing import Annotated

import typer


def root() -> typer.Typer:
    """A `vanta` without any command."""
    made = typer.Typer(
        name="vanta",
        help="Every change to risk is a signed commit; every order replays from its signal.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    made.callback()(main)
    return made


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        from importlib.metadata import version

        typer.echo(f"vanta {version('vanta')}")
        raise typer.Exit


def main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """VANTA."""
