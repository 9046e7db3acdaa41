"""Bytecode in a build: of what its services import, the same each time, and what they run."""

import importlib.util
import marshal
import os
import platform
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.builds.making import source
from vanta.builds.bytecode import check_bytecode, write_bytecode
from vanta.builds.manifest import read_manifest
from vanta.builds.pack import MANIFEST, pack
from vanta.builds.release import Release, read_release
from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
FILES = {
    "fund/__init__.py": "",
    "fund/__main__.py": "raise SystemExit('it was started')\n",
    "fund/service.py": "import asyncio\nfrom bought import price\nSIDES = {'buy', 'sell', 'hold'}\n"
    "def known(side):\n    return side in {'buy', 'sell', 'hold'}, price.OF\n",
    "fund/talks.py": "print('9.9.9')\n",
    "fund/lacking.py": "import a_package_of_another_role\n",
    "fund/broken.py": "raise SystemExit('broken on purpose')\n",
    "bought/__init__.py": "",
    "bought/price.py": "OF = 'before'\n",
    "bought/unused.py": "",
}


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    """A package, what it needs, and what it does not."""
    lib = tmp_path / "lib"
    for name, text in FILES.items():
        path = lib / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return lib


def run(words: list[str], **environment: str) -> str:
    return subprocess.run(
        words, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    ).stdout


def written(lib: Path) -> dict[str, bytes]:
    return {
        path.relative_to(lib).as_posix(): path.read_bytes() for path in sorted(lib.rglob("*.pyc"))
    }


def test_what_its_modules_import_has_bytecode_and_nothing_else(lib: Path) -> None:
    assert write_bytecode(lib, "fund", OURS, run) == platform.python_version()
    tag = sys.implementation.cache_tag
    assert written(lib).keys() == {
        f"bought/__pycache__/__init__.{tag}.pyc",
        f"bought/__pycache__/price.{tag}.pyc",
        f"fund/__pycache__/__init__.{tag}.pyc",
        f"fund/__pycache__/service.{tag}.pyc",
        f"fund/__pycache__/talks.{tag}.pyc",
    }


def test_it_is_what_a_service_runs_without_looking_at_sources(lib: Path) -> None:
    write_bytecode(lib, "fund", OURS, run)
    (lib / "bought" / "price.py").write_text("OF = 'after'\n")
    start = f"import sys; sys.path.insert(0, {str(lib)!r}); from fund.service import known; "
    said = run([sys.executable, "-I", "-B", "-c", start + "print(*known('buy'))"])
    assert said == "True before\n"


def test_it_says_no_folder_and_no_time(lib: Path, tmp_path: Path) -> None:
    write_bytecode(lib, "fund", OURS, run)
    other = tmp_path / "another" / "place" / "lib"
    other.parent.mkdir(parents=True)
    here = written(lib)
    for path in lib.rglob("*.pyc"):
        path.unlink()
    lib.rename(other)
    for path in other.rglob("*.py"):
        os.utime(path, (1, 1))
    write_bytecode(other, "fund", OURS, run)
    assert written(other) == here
    assert not any(str(tmp_path).encode() in each for each in here.values())


def test_it_is_the_code_of_its_source(lib: Path) -> None:
    write_bytecode(lib, "fund", OURS, run)
    source = lib / "fund" / "service.py"
    data = Path(importlib.util.cache_from_source(str(source))).read_bytes()
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[8:16] == importlib.util.source_hash(source.read_bytes())
    code = marshal.loads(data[16:])  # noqa: S302 - it was written a moment ago
    assert code == compile(source.read_bytes(), "fund/service.py", "exec")


def test_only_the_python_it_is_for_writes_it(lib: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        write_bytecode(lib, "fund", "2.99", run)
    assert refused.value.code == "NO_PYTHON"
    assert "uv python install 2.99" in refused.value.remedy
    assert written(lib) == {}


# Held against the sources


def release(lib: Path, compiler: str = platform.python_version()) -> Release:
    """A release of what lies in the folder now."""
    packed = lib.parents[1] / "packed"
    packed.mkdir()
    return read_release(
        packed.rename(packed.with_name(pack(lib.parent, packed, source(compiler=compiler))))
    )


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The `lib` of a build, compiled."""
    lib = tmp_path / "tree" / "lib"
    for name, text in FILES.items():
        path = lib / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_bytecode(lib, "fund", OURS, run)
    return lib


def refused(lib: Path) -> RefusedError:
    with pytest.raises(RefusedError) as error:
        check_bytecode(release(lib))
    assert error.value.code == "OTHER_BYTECODE"
    return error.value


def pyc(lib: Path, name: str) -> Path:
    return lib / "fund" / "__pycache__" / f"{name}.{sys.implementation.cache_tag}.pyc"


def test_what_was_compiled_of_the_sources_passes(built: Path) -> None:
    found = release(built)
    assert check_bytecode(found)
    # So it does in a slot, where its files lie as such.
    slot = found._replace(folder=built.parent)
    assert check_bytecode(slot)


def test_code_that_no_source_says_is_refused(built: Path) -> None:
    """Whoever reads the sources would never see it, and a service would run it."""
    other = compile("def known(side):\n    return True, 'sold'\n", "fund/service.py", "exec")
    path = pyc(built, "service")
    path.write_bytes(path.read_bytes()[:16] + marshal.dumps(other, 2))
    assert "service" in refused(built).place


def test_a_source_that_was_changed_after_it_was_compiled_is_refused(built: Path) -> None:
    (built / "fund" / "service.py").write_text("def known(side):\n    return False, ''\n")
    assert "fund/service.py says something else" in refused(built).message


@pytest.mark.parametrize(
    "place", ["lib/fund/hidden.pyc", "lib/fund/__pycache__/hidden.cpython-311.pyc"]
)
def test_bytecode_without_a_source_is_refused(built: Path, place: str) -> None:
    path = built.parent / place
    path.write_bytes(pyc(built, "service").read_bytes())
    assert refused(built).place == place


def test_another_python_does_not_say_that_it_looked(built: Path) -> None:
    pyc(built, "service").write_bytes(b"anything")
    assert not check_bytecode(release(built, compiler="3.11.0"))


def test_bytecode_of_nobody_is_refused(built: Path) -> None:
    with pytest.raises(RefusedError) as error:
        check_bytecode(release(built, compiler=""))
    assert error.value.code == "OTHER_BYTECODE"


def test_a_build_without_bytecode_has_none_to_hold_against_anything(built: Path) -> None:
    for path in built.rglob("*.pyc"):
        path.unlink()
    check_bytecode(release(built, compiler=""))


@pytest.mark.parametrize("compiler", ["3.12.1", "3.11", "3.11.7\n", "3.11.7 \x1b[2J", "3.11.x"])
def test_a_manifest_names_a_python_of_the_build(built: Path, compiler: str) -> None:
    manifest = read_manifest((release(built).folder / MANIFEST).read_bytes())
    with pytest.raises(MalformedError) as error:
        read_manifest(encode(msgspec.structs.replace(manifest, compiler=compiler)))
    assert error.value.code == "MANIFEST"
