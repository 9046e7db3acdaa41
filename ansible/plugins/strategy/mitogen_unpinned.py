"""Mitogen's linear strategy, for a controller of few cores: `ANSIBLE_STRATEGY=mitogen_unpinned`.

Mitogen keeps one core for its multiplexer and pins Ansible and every worker to those that are left.
Where there are two, all but the multiplexer then share one while the other is idle. Here nobody is
pinned. Ansible also forks a worker for each task on each machine, and each would read the same
plugins of templates and look through everything its parent has for garbage: that is done once,
before the first is forked.
"""

import gc

from ansible.errors import AnsibleError
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.plugins.loader import filter_loader, test_loader

try:
    import ansible_mitogen.affinity
    import ansible_mitogen.loaders
    import ansible_mitogen.strategy
except ImportError as error:
    raise AnsibleError(
        "Mitogen is not installed: python -m pip install mitogen, or leave ANSIBLE_STRATEGY out"
    ) from error

DOCUMENTATION = """
name: mitogen_unpinned
short_description: Mitogen's linear strategy, whose processes run on any core
description:
  - As the linear strategy, over Mitogen, which is quicker.
  - Leaves it to the system on which core each process runs.
author: VANTA
options: {}
"""

ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()

_Linear = ansible_mitogen.loaders.strategy_loader.get("linear", class_only=True)


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, _Linear):
    """One task after another, each on every machine at once."""

    def __init__(self, tqm: TaskQueueManager) -> None:
        super().__init__(tqm)
        for loader in (filter_loader, test_loader):
            list(loader.all())
        gc.freeze()
