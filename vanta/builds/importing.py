"""Imports a package, and writes bytecode of all that this took; a program, run by `bytecode`.

It runs in the Python that a build is for, which may have nothing but its standard library, and
prints which one that is. Python writes shared objects of a module differently from one time to the
next (`FLAG_REF`); the second format of `marshal` has none, and every Python reads it.
"""

import contextlib
import importlib
import marshal
import pkgutil
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

_WITHOUT_REFERENCES = 2
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")
"""PEP 552: a slot's files are what was signed, and no file's time is believed."""


def imported(lib: Path, package: str) -> list[Path]:
    """The sources below `lib` that importing every module of a package takes.

    What cannot be imported, since a build for one role lacks the packages of another or since it is
    broken, is compiled where it is started, as before.
    """
    sys.path.insert(0, str(lib))
    found = pkgutil.walk_packages([str(lib / package)], f"{package}.", onerror=lambda _: None)
    # What a module prints as it is imported is no part of what this program says.
    with contextlib.redirect_stdout(sys.stderr):
        for name in (package, *(each.name for each in found)):
            if not name.endswith(".__main__"):
                with contextlib.suppress(Exception, SystemExit):
                    importlib.import_module(name)
    specs = [getattr(module, "__spec__", None) for module in sys.modules.values()]
    sources = {
        Path(spec.origin)
        for spec in specs
        if spec is not None and spec.origin and isinstance(spec.loader, SourceFileLoader)
    }
    return sorted(path for path in sources if path.is_relative_to(lib))


def compiled(text: bytes, name: str) -> bytes:
    """Bytecode of a source, as a file of it has it.

    Args:
        text: the source.
        name: its path below `lib`. Python puts in the whole of it when it loads the code.
    """
    code = compile(text, name, "exec", dont_inherit=True, optimize=0)
    head = MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(text)
    return head + marshal.dumps(code, _WITHOUT_REFERENCES)


def write(source: Path, lib: Path) -> None:
    """Write bytecode of one source file where Python looks for it."""
    path = Path(cache_from_source(str(source), optimization=""))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(compiled(source.read_bytes(), source.relative_to(lib).as_posix()))


def main() -> None:
    """Of the folder and the package that the command line names."""
    lib, package = Path(sys.argv[1]), sys.argv[2]
    for source in imported(lib, package):
        write(source, lib)
    sys.stdout.write(".".join(map(str, sys.version_info[:3])) + "\n")


if __name__ == "__main__":
    main()
