"""The one shape every error has when it reaches a person."""

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError


def test_an_error_says_where_what_its_code_and_what_to_do_next() -> None:
    error = MalformedError("no", code="SWITCH", place="a.yaml:3: spec", remedy="write true")
    assert str(error) == "a.yaml:3: spec: no [SWITCH]; write true"


def test_an_error_without_place_or_remedy_leaves_them_out() -> None:
    assert str(RefusedError("no", code="NO_RULE")) == "no [NO_RULE]"


def test_every_kind_is_a_vanta_error() -> None:
    for kind in (MalformedError, RefusedError, UnavailableError):
        assert issubclass(kind, VantaError)
