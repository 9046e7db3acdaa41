"""Reading what a resource is to be made of, where some of it is not known before it is made.

Pulumi hands a policy its inputs behind a proxy that raises `UnknownValueError` where a value is an
output of something that does not exist yet. Here nothing catches it but `states`: who asks for a
value gets it or the error, and `enforce` makes a violation of that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UnknownValueError


class Part:
    """A resource's inputs, or an object within them."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def at(self, path: str) -> Any:  # noqa: ANN401 - whatever lies there
        """What lies at `path` (`metadataOptions.httpTokens`), or `None`.

        Raises:
            UnknownValueError: it is not known yet.
        """
        here: Any = self.given
        for name in path.split("."):
            if not isinstance(here, Mapping) or name not in here:
                return None
            here = here[name]
        return here

    def states(self, path: str) -> bool:
        """Whether anything but nothing lies at `path`, known or not.

        For references alone: that a key is named counts, and which one it is, a stack policy asks
        of the graph. A value that is judged is read by `at`.
        """
        try:
            value = self.at(path)
        except UnknownValueError:
            return True
        return value not in (None, "")

    def pending(self, path: str) -> bool:
        """Whether what lies at `path` is the output of something that does not exist yet."""
        try:
            self.at(path)
        except UnknownValueError:
            return True
        return False

    def each(self, path: str) -> Iterator["Part"]:
        """The objects of the list at `path`; a single object is a list of one."""
        found = self.at(path)
        if isinstance(found, Mapping):
            yield Part(found)
        elif isinstance(found, Sequence) and not isinstance(found, str):
            for one in found:
                if isinstance(one, Mapping):
                    yield Part(one)

    def texts(self, path: str) -> tuple[str, ...]:
        """The words of the list at `path`; a single word is a list of one."""
        found = self.at(path)
        if isinstance(found, str):
            return (found,)
        if isinstance(found, Sequence):
            return tuple(str(one) for one in found)
        return ()

    def number(self, path: str) -> int | None:
        """The number at `path`. The engine's are floats, and some of the provider's are text."""
        found = self.at(path)
        if found is None or isinstance(found, bool):
            return None
        try:
            return int(float(found))
        except (TypeError, ValueError):
            return None
