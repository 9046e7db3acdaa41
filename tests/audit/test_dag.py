"""Walking from a record to its causes and its effects, and finding it by a part of its name."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from vanta.audit.dag import Dag, Link
from vanta.journal.chain import Spot


def link(
    record_id: str, *parents: str, journal: str = "trade_log", kind: str = "x.happened"
) -> Link:
    spot = Spot(Path(journal), 1, 0)
    return Link(record_id, kind, parents, 0, "", "executor", journal, 0, spot)


def ids(links: list[Link]) -> list[str]:
    return [one.id for one in links]


def test_causes_come_nearest_first_and_each_once() -> None:
    dag = Dag(
        [
            link("sig_1"),
            link("sig_2"),
            link("cnv", "sig_1", "sig_2"),
            link("int", "cnv"),
            link("dec", "int"),
            link("ord", "dec", "sig_2"),
        ]
    )
    causes, missing = dag.ancestors("ord")
    assert ids(causes) == ["ord", "dec", "sig_2", "int", "cnv", "sig_1"]
    assert missing == []
    assert ids(dag.descendants("cnv")) == ["cnv", "int", "dec", "ord"]


def test_a_cause_that_is_nowhere_is_named() -> None:
    causes, missing = Dag([link("cnv", "sig_1", "sig_2"), link("sig_2")]).ancestors("cnv")
    assert ids(causes) == ["cnv", "sig_2"]
    assert missing == ["sig_1"]


def test_one_id_in_two_journals_is_two_records() -> None:
    dag = Dag([link("int", "cnv", journal="reflection"), link("int", "cnv", journal="intents")])
    assert [one.journal for one in dag.links("int")] == ["reflection", "intents"]
    assert len(dag) == 2
    assert len(dag.descendants("cnv")) == 2 or dag.links("cnv") == ()


def test_a_name_is_a_whole_id_or_the_beginning_of_one_with_or_without_its_kind() -> None:
    dag = Dag([link("ord_abcd"), link("ord_abxy"), link("int_zz"), link("plain")])
    assert dag.named("ord_abcd") == ["ord_abcd"]
    assert dag.named("ord_ab") == ["ord_abcd", "ord_abxy"]
    assert dag.named("abx") == ["ord_abxy"]
    assert dag.named("pl") == ["plain"]
    assert dag.named("") == []
    assert dag.named("q") == []


def test_a_circle_of_causes_ends() -> None:
    dag = Dag([link("a", "b"), link("b", "a")])
    assert ids(dag.ancestors("a")[0]) == ["a", "b"]
    assert ids(dag.descendants("a")) == ["a", "b"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_an_effect_has_its_cause_and_a_cause_its_effect(pairs: list[tuple[int, int]]) -> None:
    """Whatever the shape: y is among the causes of x exactly when x is among the effects of y."""
    parents: dict[int, set[int]] = {}
    for child, parent in pairs:
        parents.setdefault(child, set()).add(parent)
        parents.setdefault(parent, set())
    dag = Dag(link(str(n), *map(str, sorted(above))) for n, above in parents.items())
    up = {n: set(ids(dag.ancestors(str(n))[0])) for n in parents}
    down = {n: set(ids(dag.descendants(str(n)))) for n in parents}
    assert all((str(y) in up[x]) == (str(x) in down[y]) for x in parents for y in parents)
