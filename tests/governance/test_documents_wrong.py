"""Every sentence about documents, through the nodes' reader: file, line, field and remedy."""

import re

import pytest

from tests.governance.fund import (
    CEILING,
    ENVIRONMENT,
    HERE,
    MOMENTUM,
    compiled,
    documents,
    governed,
)
from tests.governance.wrong_documents import CORPUS, GOOD, PEOPLE, Wrong
from vanta.domain.errors import VantaError
from vanta.governance.authority import resolve
from vanta.governance.documents.compile import compile_policy
from vanta.governance.documents.read import AUTHORITY, read_documents
from vanta.governance.strict_yaml import MAX_BYTES, read_yaml

FILES = governed({**documents(PEOPLE), **GOOD})


def put_to_use(files: dict[str, bytes]) -> None:
    """Read a tree as the walk does: its documents, their policy, and who governs."""
    documents = read_documents(files, ENVIRONMENT)
    compile_policy(documents)
    resolve(documents.authority)


def refused(files: dict[str, bytes]) -> VantaError:
    with pytest.raises(VantaError) as error:
        put_to_use(files)
    return error.value


def test_the_documents_that_are_spoilt_below_are_good() -> None:
    policy = compiled({**documents(PEOPLE), **GOOD})
    assert policy.overlay.flips.keys() == policy.overlay.boosts.keys() == {"momentum"}
    assert policy.overlay.everywhere.maintenance > 0


@pytest.mark.parametrize("wrong", CORPUS, ids=lambda wrong: wrong.id)
def test_a_mistake_is_named_by_file_line_field_code_and_remedy(wrong: Wrong) -> None:
    error = refused({**FILES, wrong.file: wrong.content})
    field = f": {wrong.field}" if wrong.field else ""
    assert error.place == f"{wrong.file}:{wrong.line}{field}", error
    assert error.code == wrong.code, error
    assert error.message
    assert error.remedy
    # It is one line of visible text, whatever the document holds.
    assert str(error).isprintable()
    assert len(str(error)) < 600


def test_the_corpus_has_every_code_the_yaml_reader_knows() -> None:
    codes = set(re.findall(r"`([A-Z_0-9]+)`", read_yaml.__doc__ or ""))
    assert codes - {wrong.code for wrong in CORPUS} == {"YAML_TOO_LARGE"}


@pytest.mark.parametrize(
    ("changed", "code", "place"),
    [
        ({MOMENTUM: b"a: 1\n" + b"#" * MAX_BYTES}, "YAML_TOO_LARGE", MOMENTUM),
        ({f"{HERE}README.md": b"hello"}, "UNEXPECTED_FILE", f"{HERE}README.md"),
        ({CEILING: None}, "MISSING_CEILING", CEILING),
        ({AUTHORITY: None}, "MISSING_AUTHORITY", AUTHORITY),
    ],
)
def test_what_is_about_a_whole_file_names_the_file_and_a_remedy(
    changed: dict[str, bytes | None], code: str, place: str
) -> None:
    files = {path: data for path, data in {**FILES, **changed}.items() if data is not None}
    error = refused(files)
    assert (error.code, error.place) == (code, place)
    assert error.remedy
