"""What asks for a policy: an item of the CIS AWS Foundations Benchmark, or a line of our design.

Titles are ours. Numbers are those of version 5.0.0 of the benchmark.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A line somewhere that asks for it."""

    framework: str
    version: str
    item: str
    title: str


_CIS = {
    "1.12": "Access keys of people are the exception, and never two at once",
    "1.15": "No policy that allows everything on everything",
    "1.17": "Machines use a role of their own, and no keys",
    "1.19": "Access from outside the account is looked for",
    "2.1.1": "Buckets refuse requests without TLS",
    "2.1.4": "Buckets block every kind of public access",
    "2.2.1": "Databases are encrypted at rest",
    "2.2.2": "Databases take minor upgrades by themselves",
    "2.2.3": "Databases have no public address",
    "2.2.4": "Databases have a standby in another zone",
    "3.1": "A trail records every region",
    "3.2": "A trail's files can be shown to be unchanged",
    "3.5": "A trail is encrypted with a key of ours",
    "3.6": "Keys of ours rotate",
    "3.7": "Every private network logs its flows",
    "5.1.1": "Volumes are encrypted",
    "5.2": "No network list lets the internet administer machines",
    "5.3": "No security group lets the internet administer machines",
    "5.4": "The same over IPv6",
    "5.5": "The default security group allows nothing",
    "5.7": "Metadata is given to sessions only (IMDSv2)",
}

_DESIGN = {
    "backups": "What cannot be made again is copied, elsewhere, and the copy outlives a thief",
    "buckets": "Versioned, locked, encrypted, replicated without delete markers, with a lifecycle",
    "costs": "Everything says who pays for it, and a budget tells before it is spent",
    "egress": "Only what the egress list names can be reached, over HTTPS",
    "executor": "The Executor opens no port but SSH from the jump host",
    "identity": "One role a node, and no wildcard among its actions",
    "metadata": "Metadata is one hop away and needs a session",
    "observability": "What happened is kept, encrypted, and somebody is told",
    "protection": "What holds data cannot be destroyed by one command",
    "reach": "Whoever may reach whom is declared; everything else is dropped",
    "secrets": "Secrets are named and never written down",
    "volumes": "Three nodes, encrypted volumes, no public address",
}


def cis(item: str) -> Reference:
    """An item of the benchmark."""
    return Reference("CIS AWS Foundations Benchmark", "5.0.0", item, _CIS[item])


def design(line: str) -> Reference:
    """A line of the design."""
    return Reference("VANTA design", "1", line, _DESIGN[line])
