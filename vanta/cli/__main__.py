"""`python -m vanta.cli`: the same as `vanta`."""

from vanta.cli.main import run

run()
