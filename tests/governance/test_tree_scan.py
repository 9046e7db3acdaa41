"""Looking through a tree object of any size as its bytes come."""

import re

import pytest

from vanta.domain.errors import RefusedError
from vanta.governance.trees import TreeScan

OID = "ab" * 20
YAML = re.compile(rb"100644 [a-z]+\.yaml")


def entry(name: bytes, mode: bytes = b"100644", oid: str = OID) -> bytes:
    return b"%s %s\0%s" % (mode, name, bytes.fromhex(oid))


def scanned(raw: bytes, size: int, most: int = 100) -> list[str]:
    scan = TreeScan(OID, YAML, most)
    for at in range(0, len(raw), size):
        scan.feed(raw[at : at + size])
    return [each.name.decode() for each in scan.found]


@pytest.mark.parametrize("size", [1, 2, 7, 41, 4096])
def test_what_is_sought_is_found_however_its_bytes_come(size: int) -> None:
    raw = entry(b"z.yaml") + entry(b"junk") + entry(b"b.yaml", b"40000") + entry(b"a.yaml")
    assert scanned(raw, size) == ["z.yaml", "a.yaml"]


@pytest.mark.parametrize("size", [1, 64, 4096])
def test_an_id_that_looks_like_an_entry_is_none(size: int) -> None:
    inside = b"\x00100644 x.yaml\x00abcde"[:20]
    raw = entry(b"junk", oid=inside.hex()) + entry(b"a.yaml")
    assert scanned(raw, size) == ["a.yaml"]


@pytest.mark.parametrize(
    "odd", [b"x", entry(b""), entry(b"a/b"), entry(b"c.yaml", b"9"), b"100644 d.yaml"]
)
def test_it_ends_where_the_bytes_are_no_entry(odd: bytes) -> None:
    assert scanned(entry(b"a.yaml") + odd + entry(b"b.yaml"), 8)[:1] == ["a.yaml"]
    assert "b.yaml" not in scanned(entry(b"a.yaml") + odd + entry(b"b.yaml"), 8)


@pytest.mark.timeout(10)
def test_a_name_of_many_megabytes_takes_no_time_and_hides_nothing() -> None:
    assert scanned(entry(b"x" * 32_000_000) + entry(b"a.yaml"), 65_536) == ["a.yaml"]


def test_more_than_the_bound_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        scanned(entry(b"a.yaml") * 3, 100, most=2)
    assert caught.value.code == "TOO_MANY_FILES"
