"""`python -m tests.fuzz TARGET --seconds N --seed N`: atheris, guided by coverage of `vanta`.

What it learns is kept in `.fuzz/TARGET/`, an input that breaks the target in
`.fuzz/TARGET-crash-*`: fix the parser, and keep the input as a seed with a name that says what it
is.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.corpus import MAX_INPUT, SEEDS, TARGETS, target

WORK = Path(__file__).parents[2] / ".fuzz"


def main() -> None:
    """Fuzz one target; exits with the fuzzer's status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    import atheris  # noqa: PLC0415 - it is there only where it has a wheel

    with atheris.instrument_imports(include=["vanta"], enable_loader_override=False):
        found = target(chosen.target)
    work = WORK / chosen.target
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".dict") as dictionary:
        for token in found.tokens:
            dictionary.write('"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n')
        dictionary.flush()
        options = [
            f"-max_total_time={chosen.seconds}",
            f"-seed={chosen.seed}",
            f"-max_len={MAX_INPUT}",
            f"-dict={dictionary.name}",
            f"-artifact_prefix={work}-",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        atheris.Setup(
            [sys.argv[0], *options, str(work), str(SEEDS / chosen.target)], found.one_input
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
