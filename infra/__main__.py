"""The program that `pulumi up` runs: the lab's machines in the stack `lab`, else those on AWS."""

import runpy

from infra.lab.stack import LAB, make
from infra.settings import environment

if environment() == LAB:
    make()
else:
    # Run and not imported: each stack is a run of its own, in tests too.
    runpy.run_module("infra.cloud", run_name="__main__")
