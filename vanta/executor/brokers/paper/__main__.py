"""`python -m vanta.executor.brokers.paper DIRECTORY TAPE`: the paper broker, until SIGTERM."""

import argparse
from pathlib import Path

import msgspec

from vanta.executor.brokers.paper.exchange import PaperTerms
from vanta.executor.brokers.paper.server import serve


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="paper broker", description=__doc__)
    parser.add_argument("directory", type=Path, help="of its socket and its journal")
    parser.add_argument("tape", type=Path, help="the market, one JSON row a line")
    defaults = PaperTerms()
    for name in PaperTerms.__struct_fields__:
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name))
    given = vars(parser.parse_args())
    directory, tape = given.pop("directory"), given.pop("tape")
    serve(directory, tape, terms=msgspec.convert(given, PaperTerms))


if __name__ == "__main__":
    main()
