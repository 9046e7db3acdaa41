"""Which policy is in force: the one published last, and never a way back to a looser one."""

from collections.abc import Callable

from vanta.domain.policy import Published
from vanta.lattice.algebra import restrain


def adopt(in_force: Published | None, found: Published) -> Published:
    """What holds once `found` is read; pure.

    A publication is newer when its serial is greater. One that is not can only be an old file put
    back or an edited one: of it, what tightens is taken, and nothing else.
    """
    if in_force is None or found.provenance.serial > in_force.provenance.serial:
        return found
    if found == in_force:
        return in_force
    policy = restrain(in_force.policy, found.policy)
    return in_force if policy == in_force.policy else Published(policy, in_force.provenance)


class PolicyInForce:
    """Reads the published policy and holds on to what must not be loosened by an older one.

    Args:
        read: the policy published now; raises where there is none to read.
        in_force: what the journal says was adopted last.
    """

    def __init__(self, read: Callable[[], Published], in_force: Published | None = None) -> None:
        self._read = read
        self._found: Published | None = None
        self.last = in_force
        """What was in force when it was last asked."""

    def __call__(self) -> Published:
        """The policy in force now; the same object while nothing changes.

        Raises:
            UnavailableError: there is no policy to read; then no order may leave.
        """
        found = self._read()
        if found is not self._found or self.last is None:
            self.last = adopt(self.last, found)
            self._found = found
        return self.last
