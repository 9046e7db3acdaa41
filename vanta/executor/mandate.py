"""A vault's mandate: its policy laid out for judging one order after another.

A policy is a tree made to be compared; a mandate is the same rules as plain fields, worked out
once when a policy is adopted, so that a decision looks nothing up twice. `PATHS` says which
governed field each one is, and that is what a fence declares it reads.
"""

from bisect import bisect_right
from typing import NamedTuple

from vanta.domain.instant import NEVER
from vanta.domain.policy import Boost, Flip, Policy, VaultPolicy
from vanta.domain.switches import EVERYWHERE, Action, Switches, forbidding
from vanta.executor.positions import UNCLASSIFIED
from vanta.lattice.algebra import close
from vanta.lattice.direction import EVERYTHING

PATHS: dict[str, str] = {
    "known": "vaults",
    "allow": "vaults.*.universe.allow",
    "deny": "vaults.*.universe.deny",
    "asset_classes": "vaults.*.universe.asset_classes",
    "sectors": "vaults.*.universe.sectors",
    "rails": "vaults.*.rails",
    "brokers": "vaults.*.brokers",
    "capital": "vaults.*.capital",
    "reinvest": "vaults.*.compounding.reinvest",
    "scale": "vaults.*.compounding.scale",
    "roll_forward": "vaults.*.compounding.roll_forward",
    "stablecoin_buffer": "vaults.*.stablecoin_buffer",
    "max_quantity": "vaults.*.orders.max_quantity",
    "max_notional": "vaults.*.orders.max_notional",
    "collar": "vaults.*.orders.collar",
    "quote_age": "vaults.*.orders.quote_age",
    "intent_age": "vaults.*.orders.intent_age",
    "duplicate_window": "vaults.*.orders.duplicate_window",
    "per_minute": "vaults.*.orders.per_minute",
    "per_fill": "vaults.*.orders.per_fill",
    "builds": "account.builds",
    "policy_lag": "account.policy_lag",
    "repeats": "vaults.*.throttle.repeats",
    "repeat_window": "vaults.*.throttle.window",
    "per_symbol": "vaults.*.positions.per_symbol",
    "short": "vaults.*.positions.short",
    "naked_options": "vaults.*.positions.naked_options",
    "gross": "vaults.*.exposure.gross",
    "net": "vaults.*.exposure.net",
    "per_ticker": "vaults.*.exposure.per_ticker",
    "per_sector": "vaults.*.exposure.per_sector",
    "per_asset_class": "vaults.*.exposure.per_asset_class",
    "open_orders": "vaults.*.concurrency.open_orders",
    "positions": "vaults.*.concurrency.positions",
    "open_orders_per_broker": "vaults.*.concurrency.open_orders_per_broker",
    "adv_floor": "vaults.*.liquidity.adv_floor",
    "max_of_adv": "vaults.*.liquidity.max_of_adv",
    "spread": "vaults.*.liquidity.spread",
    "daily_loss": "vaults.*.losses.daily",
    "drawdown": "vaults.*.losses.drawdown",
    "streak": "vaults.*.losses.streak",
    "persona": "vaults.*.persona.name",
    "multiplier": "vaults.*.persona.multiplier",
    "conviction": "vaults.*.persona.conviction",
    "persona_gross": "vaults.*.persona.gross",
    "bands": "vaults.*.bands",
    "account_gross": "account.gross",
    "account_net": "account.net",
    "account_per_symbol": "account.per_symbol",
    "account_daily_loss": "account.daily_loss",
    "account_open_orders": "account.open_orders",
    "account_messages": "account.messages",
    "messages_per_broker": "account.messages_per_broker",
    "messages_per_strategy": "account.messages_per_strategy",
    "flip_until": "overlay.flips.*.until",
    "flip_slice": "overlay.flips.*.slice",
    "flip_amplifier": "overlay.flips.*.amplifier",
    "flip_conviction": "overlay.flips.*.conviction",
    "boost_until": "overlay.boosts.*.until",
    "boost_multiplier": "overlay.boosts.*.multiplier",
    "envelope_slice": "vaults.*.envelope.slice",
    "envelope_amplifier": "vaults.*.envelope.amplifier",
    "switches": "overlay",
    "released": "released",
}
"""Each field a fence may read, and the governed field it is; `*` is the vault."""


class SymbolTerms(NamedTuple):
    """What a mandate says of one symbol."""

    allowed: bool
    denied: bool
    clear: bool
    """Allowed and not denied."""
    sector: str
    per_ticker: int
    per_sector: int


class Brake(NamedTuple):
    """What the switches of one vault, venue and strategy forbid."""

    opening: bool
    """Whether some switch forbids opening."""
    reducing: bool
    scopes: tuple[tuple[str, Switches], ...]
    """Every scope that applies, by name."""

    def forbidding(self, action: Action) -> list[tuple[str, str]]:
        """Scope and name of each switch that forbids `action`."""
        return [
            (scope, switch)
            for scope, switches in self.scopes
            for switch in forbidding(switches, action)
        ]


class Route(NamedTuple):
    """What a mandate says of orders of one asset class, by one strategy, at one broker."""

    taken: bool
    """Whether the vault may trade the class and use the broker."""
    brake: Brake
    per_asset_class: int
    open_orders_per_broker: int
    messages_per_broker: int
    messages_per_strategy: int


def _forbidden(scopes: tuple[tuple[str, Switches], ...], action: Action) -> bool:
    return any(forbidding(switches, action) for _, switches in scopes)


_NO_FLIP = close(Flip())
_NO_BOOST = close(Boost())
_NO_RULES = close(VaultPolicy())


class Mandate:
    """One vault's rules, ready to be judged against. Units as in the policy."""

    __slots__ = (
        *PATHS,
        "_brakes",
        "_edges",
        "_fellows",
        "horizon",
        "policy",
        "routes",
        "stop_loss",
        "symbols",
        "trailing",
        "vault",
    )

    def __init__(self, vault: str, policy: Policy) -> None:
        self.vault, self.policy = vault, policy
        self.released = policy.released
        self.known = vault in policy.vaults
        self._fellows: frozenset[str] | None = None
        rules = policy.vaults.get(vault, _NO_RULES)
        self._universe(rules)
        self.rails, self.brokers = rules.rails, rules.brokers
        self.capital, self.reinvest = rules.capital, rules.compounding.reinvest
        self.scale, self.roll_forward = rules.compounding.scale, rules.compounding.roll_forward
        self.stablecoin_buffer = rules.stablecoin_buffer
        self.max_quantity, self.max_notional = rules.orders.max_quantity, rules.orders.max_notional
        self.collar, self.quote_age = rules.orders.collar, rules.orders.quote_age
        self.intent_age = rules.orders.intent_age
        self.duplicate_window = rules.orders.duplicate_window
        self.per_minute, self.per_fill = rules.orders.per_minute, rules.orders.per_fill
        self.repeats, self.repeat_window = rules.throttle.repeats, rules.throttle.window
        self.per_symbol, self.short = rules.positions.per_symbol, rules.positions.short
        self.naked_options = rules.positions.naked_options
        self.gross, self.net = rules.exposure.gross, rules.exposure.net
        self.per_ticker, self.per_sector = rules.exposure.per_ticker, rules.exposure.per_sector
        self.per_asset_class = rules.exposure.per_asset_class
        self.open_orders, self.positions = (
            rules.concurrency.open_orders,
            rules.concurrency.positions,
        )
        self.open_orders_per_broker = rules.concurrency.open_orders_per_broker
        self.adv_floor, self.max_of_adv = rules.liquidity.adv_floor, rules.liquidity.max_of_adv
        self.spread = rules.liquidity.spread
        self.daily_loss, self.drawdown = rules.losses.daily, rules.losses.drawdown
        self.streak = rules.losses.streak
        self.persona, self.multiplier = rules.persona.name, rules.persona.multiplier
        self.conviction, self.bands = rules.persona.conviction, rules.bands
        self.stop_loss, self.trailing = rules.persona.stop_loss, rules.persona.trailing
        self.horizon = rules.persona.horizon
        self.persona_gross = rules.persona.gross
        self._edges = [edge for edge, _ in rules.bands]
        self._account(policy)
        self._overlay(rules, policy)
        self.symbols: dict[str, SymbolTerms] = {}
        """Symbols that were asked for, to what holds for them."""
        self.routes: dict[tuple[str, str, str], Route] = {}
        """Brokers, strategies and asset classes that were asked for, to what holds for them."""
        self._brakes: dict[tuple[str, str], Brake] = {}

    def _universe(self, rules: VaultPolicy) -> None:
        self.allow, self.deny = rules.universe.allow, rules.universe.deny
        self.asset_classes, self.sectors = rules.universe.asset_classes, rules.universe.sectors

    def _account(self, policy: Policy) -> None:
        account = policy.account
        self.account_gross, self.account_net = account.gross, account.net
        self.account_per_symbol = account.per_symbol
        self.account_daily_loss = account.daily_loss
        self.account_open_orders = account.open_orders
        self.account_messages = account.messages
        self.builds, self.policy_lag = account.builds, account.policy_lag
        self.messages_per_broker = account.messages_per_broker
        self.messages_per_strategy = account.messages_per_strategy

    def _overlay(self, rules: VaultPolicy, policy: Policy) -> None:
        self.switches = policy.overlay
        flip = policy.overlay.flips.get(self.vault, _NO_FLIP)
        self.flip_until, self.flip_conviction = flip.until, flip.conviction
        self.flip_slice, self.flip_amplifier = flip.slice, flip.amplifier
        boost = policy.overlay.boosts.get(self.vault, _NO_BOOST)
        self.boost_until, self.boost_multiplier = boost.until, boost.multiplier
        self.envelope_slice = rules.envelope.slice
        self.envelope_amplifier = rules.envelope.amplifier

    @property
    def fellows(self) -> frozenset[str]:
        """Vaults of the policy that trade as this one's persona."""
        if self._fellows is None:
            vaults = self.policy.vaults.items()
            self._fellows = frozenset(n for n, v in vaults if v.persona.name == self.persona)
        return self._fellows

    def symbol(self, name: str) -> SymbolTerms:
        """What holds for one symbol."""
        terms = self.symbols.get(name)
        if terms is None:
            sector = self.sectors.get(name, UNCLASSIFIED)
            allowed, denied = holds(self.allow, name), holds(self.deny, name)
            terms = self.symbols[name] = SymbolTerms(
                allowed=allowed,
                denied=denied,
                clear=allowed and not denied,
                sector=sector,
                per_ticker=self.per_ticker.at(name),
                per_sector=self.per_sector.at(sector),
            )
        return terms

    def either(self, market: str, held_as: SymbolTerms) -> SymbolTerms:
        """What holds for a coin in one of its markets: allowed by either name, denied by either.

        Args:
            market: the symbol of the market.
            held_as: the terms of what the coin is held as, whose caps hold.
        """
        own = self.symbol(market)
        allowed, denied = own.allowed or held_as.allowed, own.denied or held_as.denied
        return held_as._replace(allowed=allowed, denied=denied, clear=allowed and not denied)

    def brake(self, venue: str, strategy: str) -> Brake:
        """The switches on an order of this vault at `venue` by `strategy`."""
        brake = self._brakes.get((venue, strategy))
        if brake is None:
            overlay = self.switches
            scopes = (
                (EVERYWHERE, overlay.everywhere),
                (f"vault {self.vault}", overlay.vaults.at(self.vault)),
                (f"venue {venue}", overlay.venues.at(venue)),
                (f"strategy {strategy}", overlay.strategies.at(strategy)),
            )
            brake = self._brakes[venue, strategy] = Brake(
                _forbidden(scopes, Action.OPEN), _forbidden(scopes, Action.REDUCE), scopes
            )
        return brake

    def route(self, broker: str, strategy: str, asset_class: str) -> Route:
        """What holds for an order of this vault at `broker`, whatever its symbol."""
        key = broker, strategy, asset_class
        route = self.routes.get(key)
        if route is None:
            route = self.routes[key] = Route(
                taken=holds(self.asset_classes, asset_class) and holds(self.brokers, broker),
                brake=self.brake(broker, strategy),
                per_asset_class=self.per_asset_class.at(asset_class),
                open_orders_per_broker=self.open_orders_per_broker.at(broker),
                messages_per_broker=self.messages_per_broker.at(broker),
                messages_per_strategy=self.messages_per_strategy.at(strategy),
            )
        return route

    def share(self, conviction: int) -> int:
        """Greatest share of NAV one position may take at this conviction, ppm."""
        place = bisect_right(self._edges, conviction)
        return self.bands[place - 1][1] if place else 0


def holds(members: frozenset[str], name: str) -> bool:
    """Whether a set of names holds this one, or everything."""
    return name in members or EVERYTHING in members


class Mandates:
    """The mandates of one policy, each laid out when first asked for."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._mandates: dict[str, Mandate] = {}
        overlay = policy.overlay
        scopes = [overlay.everywhere]
        for table in (overlay.vaults, overlay.venues, overlay.strategies):
            scopes += [table.default, *table.entries.values()]
        self.halting = any(switches.full_halt != NEVER for switches in scopes)
        """Whether a full halt is on at any scope an order can have."""

    def of(self, vault: str) -> Mandate:
        """The vault's mandate; of a vault the policy does not have, one that allows nothing."""
        mandate = self._mandates.get(vault)
        if mandate is None:
            mandate = self._mandates[vault] = Mandate(vault, self.policy)
        return mandate
