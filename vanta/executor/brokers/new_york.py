"""The day of a vendor that lists the orders of one day."""

from vanta.domain.instant import DAY, HOUR


def one_day(one: int, other: int) -> bool:
    """Whether two instants are of one New York day, in summer time and out of it."""
    return all((one - hours * HOUR) // DAY == (other - hours * HOUR) // DAY for hours in (4, 5))
