"""The compiled policy: what a node enforces, every field with the one direction it can tighten in.

Money and quantities are 10^-8 units, ratios are parts per million, durations are nanoseconds.
Ratios "of NAV" are of the vault's own net asset value.
"""

from typing import Annotated

import msgspec

from vanta.domain.instant import NEVER
from vanta.domain.switches import Switches
from vanta.lattice.direction import (
    AllowSet,
    Bands,
    Cap,
    DenySet,
    Floor,
    Neutral,
    Permission,
    Registry,
    Steps,
    Table,
    Tabled,
    Unordered,
)
from vanta.lattice.governed import Governed, Group, Keyed

Shares = Annotated[Table[int], Tabled(Cap("ratio"))]
"""A greatest share of NAV by name, with a default for every name not listed, ppm."""

Counts = Annotated[Table[int], Tabled(Cap("count"))]
"""A greatest number by name, with a default for every name not listed."""


class Universe(Governed, frozen=True):
    """What may be traded."""

    allow: Annotated[frozenset[str], AllowSet()] = frozenset()
    """Symbols that may be opened."""
    deny: Annotated[frozenset[str], DenySet()] = frozenset()
    """Symbols that may not be opened, whatever else allows them."""
    asset_classes: Annotated[frozenset[str], AllowSet()] = frozenset()
    """Kinds of instrument that may be opened: equity, crypto, option."""
    sectors: Annotated[dict[str, str], Unordered()] = msgspec.field(default_factory=dict)
    """Symbol to sector; it decides which cap an order counts against, so nobody can rank it."""


class OrderLimits(Governed, frozen=True):
    """Bounds on one order."""

    max_quantity: Annotated[int, Cap("quantity")] = 0
    """Greatest quantity of one order."""
    max_notional: Annotated[int, Cap("money")] = 0
    """Greatest notional of one order."""
    collar: Annotated[int, Cap("ratio")] = 0
    """Greatest distance of the limit price from the reference, ppm."""
    quote_age: Annotated[int, Cap("duration")] = 0
    """Greatest age of the quote an order is priced by."""
    intent_age: Annotated[int, Cap("duration")] = 0
    """Greatest age of the intent behind an order."""
    duplicate_window: Annotated[int, Floor("duration")] = 0
    """For how long the same content counts as the same order."""
    per_minute: Annotated[int, Cap()] = 0
    """Greatest number of orders in any minute."""
    per_fill: Annotated[int, Cap()] = 0
    """Greatest number of orders and cancels of a UTC day for each order that filled, and one."""


class Throttle(Governed, frozen=True):
    """When a strategy that does the same again and again is shut off until a quorum lets it go."""

    repeats: Annotated[int, Cap()] = 0
    """Greatest number of orders of one strategy on one side of one symbol in the window."""
    window: Annotated[int, Floor("duration")] = 0
    """For how long an order counts; no longer than a day."""


class PositionLimits(Governed, frozen=True):
    """Bounds on what may be held."""

    per_symbol: Annotated[int, Cap("money")] = 0
    """Greatest notional of one symbol."""
    short: Annotated[bool, Permission()] = False
    """Whether selling may open a position."""
    naked_options: Annotated[bool, Permission()] = False
    """Whether an option may be sold that nothing stands behind."""


class Exposure(Governed, frozen=True):
    """Bounds on the book as a whole; open, pending and proposed always counted."""

    gross: Annotated[int, Cap("money")] = 0
    """Greatest notional of all positions, long plus short."""
    net: Annotated[int, Cap("money")] = 0
    """Greatest notional of all positions, long less short, either way."""
    per_ticker: Shares = Table(0)
    """Greatest share of NAV in one symbol, ppm."""
    per_sector: Shares = Table(0)
    """Greatest share of NAV in one sector, ppm."""
    per_asset_class: Shares = Table(0)
    """Greatest share of NAV in one kind of instrument, ppm."""


class Concurrency(Governed, frozen=True):
    """Bounds on how much goes on at once."""

    open_orders: Annotated[int, Cap()] = 0
    """Greatest number of open orders."""
    positions: Annotated[int, Cap()] = 0
    """Greatest number of symbols held."""
    open_orders_per_broker: Counts = Table(0)
    """Greatest number of open orders at one broker."""


class Liquidity(Governed, frozen=True):
    """What a market must offer before it is entered."""

    adv_floor: Annotated[int, Floor("money")] = 0
    """Least average daily traded notional."""
    max_of_adv: Annotated[int, Cap("ratio")] = 0
    """Greatest share of the average daily notional one order may be, ppm."""
    spread: Annotated[int, Cap("ratio")] = 0
    """Greatest bid-ask spread of the mid, ppm."""


class Losses(Governed, frozen=True):
    """When to stop opening."""

    daily: Annotated[int, Cap("money")] = 0
    """Greatest loss of a day, realised plus unrealised."""
    drawdown: Annotated[int, Cap("ratio")] = 0
    """Greatest fall from the highest NAV, ppm."""
    streak: Annotated[int, Cap()] = 0
    """Greatest number of losing exits in a row."""


class Promotion(Governed, frozen=True):
    """What a signal needs to become an intent."""

    conviction: Annotated[int, Floor("ratio")] = 0
    """Least conviction, ppm."""
    reasons: Annotated[int, Floor()] = 0
    """Least number of independent reasons."""
    signal_age: Annotated[int, Cap("duration")] = 0
    """Greatest age of the youngest signal behind it."""
    per_run: Annotated[int, Cap()] = 0
    """Greatest number of intents of one promotion."""


class PersonaTerms(Governed, frozen=True):
    """What the vault's persona means in this vault, compiled from its document."""

    name: Annotated[str, Neutral()] = ""
    """What the persona is called."""
    multiplier: Annotated[int, Cap("ratio")] = 0
    """Scales every size, ppm."""
    conviction: Annotated[int, Floor("ratio")] = 0
    """Least conviction this persona acts on, ppm."""
    stop_loss: Annotated[int, Unordered("ratio")] = 0
    """Fall from the cost at which a position is closed, ppm."""
    trailing: Annotated[int, Unordered("ratio")] = 0
    """Fall from the best price since entry at which a position is closed, ppm."""
    horizon: Annotated[int, Unordered("duration")] = 0
    """For how long the persona means to hold what it enters."""
    gross: Annotated[int, Cap("money")] = 0
    """Greatest notional of all positions of all vaults that trade as this persona."""


class Compounding(Governed, frozen=True):
    """What happens to gains; each can cause an order, so none has a direction."""

    reinvest: Annotated[int, Unordered("ratio")] = 0
    """Share of the gains that sizes grow with, ppm; never more than the gains themselves."""
    scale: Annotated[int, Unordered("ratio")] = 0
    """Scales what is reinvested, ppm."""
    roll_forward: Annotated[bool, Unordered()] = False
    """Whether gains that were not deployed are carried into the market's next day."""


class Mirroring(Governed, frozen=True):
    """Whether and how far followers may copy."""

    enabled: Annotated[bool, Permission()] = False
    """Whether followers may copy the vault."""
    max_notional: Annotated[int, Cap("money")] = 0
    """Greatest notional of one order of a follower."""


class FlipEnvelope(Governed, frozen=True):
    """The farthest a flip may go; the quorum approves this, one signature may use it."""

    ttl: Annotated[int, Cap("duration")] = 0
    """Longest time from now that a flip may last."""
    slice: Annotated[int, Cap("ratio")] = 0
    """Greatest share of NAV a flip may use, ppm."""
    amplifier: Annotated[int, Cap("ratio")] = 0
    """Greatest amplifier a flip may have, ppm."""


class VaultPolicy(Governed, frozen=True):
    """One vault's rules. Every default is the closed one: what is not granted is not allowed."""

    label: Annotated[str, Neutral()] = ""
    """What people call the vault."""
    capital: Annotated[int, Cap("money")] = 0
    """Greatest notional that may be deployed."""
    rails: Annotated[frozenset[str], AllowSet()] = frozenset()
    """Where its money may be: fiat, crypto."""
    brokers: Annotated[frozenset[str], AllowSet()] = frozenset()
    """Brokers it may use."""
    universe: Universe = Universe()
    orders: OrderLimits = OrderLimits()
    throttle: Throttle = Throttle()
    positions: PositionLimits = PositionLimits()
    exposure: Exposure = Exposure()
    concurrency: Concurrency = Concurrency()
    liquidity: Liquidity = Liquidity()
    losses: Losses = Losses()
    promotion: Promotion = Promotion()
    persona: PersonaTerms = PersonaTerms()
    bands: Annotated[Bands, Steps()] = ()
    """Conviction (ppm) to the greatest share of NAV one position may take (ppm)."""
    compounding: Compounding = Compounding()
    stablecoin_buffer: Annotated[int, Floor("ratio")] = 0
    """Least share of NAV kept in stablecoin on the crypto rail, ppm."""
    mirroring: Mirroring = Mirroring()
    envelope: FlipEnvelope = FlipEnvelope()


class AccountPolicy(Governed, frozen=True):
    """Bounds over all vaults of the environment together."""

    gross: Annotated[int, Cap("money")] = 0
    """Greatest notional of all positions of all vaults, long plus short."""
    net: Annotated[int, Cap("money")] = 0
    """Greatest notional of all positions of all vaults, long less short, either way."""
    per_symbol: Annotated[int, Cap("money")] = 0
    """Greatest notional of one symbol over all vaults."""
    daily_loss: Annotated[int, Cap("money")] = 0
    """Greatest loss of a day over all vaults, realised plus unrealised."""
    open_orders: Annotated[int, Cap()] = 0
    """Greatest number of open orders over all vaults."""
    messages: Annotated[int, Cap()] = 0
    """Greatest number of orders and cancels in any minute."""
    messages_per_broker: Counts = Table(0)
    """Greatest number of orders and cancels to one broker in any minute."""
    messages_per_strategy: Counts = Table(0)
    """Greatest number of orders and cancels of one strategy in any minute, over all vaults."""
    builds: Annotated[frozenset[str], AllowSet()] = frozenset()
    """Builds whose intents are taken, such as `markets@0.1.0`."""
    policy_lag: Annotated[int, Cap("duration")] = 0
    """For how long intents are taken that were made under a policy no longer in force."""


class Flip(Governed, frozen=True):
    """A branch with its own appetite, gone by the node's clock at `until`."""

    until: Annotated[int, Permission("until")] = NEVER
    """When the branch closes."""
    slice: Annotated[int, Cap("ratio")] = 0
    """Greatest share of NAV the branch may use, ppm."""
    amplifier: Annotated[int, Cap("ratio")] = 0
    """Scales sizes inside the branch, ppm."""
    conviction: Annotated[int, Floor("ratio")] = 0
    """Least conviction the branch acts on, ppm; it replaces the persona's."""


class Boost(Governed, frozen=True):
    """A persona's sizes scaled up for a while, gone by the node's clock at `until`."""

    until: Annotated[int, Permission("until")] = NEVER
    """When the persona is back at its own multiplier."""
    multiplier: Annotated[int, Cap("ratio")] = 0
    """Scales sizes in place of the persona's multiplier where it is the larger of the two, ppm."""


SwitchTable = Annotated[Table[Switches], Tabled(Group(Switches))]


class OverlayPolicy(Governed, frozen=True):
    """The switches, expanded so that each scope's entry already holds every wider one."""

    everywhere: Switches = Switches()
    vaults: SwitchTable = Table(Switches())
    """By vault; persona-wide and global switches are already in."""
    venues: SwitchTable = Table(Switches())
    strategies: SwitchTable = Table(Switches())
    followers: SwitchTable = Table(Switches())
    flips: Annotated[dict[str, Flip], Keyed(Flip)] = msgspec.field(default_factory=dict)
    """By vault."""
    boosts: Annotated[dict[str, Boost], Keyed(Boost)] = msgspec.field(default_factory=dict)
    """By vault."""


class ReleasePolicy(Governed, frozen=True):
    """Whose builds run, and who has to have looked at them."""

    builders: Annotated[dict[str, tuple[str, ...]], Registry()] = msgspec.field(
        default_factory=dict
    )
    """Person to the keys they may sign builds with, each with its end where it has one."""
    reviewers: Annotated[dict[str, tuple[str, ...]], Registry()] = msgspec.field(
        default_factory=dict
    )
    """Person to the keys they may sign a build off with."""
    reviews: Annotated[int, Floor()] = 0
    """Least number of people who signed a build off."""
    frozen: Annotated[frozenset[str], DenySet()] = frozenset()
    """Nodes whose build stays as it is; `*` for all."""


class Policy(Governed, frozen=True):
    """Everything one environment enforces."""

    environment: Annotated[str, Unordered()]
    account: AccountPolicy = AccountPolicy()
    ceiling: VaultPolicy = VaultPolicy()
    """What no vault exceeds; already met into every vault, kept so that raising it is seen."""
    vaults: Annotated[dict[str, VaultPolicy], Keyed(VaultPolicy)] = msgspec.field(
        default_factory=dict
    )
    overlay: OverlayPolicy = OverlayPolicy()
    released: Annotated[frozenset[str], AllowSet()] = frozenset()
    """Nonces of break-glass restraints and throttles that a quorum has let go."""
    nodes: Annotated[dict[str, tuple[str, ...]], Registry()] = msgspec.field(default_factory=dict)
    """Node name to its public keys in OpenSSH form: how an intent or a checkpoint is trusted."""
    releases: ReleasePolicy = ReleasePolicy()


class Provenance(Governed, frozen=True):
    """Where a published policy comes from."""

    commit: Annotated[str, Neutral()]
    """The last commit the fold evaluated: the anchor."""
    tree: Annotated[str, Neutral()]
    """Digest of the governed tree at that commit."""
    serial: Annotated[int, Neutral()]
    """Grows with every publication of this node."""


class Published(Governed, frozen=True):
    """What the controller hands to the node: a policy and where it comes from."""

    policy: Policy
    provenance: Provenance
