"""Write what the docs' pages print into them, after a command's output changed.

Run it as `python -m tools.pages how-to/halt.md ...`. A page's commands run as its reader types
them; what it leaves out by `...` stays left out where the rest fits. `tests/docs` fails when a page
shows what is not printed.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.docs.pages import (
    BLOCK,
    DOCS,
    TOKEN,
    Block,
    Names,
    Ran,
    aligned,
    blocks,
    prepare,
    run,
    shown_by,
)


def rewritten(text: str, ran: Sequence[Ran]) -> str:
    """A page with what was printed this time in place of what it shows.

    What is left out stays left out where the rest fits.
    """
    results = iter(ran)

    def one(found: re.Match[str]) -> str:
        block, here = Block(found["sh"], found["text"], 0), next(results)
        if block.shown is None:
            return found[0]
        shown, _ = shown_by(block)
        real = here.output.split("\n")
        at = aligned(shown, real, Names())
        lines = real if isinstance(at, str) else list(map(_renewed, shown, (real[i] for i in at)))
        lines += [f"[exit {here.code}]"] if here.code else []
        body = "\n".join(lines).lstrip("\n")
        return f"```sh\n{block.commands}```\n\n```text\n{body}\n```"

    return BLOCK.sub(one, text)


def _renewed(shown: str, real: str) -> str:
    """A line as it was printed, as far as it is shown."""
    if shown.strip() == "...":
        return shown
    cut = shown.removesuffix(" ...")
    if cut == shown:
        return real
    tokens = iter(TOKEN.findall(real))
    return TOKEN.sub(lambda _: next(filter(None, next(tokens))), cut) + " ..."


def main(pages: Sequence[str]) -> int:
    """Run pages and write down what they print; how many blocks did not end as they should."""
    broken = 0
    for page in pages:
        with tempfile.TemporaryDirectory(prefix="vanta-page-") as base:
            folder = Path(base) / "fund"
            prepare(page, folder)
            path = DOCS / page
            found = blocks(path.read_text())
            ran = run([block.commands for block in found], folder)
        failed = [
            f"docs/{page}:{block.line}: failed\n{here.output}\n"
            for block, here in zip(found, ran, strict=True)
            if here.early or (here.code and block.shown is None)
        ]
        broken += len(failed)
        sys.stderr.writelines(failed)
        if not failed:
            path.write_text(rewritten(path.read_text(), ran))
    return broken


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
