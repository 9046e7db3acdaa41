"""`python -m vanta.cli`: the same as `vanta`."""

from vanta.cli.start import run

run()
