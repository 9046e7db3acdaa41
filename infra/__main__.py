"""The program that `pulumi up` runs: the lab's machines in the stack `lab`, else those on AWS."""

import gc
import runpy

from infra.lab.stack import LAB, make
from infra.settings import environment

# Pulumi's SDK holds thousands of tasks until the last resource is made. To look through them as
# often as Python does by itself took half of a preview's computing, and set nothing free.
gc.set_threshold(50_000)

if environment() == LAB:
    make()
else:
    # Run and not imported: each stack is a run of its own, in tests too.
    runpy.run_module("infra.cloud", run_name="__main__")
