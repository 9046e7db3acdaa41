"""The two published files: what they say, and how far a reader believes them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from tests.governance.fund import MOMENTUM, Fund, capital, halted, switch, vault
from tests.governance.station import Station
from tests.lattice.strategies import policies
from vanta.domain.errors import MalformedError, UnavailableError, VantaError
from vanta.domain.instant import HOUR, show_instant
from vanta.domain.policy import OverlayPolicy, Policy, Provenance, Published
from vanta.domain.record import Position
from vanta.domain.switches import SWITCHES
from vanta.governance.documents.compile import consistent
from vanta.governance.published import (
    OVERLAY_FILE,
    VAULT_FILE,
    PolicyReader,
    parse,
    read_files,
    render,
)
from vanta.lattice.direction import table

AT = Position(7, "ab" * 32)
WHERE = Provenance(commit="c" * 40, tree="d" * 64, serial=3)


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    made.start().tick()
    yield made
    made.stop()


# What they say


def reachable(policy: Policy) -> Policy:
    """As documents compile it: what no entry of a table says is what holds everywhere."""
    overlay = policy.overlay
    named = {
        scope: table(overlay.everywhere, getattr(overlay, scope).entries)
        for scope in ("vaults", "venues", "strategies", "followers")
    }
    return consistent(
        msgspec.structs.replace(policy, overlay=msgspec.structs.replace(overlay, **named))
    )


@settings(max_examples=25, deadline=None)
@given(policies)
def test_what_is_published_reads_back(policy: Policy) -> None:
    published = Published(policy=reachable(policy), provenance=WHERE)
    files = render(published, AT, "governance")
    assert parse(files) == published
    assert render(parse(files), AT, "governance") == files


@settings(max_examples=20, deadline=None)
@given(policies)
def test_a_consistent_policy_is_consistent_once_and_for_all(policy: Policy) -> None:
    once = consistent(policy)
    assert consistent(once) == once


def test_an_operator_finds_the_switches_at_the_top(station: Station) -> None:
    content = msgspec.json.decode((station.memory / OVERLAY_FILE).read_bytes())
    assert [content[name] for name in SWITCHES] == [False] * 5
    assert sorted(content["vaults"]) == ["crypto", "momentum"]
    assert content["derived_from"]["journal"] == "governance"


def test_a_switch_reads_true_false_or_until_when(station: Station, fund: Fund) -> None:
    ends = fund.now + HOUR
    files = {
        fund.halt("a"): switch("a", kind="maintenance", until=ends),
        fund.halt("b"): switch("b", kind="full_halt", scope="vault: crypto"),
    }
    fund.change(files, by="olga")
    station.start().tick()
    content = msgspec.json.decode((station.memory / OVERLAY_FILE).read_bytes())
    assert content["maintenance"] == show_instant(ends)
    assert content["vaults"]["crypto"]["full_halt"] is True
    assert content["vaults"]["momentum"]["full_halt"] is False


def test_limits_are_scaled_integers(station: Station) -> None:
    content = msgspec.json.decode((station.memory / VAULT_FILE).read_bytes())
    assert content["policy"]["vaults"]["momentum"]["capital"] == 1000 * 10**8
    assert msgspec.convert(content["policy"]["overlay"], OverlayPolicy) == OverlayPolicy()


@pytest.mark.parametrize("wrong", [b"{}", b"", b"null", b"[1]", b'{"derived_from": 1}'])
def test_a_file_of_another_shape_is_malformed(station: Station, wrong: bytes) -> None:
    files = read_files(station.memory)
    for name in files:
        with pytest.raises(MalformedError) as refused:
            parse({**files, name: wrong})
        assert refused.value.place == name


def test_a_switch_nobody_knows_is_named_with_the_known_ones(station: Station) -> None:
    station.edit(OVERLAY_FILE, lambda content: content["vaults"]["crypto"].update(stop=True))
    with pytest.raises(MalformedError) as refused:
        parse(read_files(station.memory))
    assert refused.value.code == "SWITCH"
    assert "full_halt" in refused.value.remedy


# How far they are believed


def refused(reader: PolicyReader) -> VantaError:
    with pytest.raises(VantaError) as error:
        reader()
    return error.value


def test_unchanged_files_are_not_read_again(station: Station) -> None:
    assert station.reader() is station.reader()


def test_a_new_publication_is_seen_at_the_next_look(station: Station, fund: Fund) -> None:
    assert not halted(station.reader().policy)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    station.start().tick()
    assert halted(station.reader().policy)


def test_without_files_there_is_no_policy(tmp_path: Path) -> None:
    error = refused(PolicyReader(tmp_path, patience=0.0))
    assert (error.code, type(error)) == ("NO_POLICY", UnavailableError)
    assert "vanta governance controller" in error.remedy


@pytest.mark.parametrize("name", [VAULT_FILE, OVERLAY_FILE])
def test_with_one_file_gone_there_is_no_policy_not_even_the_last(
    station: Station, name: str
) -> None:
    station.reader()
    (station.memory / name).unlink()
    assert refused(station.reader).code == "NO_POLICY"


def test_files_of_two_publications_are_no_policy(station: Station, fund: Fund) -> None:
    older = (station.memory / VAULT_FILE).read_bytes()
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    station.start().tick()
    (station.memory / VAULT_FILE).write_bytes(older)
    assert refused(station.reader).code == "TORN_PUBLICATION"


def test_a_reader_waits_for_the_second_file_of_a_publication(station: Station, fund: Fund) -> None:
    older = (station.memory / VAULT_FILE).read_bytes()
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    station.start().tick()
    newer = (station.memory / VAULT_FILE).read_bytes()
    (station.memory / VAULT_FILE).write_bytes(older)
    writer = threading.Timer(0.05, (station.memory / VAULT_FILE).write_bytes, [newer])
    writer.start()
    reader = PolicyReader(station.memory, patience=5.0)
    began = time.monotonic()
    assert halted(reader().policy)
    assert time.monotonic() - began < 4
    writer.join()


def test_a_pair_that_names_no_receipt_is_no_policy(station: Station) -> None:
    station.edit(VAULT_FILE, lambda content: content["derived_from"].update(size=1))
    assert refused(station.reader).code == "UNBACKED_POLICY"


def test_without_the_journal_there_is_no_policy(station: Station) -> None:
    station.stop()
    station.journal.unlink()
    assert isinstance(refused(PolicyReader(station.memory, patience=0.0)), UnavailableError)


def test_an_edit_can_tighten_at_once_and_never_loosen(station: Station) -> None:
    station.stop()
    station.limit(9000)
    assert capital(station.reader().policy) == 1000
    station.limit(10)
    assert capital(station.reader().policy) == 10
    station.overlay(full_halt=True)
    assert halted(station.reader().policy)


def test_a_receipt_newer_than_the_files_already_restrains(station: Station, fund: Fund) -> None:
    """The controller died between the receipt of a halt and the files."""
    older = read_files(station.memory)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    station.start().tick()
    station.stop()
    for name, content in older.items():
        (station.memory / name).write_bytes(content)
    for reader in (station.reader, PolicyReader(station.memory)):
        assert halted(reader().policy)


def test_older_files_cannot_bring_an_older_looser_policy_back(station: Station, fund: Fund) -> None:
    older = read_files(station.memory)
    controller = station.start()
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    controller.tick()
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada", approve=True)
    fund.approve("grace")
    controller.tick()
    station.stop()
    for name, content in older.items():
        (station.memory / name).write_bytes(content)
    found = station.reader()
    assert capital(found.policy) == 500
    assert found.provenance.serial == 3


def test_a_reader_follows_a_journal_that_rotates(station: Station, fund: Fund) -> None:
    controller = station.start()
    station.reader()
    for count in range(3):
        fund.change({MOMENTUM: vault("momentum", capital=900 - count)}, by="ada")
        controller.tick()
        controller._ledger.rotate()
        assert capital(station.reader().policy) == 900 - count
        assert capital(PolicyReader(station.memory)().policy) == 900 - count


def test_no_look_beside_a_controller_at_work_sees_a_torn_or_looser_policy(
    station: Station, fund: Fund
) -> None:
    reader = PolicyReader(station.memory, patience=5.0)
    controller = station.start()
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(capital(reader().policy))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for amount in range(999, 989, -1):
            fund.change({MOMENTUM: vault("momentum", capital=amount)}, by="ada")
            controller.tick()
    finally:
        done.set()
        watcher.join()
    assert seen == sorted(seen, reverse=True)
    assert capital(reader().policy) == 990
