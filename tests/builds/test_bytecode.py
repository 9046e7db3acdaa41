"""Bytecode in a build: of what its services import, the same each time, and what they run."""

import importlib.util
import marshal
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from vanta.builds.bytecode import write_bytecode
from vanta.domain.errors import UnavailableError

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
FILES = {
    "fund/__init__.py": "",
    "fund/__main__.py": "raise SystemExit('it was started')\n",
    "fund/service.py": "import asyncio\nfrom bought import price\nSIDES = {'buy', 'sell', 'hold'}\n"
    "def known(side):\n    return side in {'buy', 'sell', 'hold'}, price.OF\n",
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
