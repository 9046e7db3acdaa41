"""What may occur in the histories that are searched: one small world for each kind of trouble."""

from tests.model.graphs import Label, World
from tests.model.terms import NEVER, REVOKED, Policy, Tree

BASE = Tree()
LOOSE = Tree(Policy(raised=NEVER))
HALT = Tree(Policy(halted=NEVER))
LOOSE_HALT = Tree(Policy(raised=NEVER, halted=NEVER))
GEAR = Tree(Policy(gear=1))
GEAR_HALT = Tree(Policy(halted=NEVER, gear=1))
BROKEN = Tree(Policy(raised=NEVER), readable=False)
FILE = Tree(halts=frozenset({"halt-1"}))
RELEASED = Tree(Policy(released=frozenset({0})))


def keyed(*ends: tuple[str, int], tree: Tree = BASE) -> Tree:
    return tree._replace(authority=tree.authority._replace(ends=frozenset(ends)))


def joined(person: str, tree: Tree = BASE) -> Tree:
    authority = tree.authority
    return tree._replace(authority=authority._replace(people=authority.people | {person}))


A, A2, B, C, OPERATOR, NOBODY = (Label(key) for key in ("A", "a", "B", "C", "O", None))
APPROVE_A, APPROVE_A2, APPROVE_B, APPROVE_C, APPROVE_D, APPROVE_O = (
    Label(key, approves=True) for key in "AaBCDO"
)

WORLDS = {
    "fences": World((BASE, LOOSE, HALT), (A, APPROVE_A, APPROVE_B, NOBODY), alike="AB"),
    "halted": World((HALT, BASE), (A, APPROVE_A, APPROVE_B, NOBODY), alike="AB"),
    "raised": World((LOOSE, BASE, HALT), (A, APPROVE_A, APPROVE_B, NOBODY), alike="AB"),
    "signers": World(
        (BASE, LOOSE, HALT),
        (
            A,
            OPERATOR,
            NOBODY,
            APPROVE_A,
            APPROVE_A2,
            APPROVE_B,
            APPROVE_O,
            Label(None, approves=True),
        ),
    ),
    "operator": World((LOOSE, BASE, LOOSE_HALT), (A, OPERATOR, APPROVE_O, NOBODY)),
    "approvals": World(
        (BASE, LOOSE),
        (
            APPROVE_A,
            APPROVE_B,
            Label("A", approves=True, own=False),
            Label("A", approves=True, names=0),
            Label("A", approves=True, names=1),
        ),
    ),
    "gear": World((BASE, GEAR, GEAR_HALT), (A, APPROVE_A, APPROVE_B, NOBODY), alike="AB"),
    "unreadable": World((LOOSE, BROKEN, BASE), (A, APPROVE_A, APPROVE_B, NOBODY), alike="AB"),
    "halt files": World(
        (BASE, BROKEN, FILE, BROKEN._replace(halts=FILE.halts), HALT),
        (A, OPERATOR, NOBODY),
    ),
    "revocation": World(
        (BASE, LOOSE, keyed(("A", REVOKED)), keyed(("A", REVOKED), tree=LOOSE)),
        (APPROVE_A, APPROVE_A2, APPROVE_B, B, OPERATOR),
    ),
    "revoked beside": World(
        (BASE, keyed(("A", REVOKED)), keyed(("A", REVOKED), tree=joined("D"))),
        (APPROVE_A, APPROVE_A2, APPROVE_B, OPERATOR, NOBODY),
    ),
    "leaving": World(
        (joined("D"), BASE, joined("D", LOOSE)),
        (APPROVE_A, APPROVE_D, OPERATOR, NOBODY),
    ),
    "joining": World(
        (BASE, LOOSE, joined("D"), joined("D", LOOSE)),
        (APPROVE_A, APPROVE_B, APPROVE_D, NOBODY),
    ),
    "expired": World(
        (keyed(("A", 1)), keyed(("A", 1), tree=LOOSE), keyed(("A", 1), tree=HALT)),
        (A, APPROVE_A, APPROVE_B),
        seen=(0, 1),
    ),
    "time": World(
        (BASE, Tree(Policy(raised=2)), Tree(Policy(raised=1))),
        (APPROVE_A, APPROVE_B, Label("A", approves=True, until=1)),
        seen=(0, 1),
    ),
    "ending halt": World(
        (BASE, Tree(Policy(halted=2)), Tree(Policy(halted=1))),
        (A, APPROVE_A, APPROVE_B),
        seen=(0, 1),
    ),
    "latch": World((BASE, RELEASED), (A, APPROVE_A, APPROVE_B, NOBODY), alike="AB"),
    "lane": World((BASE, FILE), (A, APPROVE_A, APPROVE_B, NOBODY), alike="AB", lane=True),
    "lane and keys": World(
        (BASE, FILE, keyed(("A", REVOKED))), (A, B, APPROVE_A, APPROVE_B), lane=True
    ),
}


def _mixed(raised: int) -> World:
    """Everything at once, for histories too large to search through.

    A raise is for good or for a while in one world, never both: in real trees those are two fields.
    """
    loose = Tree(Policy(raised=raised))
    trees = (
        BASE,
        loose,
        Tree(Policy(raised=raised - 1)) if raised < NEVER else HALT,
        Tree(Policy(raised=raised, halted=NEVER)),
        HALT,
        Tree(Policy(halted=3)),
        GEAR,
        BROKEN._replace(says=Policy()),
        FILE,
        BROKEN._replace(says=Policy(), halts=FILE.halts),
        RELEASED,
        keyed(("A", REVOKED)),
        keyed(("A", REVOKED), tree=loose),
        keyed(("B", 1)),
        joined("D"),
        joined("D", loose),
    )
    labels = (
        *(A, B, OPERATOR, NOBODY),
        *(APPROVE_A, APPROVE_B) * 3,
        *(APPROVE_A2, APPROVE_C, APPROVE_D, APPROVE_O),
        Label(None, approves=True),
        Label("A", approves=True, own=False),
        Label("B", approves=True, names=1),
        Label("B", approves=True, until=1),
    )
    return World(trees, labels, seen=(0, 0, 1, 2))


MIXED = (_mixed(NEVER), _mixed(4))
