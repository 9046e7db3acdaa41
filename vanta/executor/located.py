"""Where positions lie, of a snapshot whose build did not count by broker."""

from collections.abc import Iterable, Mapping

from vanta.executor.positions import Line, OpenOrder, VaultBook
from vanta.executor.sums import Venue


def locate(
    vaults: Mapping[str, VaultBook],
    venues: Mapping[str, Venue],
    opened: Iterable[tuple[Line, OpenOrder]],
) -> None:
    """Say of each position where it lies, and where it is on its way out.

    What one account holds is the same whosever it is: where several vaults have it at several
    brokers it is shared out, so that each broker is left what it holds. Whole lines are not
    touched, so a book that is kept and one that is read again are the same.

    Args:
        vaults: changed, where a line lacks places.
        venues: what the brokers hold.
        opened: open orders, each with the line it moves.
    """
    lines: dict[str, list[Line]] = {}
    for _, vault in sorted(vaults.items()):
        for symbol, line in vault.lines.items():
            lines.setdefault(symbol, []).append(line)
    for symbol, having in lines.items():
        if any(_lacking(line) for line in having):
            _place(having, {name: venues[name].held.get(symbol, 0) for name in sorted(venues)})
    unplaced = [
        (line, one)
        for line, one in opened
        if one.order.reducing and line.reducing and not line.leaving
    ]
    for line, one in unplaced:
        broker = one.order.broker
        line.leaving[broker] = line.leaving.get(broker, 0) + one.remaining


def _lacking(line: Line) -> int:
    return line.quantity - sum(line.lying.values())


def _place(having: list[Line], held: dict[str, int]) -> None:
    rest = {
        name: quantity - sum(line.lying.get(name, 0) for line in having)
        for name, quantity in held.items()
    }
    more = sum(rest.values())
    # Those against most of it first: they make room where the others are.
    for line in sorted(having, key=lambda one: _lacking(one) * more > 0):
        for name, there in [*rest.items()]:
            lacking = _lacking(line)
            if lacking * there > 0:
                part = min(abs(lacking), abs(there))
                _lie(line, name, part if lacking > 0 else -part, rest)
        if rest and _lacking(line):
            _lie(line, max(rest, key=lambda name: abs(rest[name])), _lacking(line), rest)
    # What is left is as much on either side, at several: somebody's, and most likely whose most is.
    # Where it is not, a part of a coin was rounded, or is nobody's here.
    if not sum(rest.values()):
        most = max(having, key=lambda one: abs(one.quantity))
        for name, there in [*rest.items()]:
            _lie(most, name, there, rest)


def _lie(line: Line, name: str, quantity: int, rest: dict[str, int]) -> None:
    line.lie(name, quantity)
    rest[name] -= quantity
