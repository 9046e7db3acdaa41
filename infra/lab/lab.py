"""The lab as a whole: its machines up and down, in the order they need each other."""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from infra.lab import access, host, image, network, share
from infra.lab.machine import Machine
from infra.lab.plan import MACHINES, Plan, known

Tell = Callable[[str], None]


class Standing(NamedTuple):
    """How a machine stands."""

    name: str
    address: str
    state: str
    """What its systemd says of itself, such as `running`; `off`."""
    failed: tuple[str, ...]
    """Units that failed."""


class Lab:
    """Machines of one plan.

    Args:
        plan: which they are.
        tell: is told each step, as it begins.
    """

    def __init__(self, plan: Plan, tell: Tell = lambda _: None) -> None:
        self.plan = plan
        self._tell = tell

    def machine(self, name: str) -> Machine:
        """One of them."""
        return Machine(self.plan, known(name), image.image_of(self.plan))

    def up(self, names: Sequence[str] = ()) -> None:
        """Boot machines, all without a name; those that are on stay as they are.

        Raises:
            UnavailableError: this host cannot, or one does not come up.
        """
        host.look(self.plan.cache)
        image.build(self.plan, self._tell)
        access.make_keys(self.plan)
        network.up(self.plan)
        wanted = [name for name in MACHINES if name in {known(n) for n in names or MACHINES}]
        for name in wanted:
            self.machine(name).prepare()
        self._share(wanted)
        with ThreadPoolExecutor(len(wanted)) as pool:
            list(pool.map(self._boot, wanted))

    def down(self) -> None:
        """Turn all off and forget what they wrote; the image stays."""
        self.off()
        for name in reversed(MACHINES):
            self.machine(name).reset()
        # Its practice fund is pinned to keys of nodes that are gone.
        shutil.rmtree(self.plan.fund, ignore_errors=True)
        network.down(self.plan)

    def off(self, names: Sequence[str] = (), *, pull_the_plug: bool = False) -> None:
        """Turn machines off; what they wrote stays. Where Alpha is off, its export is gone."""
        chosen = [known(name) for name in names] or list(MACHINES)
        if "alpha" in chosen:
            for worker in share.WORKERS:
                share.hide(self.machine(worker))
        with ThreadPoolExecutor(len(chosen)) as pool:
            machines = [self.machine(name) for name in chosen]
            list(pool.map(lambda machine: machine.off(pull_the_plug=pull_the_plug), machines))

    def reset(self, names: Sequence[str] = ()) -> None:
        """Bring machines back to the image, and boot them again."""
        chosen = [known(name) for name in names] or list(MACHINES)
        self.off(chosen)
        for name in chosen:
            self.machine(name).reset()
        self.up(chosen)

    def status(self) -> list[Standing]:
        """How each machine stands."""
        return [self._standing(self.machine(name)) for name in MACHINES]

    def _boot(self, name: str) -> None:
        machine = self.machine(name)
        if machine.leader is None:
            self._tell(f"{name} boots as {self.plan.address(name)}")
        machine.boot()

    def _share(self, wanted: Sequence[str]) -> None:
        """Show Alpha's export to every worker that is on or about to be, if Alpha is."""
        alpha = self.machine("alpha")
        if "alpha" not in wanted and alpha.leader is None:
            return
        for name in share.WORKERS:
            if name in wanted or self.machine(name).leader is not None:
                share.show(self.machine(name), alpha)

    def _standing(self, machine: Machine) -> Standing:
        address = self.plan.address(machine.name)
        if machine.leader is None:
            return Standing(machine.name, address, "off", ())
        state = machine.inside("systemctl", "is-system-running", check=False).stdout.strip()
        words = ("systemctl", "--failed", "--no-legend", "--plain", "--no-pager")
        failed = machine.inside(*words, check=False).stdout.splitlines()
        units = tuple(line.split()[0] for line in failed if line.strip())
        return Standing(machine.name, address, state or "booting", units)
