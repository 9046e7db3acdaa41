"""The page on the lab: what it types is what `make lab-test` types, in that order."""

import inspect
import re
from pathlib import Path

from infra.lab.trial import Trial

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/how-to/bring-up-the-lab.md").read_text()


def test_playbooks_run_in_the_order_that_the_trial_runs_them() -> None:
    nodes = PAGE[PAGE.index("## Nodes") : PAGE.index("## Stop trading")]
    shown = re.findall(r"^ansible-playbook -i inventories/lab (\S+)", nodes, re.MULTILINE)
    typed = re.findall(r'self\._play\("(\S+)"', inspect.getsource(Trial.converge))
    # The trial runs the last once more, to see that it changes nothing.
    assert [*shown, "site.yml"] == typed


def test_every_playbook_and_target_it_names_is_there() -> None:
    for playbook in re.findall(r"ansible-playbook -i inventories/lab (\S+)", PAGE):
        assert (ROOT / "ansible" / playbook).exists(), playbook
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"\bmake (?:-C \S+ )?(lab[a-z-]*)", PAGE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
