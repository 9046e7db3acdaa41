"""The same files make the same bytes, and what a manifest says cannot leave a slot."""

import os
import subprocess
import tarfile
from pathlib import Path

import msgspec
import pytest

from vanta.builds.manifest import BuildFile, Manifest, checked_name, name_of, read_manifest
from vanta.builds.pack import ARTEFACT, MANIFEST, SUMS, Source, pack
from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError, RefusedError
from vanta.domain.instant import SECOND

SOURCE = Source(
    version="0.1.0",
    commit="a" * 40,
    committed=1_700_000_000 * SECOND,
    lock="b" * 64,
    schema="vanta.dev/v1",
    python="3.11",
    platform="linux_x86_64",
    extras=("executor",),
    follows="",
)
FILES = {
    "bin/vanta": b"#!/usr/bin/python3 -I\n",
    "lib/vanta/__init__.py": b"",
    "lib/vanta/deep/" + "n" * 120 + ".py": b"x = 1\n",
}


def tree(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755 if name.startswith("bin/") else 0o644)
    return folder


def packed(folder: Path, *, source: Source = SOURCE, files: dict[str, bytes] = FILES) -> Path:
    made = folder / "packed"
    made.mkdir(parents=True)
    pack(tree(folder / "tree", files), made, source)
    return made


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    one = packed(tmp_path / "one")
    before = os.umask(0o077)
    try:
        other = packed(tmp_path / "other", files=dict(reversed(FILES.items())))
    finally:
        os.umask(before)
    os.utime(other / ARTEFACT, (1, 1))
    for name in (ARTEFACT, MANIFEST, SUMS):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_the_archive_holds_what_the_manifest_says_and_nothing_of_the_machine(
    tmp_path: Path,
) -> None:
    made = packed(tmp_path)
    manifest = read_manifest((made / MANIFEST).read_bytes())
    with tarfile.open(made / ARTEFACT) as archive:
        members = archive.getmembers()
    assert [one.name for one in members] == [file.path for file in manifest.files] == sorted(FILES)
    assert {(one.uid, one.gid, one.uname, one.gname) for one in members} == {(0, 0, "", "")}
    assert {one.mtime for one in members} == {SOURCE.committed // SECOND}
    assert {one.name: one.mode for one in members}["bin/vanta"] == 0o555


def test_sha256sum_checks_what_was_unpacked(tmp_path: Path) -> None:
    made = packed(tmp_path)
    slot = tmp_path / "slot"
    with tarfile.open(made / ARTEFACT) as archive:
        archive.extractall(slot, filter="data")
    check = ["sha256sum", "--check", "--strict", "--quiet", str(made / SUMS)]
    assert subprocess.run(check, cwd=slot, check=False).returncode == 0
    target = slot / "lib/vanta/__init__.py"
    target.chmod(0o644)
    target.write_text("import os\n")
    done = subprocess.run(check, cwd=slot, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "lib/vanta/__init__.py: FAILED" in done.stdout


@pytest.mark.parametrize("what", ["link", "folder link", "pipe"])
def test_what_is_no_plain_file_is_no_part_of_a_build(tmp_path: Path, what: str) -> None:
    found = tree(tmp_path / "tree") / "lib" / "odd"
    if what == "link":
        found.symlink_to("/etc/passwd")
    elif what == "folder link":
        found.symlink_to("/etc")
    else:
        os.mkfifo(found)
    with pytest.raises(RefusedError) as refused:
        pack(tmp_path / "tree", tmp_path, SOURCE)
    assert refused.value.code == "BUILD_TREE"
    assert str(found) in refused.value.place


def test_a_build_is_called_by_its_version_and_its_manifest(tmp_path: Path) -> None:
    manifest = (packed(tmp_path) / MANIFEST).read_bytes()
    name = name_of("0.1.0", manifest)
    assert checked_name(name) == name
    assert name.startswith("0.1.0-")
    assert name_of("0.1.0", manifest + b" ") != name


@pytest.mark.parametrize(
    "name",
    ["", "0.1.0", "../0.1.0-0123456789ab", "0.1.0-0123456789ab/..", "0.1.0-0123456789AB", "_A",
     "0.1.0-0123456789ab\n", "latest", "-0123456789ab", "0.1.0-0123456789abc"],
)  # fmt: skip
def test_what_is_no_name_becomes_no_path(name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        checked_name(name)
    assert refused.value.code == "BUILD_NAME"


def files(*paths: str, **fields: object) -> dict[str, object]:
    one = {"mode": 0o444, "size": 1, "sha256": "c" * 64, **fields}
    return {"files": tuple(BuildFile(path, **one) for path in paths)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "vanta-build/v2"},
        {"lock": "not a digest"},
        {"sums": "C" * 64},
        {"files": ()},
        files("/etc/passwd"),
        files("lib/../../etc/passwd"),
        files("./lib"),
        files("lib//x"),
        files("lib/"),
        files("lib\\x"),
        files("lib/\u202ex"),
        files("lib/x\n"),
        files("b", "a"),
        files("a", "a"),
        files("a", "a/b"),
        files("a", mode=0o644),
        files("a", mode=0o4555),
        files("a", size=-1),
        files("a", size=3 * 1024**3),
        files("a", sha256="0"),
        {"follows": "../evil"},
        {"version": "../../x"},
    ],
    ids=str,
)
def test_a_manifest_that_could_mislead_is_refused(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    manifest = read_manifest((packed(tmp_path) / MANIFEST).read_bytes())
    data = encode(msgspec.structs.replace(manifest, **changed))
    with pytest.raises((MalformedError, RefusedError)) as refused:
        read_manifest(data, place="manifest.json")
    assert refused.value.code in {"MANIFEST", "BUILD_NAME"}


def test_a_manifest_is_written_in_one_way(tmp_path: Path) -> None:
    data = (packed(tmp_path) / MANIFEST).read_bytes()
    assert isinstance(read_manifest(data), Manifest)
    for other in (data + b"\n", data.replace(b'":', b'": ', 1), b"[]", b"", b'{"kind":1}'):
        with pytest.raises(MalformedError):
            read_manifest(other)
