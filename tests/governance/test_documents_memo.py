"""What was made of documents is made once, and never outlives them."""

import gc

import pytest

from tests.governance.fund import MOMENTUM, document, vault
from vanta.domain.errors import MalformedError
from vanta.governance.documents.kinds import Document
from vanta.governance.documents.memo import Memo
from vanta.governance.documents.read import read_document

LARGE = "# and so on\n" * 2000
"""Behind a document: so large that who reads it does not remember it."""


def persona(name: str) -> Document:
    """A new document, whatever was read before."""
    text = document("Persona", name, "multiplier: 1.25\nconviction: 0.55")
    return read_document(f"{text}{LARGE}".encode(), file=f"personas/{name}.yaml")


def test_the_same_documents_are_looked_at_once() -> None:
    names = Memo(lambda *several: [each.metadata.name for each in several])
    ares, athena = persona("ares"), persona("athena")
    assert names(ares, athena) is names(ares, athena)
    assert names(athena, ares) == ["athena", "ares"]


def test_documents_that_say_the_same_are_not_the_same() -> None:
    made = Memo(lambda one: [one])
    one, other = persona("ares"), persona("ares")
    assert one == other
    assert made(one)[0] is one
    assert made(other)[0] is other


@pytest.mark.nightly
@pytest.mark.slow
def test_nothing_outlives_its_documents() -> None:
    made = Memo(lambda one: one.metadata.name * 2)
    for number in range(50):
        one = persona(f"p{number}")
        assert made(one) == f"p{number}" * 2
        del one
        gc.collect()
    assert len(made._made) == 0


def test_an_error_is_told_again() -> None:
    def refuse(one: Document) -> None:
        raise MalformedError(one.metadata.name, code="NO")

    made, ares = Memo(refuse), persona("ares")
    for _ in range(2):
        with pytest.raises(MalformedError):
            made(ares)


def test_a_file_read_twice_is_one_document_and_a_large_one_is_not_kept() -> None:
    small = vault("momentum").encode()
    large = small + LARGE.encode()
    assert read_document(small, file=MOMENTUM) is read_document(small, file=MOMENTUM)
    assert read_document(small, file=MOMENTUM) is not read_document(small, file=f"x/{MOMENTUM}")
    assert read_document(large, file=MOMENTUM) is not read_document(large, file=MOMENTUM)
