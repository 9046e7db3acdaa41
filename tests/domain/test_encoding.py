"""Equal values are equal bytes, and bytes are read strictly."""

import hashlib

import msgspec
import pytest

from vanta.domain.encoding import content_id, decode, encode
from vanta.domain.errors import MalformedError


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    units: int
    names: frozenset[str] = frozenset()


def test_keys_and_sets_are_sorted_fields_stand_as_declared_and_nothing_is_padded() -> None:
    assert encode({"b": 1, "a": {"z", "y"}}) == b'{"a":["y","z"],"b":1}'
    assert encode(Amount(1, frozenset("cab"))) == b'{"units":1,"names":["a","b","c"]}'


def test_text_stays_utf8() -> None:
    assert encode("naïve\n") == '"naïve\\n"'.encode()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", b'{"units": "1"}', b'{"units": 1.5}', b'{"units": true}', b"null"),
        *(
            b'{"units": 1, "more": 2}',
            b"{}",
            b'{"units": NaN}',
            b'{"units": 1} x',
            b'{"units": "\xff"}',
        ),
    ],
)
def test_bytes_of_another_shape_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError, match="not a Amount") as refused:
        decode(Amount, data, place="vault.json")
    assert (refused.value.code, refused.value.place) == ("MALFORMED_JSON", "vault.json")


def test_what_was_encoded_is_decoded() -> None:
    assert decode(Amount, encode(Amount(5, frozenset({"a"})))) == Amount(5, frozenset({"a"}))


def test_an_id_follows_from_content_and_from_where_its_parts_end() -> None:
    assert content_id("intent", b"ab", b"c") == content_id("intent", b"ab", b"c")
    ids = {
        content_id("intent", b"ab", b"c"),
        content_id("intent", b"a", b"bc"),
        content_id("intent", b"abc"),
        content_id("order", b"ab", b"c"),
    }
    assert len(ids) == 4


def test_an_id_can_be_computed_by_hand() -> None:
    framed = b"order" + (2).to_bytes(8, "big") + b"ab"
    assert content_id("order", b"ab") == f"order_{hashlib.sha256(framed).hexdigest()[:32]}"
