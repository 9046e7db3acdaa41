"""What is on the export is staged as it was signed, or refused with its reason and not there."""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from tests.builds.making import MACHINE, make, node, permission, sign_off, staged
from tests.builds.test_pack import FILES
from tests.governance.simulator import person
from vanta.builds.flip import target_of
from vanta.builds.manifest import BUILD_NAMESPACE, Artefact, BuildFile, name_of, read_manifest
from vanta.builds.pack import ARTEFACT, MANIFEST, SIGNATURE, SIGNOFFS, SUMS, sums_of
from vanta.builds.release import read_release
from vanta.builds.room import check_room
from vanta.builds.site import Site
from vanta.builds.slots import Slots, discard
from vanta.builds.stage import look, verify
from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.governance.sshsig import sign


def refused(do: Callable[[], object]) -> VantaError:
    with pytest.raises(VantaError) as found:
        do()
    assert found.value.remedy
    return found.value


def test_a_slot_is_what_was_signed_and_nobody_may_write_it(tmp_path: Path) -> None:
    release = make(tmp_path)
    with node(tmp_path / "node") as site:
        found = staged(site, release)
        slot = site.layout.slots / found.build
        assert (found.letter, found.fresh) == ("_A", True)
        assert target_of(site.layout.slots / "_A") == found.build
        for path in [slot, *slot.rglob("*")]:
            assert not path.stat().st_mode & 0o222, path
        checked = subprocess.run(
            ["sha256sum", "--check", "--quiet", "--strict", SUMS], cwd=slot, check=False
        )
        assert checked.returncode == 0
        assert site.slots.verify(found.build).signoffs.keys() == {"alan.sig", "grace.sig"}
        assert not (slot / ARTEFACT).exists()
        assert not site.layout.current.exists()


def test_the_third_build_takes_the_slot_that_does_not_run(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        letters = [staged(site, make(tmp_path, "well", number)).letter for number in (1, 2, 3)]
        assert letters == ["_A", "_B", "_A"]
        assert staged(site, make(tmp_path / "again", "well", 2)).letter == "_B"


def test_a_build_that_is_there_only_gets_the_sign_offs_that_came_since(tmp_path: Path) -> None:
    release = make(tmp_path, reviewers=("grace",))
    with node(tmp_path / "node") as site:
        staged(site, release)
        sign_off(release, "alan")
        found = staged(site, release)
        assert not found.fresh
        assert site.slots.verify(found.build).signoffs.keys() == {"alan.sig", "grace.sig"}


def test_a_sign_off_that_went_from_the_release_goes_from_the_slot(tmp_path: Path) -> None:
    release = make(tmp_path)
    with node(tmp_path / "node") as site:
        staged(site, release)
        (release / SIGNOFFS / "grace.sig").unlink()
        found = staged(site, release)
        assert site.slots.verify(found.build).signoffs.keys() == {"alan.sig"}
        assert not (site.slots.path(found.build) / SIGNOFFS).stat().st_mode & 0o222


def test_a_slot_that_others_may_write_to_is_not_as_it_was_signed(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        build = staged(site, make(tmp_path)).build
        folder = site.slots.path(build) / "lib"
        folder.chmod(0o775)
        error = refused(lambda: site.slots.verify(build))
        assert (error.code, "move" in error.remedy) == ("TAMPERED", True)
        folder.chmod(0o555)
        site.slots.verify(build)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_a_file_that_is_anothers_is_not_as_it_was_signed(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        build = staged(site, make(tmp_path)).build
        os.chown(site.slots.path(build) / "bin" / "vanta", 65534, -1)
        assert refused(lambda: site.slots.verify(build)).code == "TAMPERED"


def test_a_build_leaves_room_for_the_journals(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    free = disk.f_bavail * disk.f_frsize
    check_room(tmp_path / "not" / "there" / "yet")
    assert refused(lambda: check_room(tmp_path, free)).code == "NO_ROOM"


def test_staging_is_for_what_a_builder_signed(tmp_path: Path) -> None:
    def of(number: int, **how: object) -> Path:
        return make(tmp_path / "export", "well", number, **how)  # type: ignore[arg-type]

    unsigned, stranger, moved = of(1, builder=""), of(2, builder="grace"), of(3)
    other = moved.rename(moved.with_name("0.9.0-ffffffffffff"))
    for folder, code in (
        (unsigned, "UNSIGNED"),
        (stranger, "UNKNOWN_BUILDER"),
        (other, "OTHER_BUILD"),
        (of(4, schema="vanta.dev/v2"), "OTHER_SCHEMA"),
        (of(5, python="3.12"), "OTHER_PYTHON"),
        (of(6, platform="linux_aarch64"), "OTHER_PLATFORM"),
        (tmp_path / "0.1.0-aaaaaaaaaaaa", "NO_BUILD"),
    ):
        assert refused(lambda at=folder: look(at, permission(), MACHINE)).code == code  # type: ignore[misc]


def test_a_signature_for_something_else_is_none(tmp_path: Path) -> None:
    release = make(tmp_path)
    signed = (release / MANIFEST).read_bytes()
    for armour, code in (
        (sign(person("ada").private_key, signed, "vanta-review"), "WRONG_NAMESPACE"),
        (sign(person("ada").private_key, signed + b" ", BUILD_NAMESPACE), "BAD_SIGNATURE"),
        (b"yes, I built this\n", "MALFORMED_SIGNATURE"),
    ):
        (release / SIGNATURE).write_bytes(armour)
        error = refused_without_remedy(release)
        assert (error.code, error.place) == (code, str(release / SIGNATURE))


def refused_without_remedy(release: Path) -> VantaError:
    with pytest.raises(VantaError) as found:
        look(release, permission(), MACHINE)
    return found.value


def test_another_manifest_under_the_same_name_is_another_build(tmp_path: Path) -> None:
    release = make(tmp_path)
    text = (release / MANIFEST).read_bytes()
    (release / MANIFEST).write_bytes(text.replace(b'"version":"0.1.0"', b'"version":"0.1.1"'))
    assert refused(lambda: read_release(release)).code == "OTHER_BUILD"


@pytest.mark.parametrize("name", [ARTEFACT, SUMS])
def test_a_changed_byte_is_found_before_anything_is_unpacked(tmp_path: Path, name: str) -> None:
    release = make(tmp_path)
    data = bytearray((release / name).read_bytes())
    data[len(data) // 2] ^= 1
    (release / name).write_bytes(bytes(data))
    with node(tmp_path / "node") as site:
        sound = look(release, permission(), MACHINE)
        assert refused(lambda: verify(sound)).code == "TAMPERED"
        assert refused(lambda: staged(site, release)).code == "TAMPERED"
        assert list(site.layout.slots.iterdir()) == []


@pytest.mark.parametrize("grown", [b"", b"more"])
def test_an_artefact_that_is_cut_or_goes_on_is_another(tmp_path: Path, grown: bytes) -> None:
    release = make(tmp_path)
    data = (release / ARTEFACT).read_bytes()
    (release / ARTEFACT).write_bytes(data + grown if grown else data[:-512])
    with node(tmp_path / "node") as site:
        assert refused(lambda: staged(site, release)).code == "TAMPERED"


@pytest.mark.parametrize("name", [ARTEFACT, MANIFEST])
def test_a_link_or_a_pipe_in_a_files_place_is_not_followed(tmp_path: Path, name: str) -> None:
    release = make(tmp_path)
    (release / name).rename(tmp_path / name)
    (release / name).symlink_to(tmp_path / name)
    with node(tmp_path / "node") as site:
        assert refused(lambda: staged(site, release)).code == "NO_BUILD"
        (release / name).unlink()
        os.mkfifo(release / name)
        assert refused(lambda: staged(site, release)).code == "NO_BUILD"


Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, data: bytes = b"", **changed: object) -> Member:
    made = tarfile.TarInfo(name)
    made.size, made.mode = len(data), 0o444
    for field, value in changed.items():
        setattr(made, field, value)
    return made, data


def hostile(folder: Path, members: list[Member], artefact: bytes | None = None) -> Path:
    """A release that ada signed, and whose artefact nobody packed."""
    files = tuple(
        BuildFile(name, 0o444, len(data), sha256(data).hexdigest())
        for name, data in sorted(FILES.items())
    )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for header, data in members:
            archive.addfile(header, io.BytesIO(data))
    artefact = out.getvalue() if artefact is None else artefact
    manifest = read_manifest((make(folder / "sound") / MANIFEST).read_bytes())
    signed = encode(
        msgspec.structs.replace(
            manifest,
            files=files,
            artefact=Artefact(len(artefact), sha256(artefact).hexdigest()),
            sums=sha256(sums_of(files)).hexdigest(),
        )
    )
    release = folder / name_of(manifest.version, signed)
    (release / SIGNOFFS).mkdir(parents=True)
    (release / MANIFEST).write_bytes(signed)
    (release / ARTEFACT).write_bytes(artefact)
    (release / SUMS).write_bytes(sums_of(files))
    by = person("ada").private_key
    (release / SIGNATURE).write_bytes(sign(by, signed, BUILD_NAMESPACE))
    return release


GOOD = [member(name, data) for name, data in sorted(FILES.items())]
FIRST, SECOND, THIRD = sorted(FILES)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([*GOOD, member("lib/zzz.py")], "EXTRA_FILE"),
        ([member("bin/a"), *GOOD], "EXTRA_FILE"),
        (GOOD[:-1], "MISSING_FILE"),
        ([GOOD[0], GOOD[2]], "MISSING_FILE"),
        ([GOOD[0], GOOD[0], *GOOD[1:]], "TWICE"),
        ([member("/etc/passwd"), *GOOD], "ESCAPES"),
        ([member("lib/../../out"), *GOOD], "ESCAPES"),
        ([member(FIRST, type=tarfile.SYMTYPE, linkname="/etc/passwd"), *GOOD[1:]], "NOT_A_FILE"),
        ([member(FIRST, type=tarfile.LNKTYPE, linkname=SECOND), *GOOD[1:]], "NOT_A_FILE"),
        ([member(FIRST, type=tarfile.CHRTYPE), *GOOD[1:]], "NOT_A_FILE"),
        ([member(FIRST, type=tarfile.FIFOTYPE), *GOOD[1:]], "NOT_A_FILE"),
        ([member("lib", type=tarfile.DIRTYPE), *GOOD], "NOT_A_FILE"),
        ([member(FIRST, FILES[FIRST], mode=0o4555), *GOOD[1:]], "WRONG_MODE"),
        ([member(FIRST, b"#!/bin/sh"), *GOOD[1:]], "WRONG_SIZE"),
        ([member(FIRST, b"x" * len(FILES[FIRST])), *GOOD[1:]], "WRONG_DIGEST"),
    ],
)
def test_an_artefact_is_exactly_what_the_manifest_lists(
    tmp_path: Path, members: list[Member], code: str
) -> None:
    release = hostile(tmp_path, members)
    with node(tmp_path / "node") as site:
        assert refused(lambda: staged(site, release)).code == code
        assert list(site.layout.slots.iterdir()) == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("artefact", "code"),
    [(b"no archive " * 100, "ARTEFACT"), (b"", "ARTEFACT"), (bytes(10240), "MISSING_FILE")],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, artefact: bytes, code: str) -> None:
    release = hostile(tmp_path, GOOD, artefact)
    with node(tmp_path / "node") as site:
        assert refused(lambda: staged(site, release)).code == code
        assert list(site.layout.slots.iterdir()) == []


def test_what_was_packed_by_hand_as_listed_is_as_good(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        assert staged(site, hostile(tmp_path, GOOD)).fresh


def spoil(site: Site, build: str, how: Callable[[Path], object]) -> VantaError:
    slot = site.layout.slots / build
    for folder in (slot, slot / "lib", slot / "bin"):
        folder.chmod(0o755)
    how(slot)
    return refused(lambda: site.slots.verify(build))


def _change(path: Path) -> None:
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"!")
    path.chmod(0o444)


def _link(path: Path) -> None:
    kept = path.rename(path.with_name("kept"))
    path.symlink_to(kept)


@pytest.mark.parametrize(
    "how",
    [
        lambda slot: _change(slot / "lib/service.py"),
        lambda slot: (slot / "lib/service.py").unlink(),
        lambda slot: (slot / "lib/sitecustomize.py").write_text(""),
        lambda slot: (slot / "bin/vanta").chmod(0o755),
        lambda slot: _link(slot / "lib/service.py"),
        lambda slot: _link(slot / "lib/vanta"),
        lambda slot: (slot / SUMS).unlink(),
    ],
)
def test_a_slot_that_was_touched_is_found_out(
    tmp_path: Path, how: Callable[[Path], object]
) -> None:
    with node(tmp_path / "node") as site:
        build = staged(site, make(tmp_path)).build
        assert spoil(site, build, how).code == "TAMPERED"


def test_a_link_in_a_slots_place_is_no_slot(tmp_path: Path) -> None:
    with node(tmp_path / "node") as site:
        build = staged(site, make(tmp_path)).build
        slot = site.layout.slots / build
        (tmp_path / "elsewhere").mkdir()
        slot.rename(tmp_path / "elsewhere" / build)
        slot.symlink_to(tmp_path / "elsewhere" / build)
        assert refused(lambda: site.slots.verify(build)).code == "TAMPERED"


def test_a_full_disk_leaves_nothing_under_the_slots_name(tmp_path: Path) -> None:
    release = make(tmp_path)

    def full(name: str) -> None:
        if name == "dropped the copy":
            raise OSError(28, os.strerror(28))

    slots = Slots(tmp_path / "slots", full)
    with pytest.raises(UnavailableError) as found:
        slots.put(read_release(release))
    assert found.value.code == "SLOT_UNWRITABLE"
    assert list((tmp_path / "slots").iterdir()) == []


def test_a_draft_is_thrown_away_whatever_lies_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("")
    draft = tmp_path / "draft"
    (draft / "deep").mkdir(parents=True)
    (draft / "deep" / "link").symlink_to(outside)
    (draft / "deep").chmod(0o555)
    discard(draft)
    assert not draft.exists()
    assert (outside / "kept").exists()


def test_a_slots_name_never_leads_elsewhere(tmp_path: Path) -> None:
    slots = Slots(tmp_path)
    for name in ("../etc", "_A", "0.1.0-ffffffffffff/../..", ""):
        with pytest.raises((RefusedError, MalformedError)) as found:
            slots.path(name)
        assert found.value.code == "BUILD_NAME"
