"""The facts that looks gather and checks judge: values, with no word on what they mean.

Times are UTC nanoseconds, lengths of time nanoseconds; None is what there is none of.
"""

import msgspec


class _Facts(msgspec.Struct, frozen=True):
    pass


class Unit(_Facts, frozen=True):
    """A service as systemd knows it."""

    active: str
    """`active`, `activating`, `inactive`, `failed`..."""
    sub: str
    restarts: int
    """Since the unit was last started by somebody."""
    result: str
    name: str = ""
    """Such as `vanta-executor.service`."""


class Ready(_Facts, frozen=True):
    """What a service said when it was ready."""

    pid: int
    build: str
    since: int
    alive: bool
    """Whether that very process still runs."""


class Service(_Facts, frozen=True):
    """One service."""

    name: str
    expected: bool
    """Whether a node of this role has one."""
    signs: bool
    """Whether it gives signs of life."""
    silent: int | None
    """Since its last sign of life; None where there was none in this boot."""
    ready: Ready | None
    unit: Unit | None


class Services(_Facts, frozen=True):
    """All of them."""

    services: tuple[Service, ...]
    systemd: str
    """Why systemd did not answer; empty where it did, or where there is none."""


class NodeStatus(_Facts, frozen=True):
    """How a node stands, as it tells the others."""

    node: str
    role: str
    environment: str
    at: int
    build: str
    """Name of the build that `current` leads to; empty where there is none."""
    commit: str
    """Governance commit in force; empty where no policy can be read."""
    tree: str
    """Digest of the governed tree at that commit."""
    policy: str
    """Digest of what is enforced, hand edits and halts of the node included."""
    serial: int
    published: int
    """When the policy files were written."""
    verdict: str = ""
    """The worst severity found on it, where its diagnostics have looked."""


class Peer(_Facts, frozen=True):
    """Another node, as far as this one can know."""

    name: str
    status: NodeStatus | None
    trouble: str = ""
    """Code of what is wrong with what it published."""


class Flip(_Facts, frozen=True):
    """A change of the running build that was begun."""

    build: str
    at: int
    over: bool
    given_up: str = ""
    """Why it was gone back from; empty where it was not."""
    restored: str = ""
    """Why what was gone back to is not ready; empty where it is."""


class Condition(_Facts, frozen=True):
    """A condition of the controller that is not as it is when all is well."""

    type: str
    reason: str
    message: str


class Standing(_Facts, frozen=True):
    """This node's build and policy, and the others'."""

    own: NodeStatus
    policy_code: str
    """Why no policy can be read; empty where one can."""
    policy_why: str
    conditions: tuple[Condition, ...]
    current: str
    """Where `current` leads; empty where there is none."""
    whole: bool
    """Whether a slot with its manifest is there."""
    ready: dict[str, str]
    """Living service to the build it said it is of."""
    flip: Flip | None
    frozen: bool
    boards: tuple[str, ...]
    """Where statuses of other nodes were looked for."""
    peers: tuple[Peer, ...]


class Checkpoint(_Facts, frozen=True):
    """The last signed word on how far a journal reached."""

    size: int
    trouble: str
    """Why it does not hold; empty where it does."""
    why: str
    uncovered: int
    """Records written after it."""
    since: int | None
    """When the first of those was written; None where there is none."""


class Journal(_Facts, frozen=True):
    """One journal."""

    name: str
    size: int
    """Records."""
    walked: int
    """Records of the live segment that were followed."""
    whole: bool
    """Whether all of them were: a walk is given up when it takes too long."""
    live_bytes: int
    opened: int
    last: int
    """When the last record was written."""
    torn: int
    """Bytes of a last line without its end."""
    writer: int
    """Pid of the process that holds it; 0 for nobody."""
    trouble: str
    why: str
    place: str
    checkpoint: Checkpoint | None


class Journals(_Facts, frozen=True):
    """All of a node's."""

    journals: tuple[Journal, ...]


class Feed(_Facts, frozen=True):
    """One feed's view."""

    name: str
    trouble: str
    """Why it cannot be read; empty where it can."""
    written: int
    size: int
    """How far of the harvest journal it shows."""
    taken: int
    duplicate: int
    set_aside: int


class Feeds(_Facts, frozen=True):
    """All feeds, and the journal they are views of."""

    feeds: tuple[Feed, ...]
    harvest: int
    """Records of the harvest journal."""
    writing: bool


class Reflection(_Facts, frozen=True):
    """The last reflection."""

    at: int | None
    """By the node's clock; None where there never was one."""
    as_of: int
    """By the market's."""
    refused: str
    """Code of why nothing could be promoted; empty where it could."""
    promoted: int
    """Intents that it promoted."""
    convictions: int


class Bus(_Facts, frozen=True):
    """What intents travel through."""

    where: str
    """Where what was no parcel lies."""
    waiting: int
    oldest: int | None
    """When the oldest of them was sent."""
    aside: int
    """What was no parcel."""


class Lag(_Facts, frozen=True):
    """How long one step took, of the last intents that took it."""

    count: int
    median: int
    p95: int
    longest: int


class Open(_Facts, frozen=True):
    """What waits for its next step."""

    count: int
    oldest: int | None
    """Since when the oldest has waited."""
    example: str = ""


class Pipeline(_Facts, frozen=True):
    """From promotion to confirmation."""

    arrived: Lag
    """Made by Markets, to let in."""
    decided: Lag
    """Let in, to decided."""
    confirmed: Lag
    """Decided, to acknowledged by the broker."""
    undecided: Open
    unconfirmed: Open
    """Prepared, and the broker has said nothing of them."""
    refused: dict[str, int]
    """Parcels not let in, by code, within the last day."""
    ahead: int
    """The furthest an intent was made after it arrived: how far the clocks differ at least."""


class Switched(_Facts, frozen=True):
    """What the policy in force switches."""

    policy_code: str
    vaults: tuple[str, ...]
    latched: bool
    everywhere: tuple[str, ...]
    held: dict[str, tuple[str, ...]]
    """Vault to the switches of its own that are on."""
    others: dict[str, tuple[str, ...]]
    """Venue, strategy or follower (with its kind) to its switches that are on."""
    flips: tuple[str, ...]
    boosts: tuple[str, ...]
    edits: tuple[str, ...]
    """Nonces of hand edits that hold."""
    latches: tuple[str, ...]
    lane: tuple[str, ...]
    """Commits of halts of the lane that stand."""


class Broker(_Facts, frozen=True):
    """One broker, as the running Executor last said."""

    name: str
    armed: bool
    trouble: str
    reconciled: int
    differences: int


class Brokers(_Facts, frozen=True):
    """All of them."""

    posted: bool
    """Whether the Executor ever said."""
    trouble: str
    waiting: int
    brokers: tuple[Broker, ...]
    mismatches: int
    """That the continuous comparison found and that stand."""


class Part(_Facts, frozen=True):
    """A part of Alpha."""

    installed: bool
    ready: Ready | None
    journal: int | None
    """Records of its journal; None where there is none."""
    view: int | None
    """How far its view shows that; None where there is none, or it cannot be read."""


class Alpha(_Facts, frozen=True):
    """Alpha's own parts."""

    tracker: Part
    assistant: Part


class Volume(_Facts, frozen=True):
    """One file system."""

    folders: tuple[str, ...]
    total: int
    free: int
    """Bytes a service may still write."""
    inodes: int
    """0 where the file system makes them as it needs them."""
    free_inodes: int
    read_only: bool
    errors: int
    """What the kernel counted since the last check of the file system."""


class Disk(_Facts, frozen=True):
    """What the node's folders lie on."""

    volumes: tuple[Volume, ...]


class Clock(_Facts, frozen=True):
    """What is known of the node's clock."""

    synchronised: bool
    offset: int
    """What the kernel still has to make up for."""
    error: int
    """How far off it may be, by the kernel's own estimate."""
    doubt: str
    """Why the controller does not believe it."""
    skewed: tuple[str, ...]
    """Brokers whose clock is too far from it."""


class Export(_Facts, frozen=True):
    """Alpha's export, where a worker sees it."""

    there: bool
    mount: str
    """Kind of the file system it is a mount of; empty where it is none."""
    source: str
    read_only: bool
    releases: int
    alpha: int | None
    """When Alpha last put its status there; None where it never did, or it cannot be believed."""
    took: int
    """How long it took to list it."""
