"""A candidate becomes a release once enough people signed it off, whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builds.making import make, node, permission, sign_off, staged
from tests.builds.test_promote import promote
from vanta.builds.collect import collect, plan_collection
from vanta.builds.evidence import KEPT, keep, last_words
from vanta.builds.health import Sick
from vanta.builds.pack import ARTEFACT, MANIFEST, SIGNATURE, SIGNOFFS, SUMS
from vanta.builds.publish import plan_release, publish
from vanta.builds.release import find, read_release
from vanta.domain.errors import UnavailableError, VantaError


def candidate(tmp_path: Path, **how: object) -> Path:
    """What lies among the candidates of an export."""
    made = make(tmp_path / "made", **how)  # type: ignore[arg-type]
    target = tmp_path / "export" / "modules" / made.name
    target.parent.mkdir(parents=True, exist_ok=True)
    return made.rename(target)


def refusal(do: Callable[[], object]) -> str:
    with pytest.raises(VantaError) as refused:
        do()
    return refused.value.code


def test_a_candidate_with_its_sign_offs_is_released_as_it_is(tmp_path: Path) -> None:
    folder = candidate(tmp_path)
    assert refusal(lambda: find(tmp_path / "export", folder.name)) == "NO_BUILD"
    release, people = plan_release(folder, permission())
    assert (people.builder, people.reviewers) == ("ada", ("alan", "grace"))
    made = publish(release, tmp_path / "export" / "releases")
    assert find(tmp_path / "export", release.name) == made
    assert (made / ARTEFACT).read_bytes() == (folder / ARTEFACT).read_bytes()
    assert read_release(made)._replace(folder=folder) == release
    assert [each.name for each in made.parent.iterdir()] == [release.name]


def test_a_release_that_is_there_gets_the_sign_offs_that_came_since(tmp_path: Path) -> None:
    folder = candidate(tmp_path)
    releases = tmp_path / "export" / "releases"
    publish(plan_release(folder, permission())[0], releases)
    sign_off(folder, "olga")
    made = publish(plan_release(folder, permission())[0], releases)
    assert sorted(each.name for each in (made / SIGNOFFS).iterdir()) == [
        "alan.sig", "grace.sig", "olga.sig",
    ]  # fmt: skip


def test_a_release_that_is_there_loses_the_sign_offs_that_were_taken_back(tmp_path: Path) -> None:
    folder = candidate(tmp_path, reviewers=("grace", "alan", "olga"))
    releases = tmp_path / "export" / "releases"
    publish(plan_release(folder, permission())[0], releases)
    (folder / SIGNOFFS / "olga.sig").unlink()
    made = publish(plan_release(folder, permission())[0], releases)
    assert sorted(each.name for each in (made / SIGNOFFS).iterdir()) == ["alan.sig", "grace.sig"]


@pytest.mark.parametrize("name", [ARTEFACT, SUMS, MANIFEST, SIGNATURE])
def test_a_link_that_takes_a_files_place_meanwhile_leads_nowhere(tmp_path: Path, name: str) -> None:
    folder = candidate(tmp_path)
    release, _ = plan_release(folder, permission())
    elsewhere = tmp_path / "elsewhere"
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    elsewhere.chmod(0o600)
    assert refusal(lambda: publish(release, tmp_path / "export" / "releases")) == "NO_BUILD"
    assert elsewhere.stat().st_mode & 0o777 == 0o600


def test_what_too_few_people_looked_at_or_somebody_changed_stays_a_candidate(
    tmp_path: Path,
) -> None:
    few = candidate(tmp_path / "few", reviewers=("grace",))
    assert refusal(lambda: plan_release(few, permission())) == "UNAPPROVED"
    changed = candidate(tmp_path / "changed")
    data = (changed / ARTEFACT).read_bytes()
    (changed / ARTEFACT).write_bytes(data[:-1] + b"!")
    assert refusal(lambda: plan_release(changed, permission())) == "TAMPERED"


def test_a_candidate_that_changes_while_it_is_copied_is_not_released(tmp_path: Path) -> None:
    folder = candidate(tmp_path)
    release, _ = plan_release(folder, permission())
    data = (folder / ARTEFACT).read_bytes()
    (folder / ARTEFACT).write_bytes(data[:-1] + b"!")
    releases = tmp_path / "export" / "releases"
    assert refusal(lambda: publish(release, releases)) == "TAMPERED"
    assert not (releases / release.name).exists()


def test_an_export_that_is_away_or_takes_nothing_is_told(tmp_path: Path) -> None:
    assert refusal(lambda: find(tmp_path, "0.1.0-aaaaaaaaaaaa")) == "NO_BUILD"
    assert refusal(lambda: find(tmp_path, "../0.1.0-aaaaaaaaaaaa")) == "BUILD_NAME"
    release, _ = plan_release(candidate(tmp_path), permission())
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError) as found:
        publish(release, tmp_path / "file")
    assert found.value.code == "EXPORT_UNWRITABLE"


def test_garbage_is_what_no_record_needs(tmp_path: Path) -> None:
    with node(tmp_path / "node", names=()) as site:
        builds = []
        for number in range(4):
            builds.append(staged(site, make(tmp_path, "well", number)).build)
            promote(site, builds[-1])
        (site.layout.slots / "0.9.0-ffffffffffff.tmp").mkdir()
        stray = site.layout.slots / "0.9.0-eeeeeeeeeeee"
        stray.mkdir()
        (site.layout.slots / "README").write_text("somebody's own")
        planned = plan_collection(site.now, site.slots, site.layout.logs)
        assert planned.builds == (builds[0], builds[1], stray.name)
        assert set(planned.kept) == {builds[2], builds[3]}
        assert collect(site) == planned
        left = {each.name for each in site.layout.slots.iterdir()}
        assert left == {"_A", "_B", "README", builds[2], builds[3]}
        assert site.now.staged == (builds[2], builds[3])
        assert collect(site).builds == ()


def test_what_was_seen_of_builds_is_kept_of_the_latest(tmp_path: Path) -> None:
    logs = tmp_path / "node" / "logs"
    sick = Sick("executor", "NOT_UP", "it has ended")
    for number in range(8, 8 + KEPT + 3):
        name = keep(logs, "0.1.0-aaaaaaaaaaaa", number, sick, {"executor": f"number {number}"})
        assert (logs / name / "executor.log").read_text() == f"number {number}"
    left = sorted(int(each.name.rpartition("-")[2]) for each in (logs / "builds").iterdir())
    assert left == list(range(11, 8 + KEPT + 3))
    # Some came from a build that kept all of them; what is none of ours is left alone.
    (logs / "builds" / "0.1.0-bbbbbbbbbbbb-2").mkdir()
    (logs / "builds" / "notes").mkdir()
    with node(tmp_path / "node", names=()) as site:
        old = ("builds/0.1.0-bbbbbbbbbbbb-2",)
        assert plan_collection(site.now, site.slots, logs).evidence == old
        assert collect(site).evidence == old
    assert not (logs / old[0]).exists()
    assert (logs / "builds" / "notes").exists()


@pytest.mark.parametrize(
    ("printed", "last"),
    [
        ("", ""),
        ("it starts\n\nImportError: no Sector\n\n", "ImportError: no Sector"),
        ("error: etc/node.yaml: no such field [INVALID_FIELD]\n  try: correct it\n",
         "error: etc/node.yaml: no such field [INVALID_FIELD]"),
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("x" * 500, "x" * 160 + "…"),
    ],
)  # fmt: skip
def test_the_last_words_of_a_service_say_why(printed: str, last: str) -> None:
    assert last_words(printed) == last


def test_a_node_without_services_is_flipped_all_the_same(tmp_path: Path) -> None:
    with node(tmp_path / "node", names=()) as site:
        build = staged(site, make(tmp_path)).build
        assert promote(site, build).current == build
