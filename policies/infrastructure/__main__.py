"""The pack, as Pulumi starts it. `PolicyPack` serves until it is killed: nothing else is here."""

import gc

from pulumi_policy import EnforcementLevel, PolicyPack

from vanta_policies.pack import NAME, policies

# The SDK reads the whole stack anew for each policy over it. To look for garbage in that as often
# as Python does by itself took a quarter of the time, and found none.
gc.set_threshold(50_000)

PolicyPack(NAME, policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)
