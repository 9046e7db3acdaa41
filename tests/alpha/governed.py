"""An Alpha whose policy came by signed commits: the fund's people, and a controller that looked."""

import shutil
from pathlib import Path

from tests.alpha.building import Alpha
from tests.cli.founded import PEOPLE, found, keygen, vanta
from vanta.governance.keys import parse_public_key


def govern(root: Path) -> Path:
    """A fund with a node `alpha` that knows its policy; everybody builds, two sign off."""
    found(root)
    made = [
        vanta("node", "init", "alpha", "--role", "alpha", "-e", "dev", "--remote",
              str(root / "forge.git"), at=root),
    ]  # fmt: skip
    shutil.copy(root / "governance.trust.json", root / "alpha" / "etc" / "trust.json")
    made.append(vanta("governance", "controller", "--once", "-n", "alpha", at=root))
    keygen(root / "people" / "mallory")
    assert [one.returncode for one in made] == [0] * len(made), [one.stderr for one in made]
    return root


def copied(root: Path, to: Path) -> Alpha:
    """The same fund's Alpha once more, with the keys of its people beside it."""
    shutil.copytree(root / "alpha", to)
    alpha = Alpha(to)
    for name in (*PEOPLE, "mallory"):
        shutil.copy(root / "people" / name, to / name)
        public = shutil.copy(root / "people" / f"{name}.pub", to / f"{name}.pub")
        alpha.keys[name] = parse_public_key(Path(public).read_text().strip())
    return alpha
