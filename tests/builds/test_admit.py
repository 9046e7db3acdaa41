"""What may be promoted: each refusal with its code, and what to do."""

from pathlib import Path

import pytest

from tests.builds.making import MACHINE, make, permission, sign_off
from vanta.builds.admit import Approved, Running, admit
from vanta.builds.pack import MANIFEST, SIGNOFFS
from vanta.builds.release import Release, read_release
from vanta.domain.errors import RefusedError


def release(folder: Path, number: int = 1, **how: object) -> Release:
    return read_release(make(folder, "well", number, **how))  # type: ignore[arg-type]


def refusal(wanted: Release, running: Running | None = None, **how: object) -> RefusedError:
    by = permission(frozen=str(how.pop("frozen", "[]")))
    with pytest.raises(RefusedError) as refused:
        admit(wanted, by, MACHINE, running, **how)  # type: ignore[arg-type]
    return refused.value


def running(folder: Path, number: int) -> Running:
    found = release(folder, number)
    return Running(found.name, found.manifest)


def test_a_build_that_enough_people_signed_off_may_run(tmp_path: Path) -> None:
    found = admit(release(tmp_path), permission(), MACHINE, None)
    assert found == Approved("ada", ("alan", "grace"))


def test_one_persons_word_is_not_two_and_a_builders_is_none(tmp_path: Path) -> None:
    one = release(tmp_path, reviewers=("grace",))
    assert refusal(one).code == "UNAPPROVED"
    assert "1 of 2" in refusal(one).message
    assert "alan" in refusal(one).remedy
    own = release(tmp_path, 2, reviewers=("grace", "ada"))
    assert refusal(own).code == "UNAPPROVED"
    stranger = release(tmp_path, 3, reviewers=("grace", "olga"))
    assert refusal(stranger).code == "UNAPPROVED"


def test_the_same_persons_word_twice_is_one(tmp_path: Path) -> None:
    folder = make(tmp_path, reviewers=("grace",))
    again = (folder / SIGNOFFS / "grace.sig").read_bytes()
    (folder / SIGNOFFS / "alan.sig").write_bytes(again)
    assert refusal(read_release(folder)).code == "UNAPPROVED"


def test_a_word_on_another_build_is_none_on_this_one(tmp_path: Path) -> None:
    folder, other = make(tmp_path, reviewers=("grace",)), make(tmp_path, "well", 2)
    (folder / SIGNOFFS / "alan.sig").write_bytes((other / SIGNOFFS / "alan.sig").read_bytes())
    error = refusal(read_release(folder))
    assert error.code == "UNAPPROVED"
    assert "BAD_SIGNATURE" in error.message
    # A word that does not hold takes nobody else's away.
    sign_off(folder, "alan")
    (folder / SIGNOFFS / "mallory.sig").write_bytes(b"fine by me")
    assert admit(read_release(folder), permission(), MACHINE, None).reviewers == ("alan", "grace")


def test_a_build_older_than_what_runs_takes_a_rollback(tmp_path: Path) -> None:
    older, now = release(tmp_path, 1), running(tmp_path, 2)
    assert refusal(older, now).code == "OLDER"
    assert admit(older, permission(), MACHINE, now, rollback=True).builder == "ada"


def test_a_build_follows_what_it_was_made_to_follow(tmp_path: Path) -> None:
    now = running(tmp_path, 1)
    assert admit(release(tmp_path, 2, follows=now.build), permission(), MACHINE, now)
    stray = release(tmp_path, 3, follows="0.9.0-ffffffffffff")
    assert refusal(stray, now).code == "DOES_NOT_FOLLOW"
    assert admit(stray, permission(), MACHINE, None)


def test_a_frozen_node_stays_as_it_is(tmp_path: Path) -> None:
    found = release(tmp_path)
    assert refusal(found, frozen="[executor]").code == "FROZEN"
    assert refusal(found, frozen='["*"]', rollback=True).code == "FROZEN"
    assert admit(found, permission(frozen="[markets]"), MACHINE, None)


def test_what_was_bad_here_is_tried_again_only_when_asked_for(tmp_path: Path) -> None:
    found = release(tmp_path)
    assert refusal(found, bad="NOT_UP").code == "MARKED_BAD"
    assert admit(found, permission(), MACHINE, None, bad="NOT_UP", again=True)


def test_what_runs_is_not_promoted_once_more(tmp_path: Path) -> None:
    now = running(tmp_path, 1)
    again = read_release(tmp_path / "releases" / now.build)
    assert refusal(again, now).code == "ALREADY_RUNS"
    assert (tmp_path / "releases" / now.build / MANIFEST).is_file()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"schema": "vanta.dev/v2"}, "OTHER_SCHEMA"),
        ({"python": "3.12"}, "OTHER_PYTHON"),
        ({"builder": ""}, "UNSIGNED"),
        ({"builder": "grace"}, "UNKNOWN_BUILDER"),
    ],
)
def test_a_build_for_something_else_or_of_nobody_does_not_run(
    tmp_path: Path, changed: dict[str, str], code: str
) -> None:
    assert refusal(release(tmp_path, 1, **changed)).code == code


def test_every_refusal_says_what_to_do(tmp_path: Path) -> None:
    now = running(tmp_path, 5)
    for error in (
        refusal(release(tmp_path, 1, reviewers=())),
        refusal(release(tmp_path, 2), now),
        refusal(release(tmp_path, 3), frozen="[executor]"),
        refusal(release(tmp_path, 4), bad="NOT_UP"),
    ):
        assert error.remedy
