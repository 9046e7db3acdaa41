"""The pack, as Pulumi starts it. `PolicyPack` serves until it is killed: nothing else is here."""

from pulumi_policy import EnforcementLevel, PolicyPack

from vanta_policies.pack import NAME, policies

PolicyPack(NAME, policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)
