"""What was found amiss, as data, with the place a person must look at."""

import msgspec

from vanta.domain.errors import VantaError

MOST_OF_A_KIND = 50
"""Problems of one code that are told one by one, per node; the rest are counted."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that does not hold."""

    code: str
    place: str
    """File, line and byte, or file; for the records of a bundle, relative to it."""
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """One line, as an error of the same content would say it."""
        return str(VantaError(self.message, code=self.code, place=self.place, remedy=self.remedy))


class Problems:
    """Collects problems of one node, without growing with their number."""

    def __init__(self) -> None:
        self._told: dict[str, list[Problem]] = {}
        self._untold: dict[str, int] = {}

    def add(self, code: str, place: str, message: str, remedy: str = "") -> None:
        """Take one in."""
        self.take(Problem(code, place, message, remedy))

    def take(self, problem: Problem) -> None:
        """Take in one that was found elsewhere."""
        told = self._told.setdefault(problem.code, [])
        if len(told) < MOST_OF_A_KIND:
            told.append(problem)
        else:
            self._untold[problem.code] = self._untold.get(problem.code, 0) + 1

    def error(self, error: VantaError, place: str = "") -> None:
        """Take in what was raised."""
        self.add(error.code, error.place or place, error.message, error.remedy)

    def all(self) -> tuple[Problem, ...]:
        """Everything, in the order it was found, by kind."""
        found: list[Problem] = []
        for code, told in self._told.items():
            found.extend(told)
            if more := self._untold.get(code):
                found.append(Problem(code, told[-1].place, f"and {more} more like these"))
        return tuple(found)
