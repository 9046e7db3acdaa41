"""The one place where a finding becomes a sentence."""

from collections.abc import Callable

from vanta.domain.exact import show_ppm, show_units
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.domain.switches import EVERYWHERE, SWITCHES
from vanta.domain.trading import Finding

Value = int | str | None

_MILLISECOND = SECOND // 1000


def _money(value: Value) -> str:
    if not isinstance(value, int):
        return _name(value)
    sign = "-" if value < 0 else ""
    # Cents are what a person compares; the exact number is in the record.
    return f"{sign}${abs(value) / 10**8:,.2f}"


def _quantity(value: Value) -> str:
    return show_units(value) if isinstance(value, int) else _name(value)


def _share(value: Value) -> str:
    return f"{show_ppm(value * 100)} %" if isinstance(value, int) else _name(value)


def _duration(value: Value) -> str:
    if not isinstance(value, int):
        return _name(value)
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if abs(value) >= 2 * unit:
            return f"{value / unit:.1f} {letter}"
    if 0 < abs(value) < SECOND:
        # Not by significant digits: of a microsecond they leave an exponent.
        return f"{value / _MILLISECOND:.6f}".rstrip("0").rstrip(".") + " ms"
    return f"{value / SECOND:.3g} s"


def _price(value: Value) -> str:
    if not isinstance(value, int):
        return _name(value)
    whole, _, rest = show_units(value).partition(".")
    return f"{int(whole):,}.{rest.ljust(2, '0')}"


def _name(value: Value) -> str:
    return "nothing" if value is None else str(value)


def _instrument(value: Value) -> str:
    return "unknown" if value is None else str(value)


def _session(value: Value) -> str:
    return "not known to be open" if value is None else str(value)


def _scope(value: Value) -> str:
    return EVERYWHERE if value == EVERYWHERE else f"for {_name(value)}"


def _money_exactly(value: Value) -> str:
    if not isinstance(value, int):
        return _name(value)
    return f"{'-' if value < 0 else ''}${show_units(abs(value))}"


def _duration_exactly(value: Value) -> str:
    if not isinstance(value, int):
        return _name(value)
    whole, rest = divmod(abs(value), SECOND)
    said = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
    return f"{'-' if value < 0 else ''}{said} s"


_Show = Callable[[Value], str]

_EXACTLY: dict[_Show, _Show] = {_money: _money_exactly, _duration: _duration_exactly}
"""For two numbers that round to the same."""

_SENTENCES: dict[str, tuple[str, _Show]] = {
    "VAULT_UNKNOWN": ("vault {o} is not in the policy in force", _name),
    "CONVICTION": ("a conviction of {o} is below the {l} it takes here", _share),
    "NO_SIZE": ("it comes to less than one lot", _quantity),
    "NOT_POSITIVE": ("price and quantity must be above zero, and one is {o}", _quantity),
    "TOO_LARGE": ("{o} is larger than any price or quantity that is believed", _quantity),
    "INSTRUMENT": ("the venue's instrument is {o}, not the one ordered", _instrument),
    "TICK": ("the price {o} is not on the tick of {l}", _quantity),
    "LOT": ("the quantity {o} is not a whole number of lots of {l}", _quantity),
    "ORDER_QUANTITY": ("a quantity of {o} is above the {l} one order may have", _quantity),
    "ORDER_NOTIONAL": ("{o} is above the {l} one order may be worth", _money),
    "QUOTE_MISSING": ("the broker gives no quote for {o}", _name),
    "QUOTE_INVALID": ("a quote of {o} is no market", _name),
    "QUOTE_AGE": ("the quote is {o} old; at most {l} is allowed", _duration),
    "COLLAR": ("the limit is {o} from the reference; at most {l} is allowed", _share),
    "DUPLICATE_ID": ("intent {o} was decided before", _name),
    "DUPLICATE_CONTENT": ("the same was ordered {o} ago, within the window of {l}", _duration),
    "INTENT_EXPIRED": ("the intent has expired ({o} left)", _duration),
    "INTENT_FROM_FUTURE": ("the intent was made {o} ahead of this clock", _duration),
    "INTENT_AGE": ("the intent is {o} old; at most {l} is allowed", _duration),
    "FLIP_CLOSED": ("the vault's flip branch is closed ({o} left)", _duration),
    "SESSION": ("the market is {o}", _session),
    "MARKET_HALT": ("trading in it is halted by its market, nobody can say for how long", _name),
    "SYMBOL_NOT_ALLOWED": ("{o} is not on the vault's allow list", _name),
    "SYMBOL_DENIED": ("{o} is on the vault's deny list", _name),
    "ASSET_CLASS": ("the vault may not trade the asset class {o}", _name),
    "BROKER": ("the vault may not use the broker {o}", _name),
    "RAIL": ("the vault may not use the rail {o}", _name),
    "RESTRICTED": ("the venue restricts {o}", _name),
    "NOT_TRADABLE": ("the broker does not let this account open {o}", _name),
    "SHORT_NOT_ALLOWED": ("vault {o} may not sell short", _name),
    "NOT_SHORTABLE": ("{o} cannot be sold short at this broker", _name),
    "NAKED_OPTION": ("the option needs {o} of the underlying behind it; {l} is free", _quantity),
    "NAKED_PUT": ("the put needs {o} in cash behind it; {l} is free", _money),
    "UNCOVERS_OPTION": ("{o} would be left behind calls that need {l}", _quantity),
    "NOT_REDUCING": (
        "a quantity of {o} is more than the {l} left to close at its broker",
        _quantity,
    ),
    "OTHER_SIDE": ("the vault has the other side of it at {o}, which is to be closed first", _name),
    "POSITION": ("the position would be {o}; the vault's cap for one symbol is {l}", _money),
    "POSITION_ACCOUNT": ("all vaults would hold {o} of it; their cap together is {l}", _money),
    "PERSONA_GROSS": ("the vaults of the persona would hold {o}; their cap is {l}", _money),
    "POSITIONS": ("it would be position number {o}; at most {l} are allowed", _name),
    "GROSS": ("gross exposure would be {o}; the vault's cap is {l}", _money),
    "NET": ("net exposure would be {o}; the vault's cap is {l}", _money),
    "ACCOUNT_GROSS": ("gross exposure of all vaults would be {o}; the cap is {l}", _money),
    "ACCOUNT_NET": ("net exposure of all vaults would be {o}; the cap is {l}", _money),
    "NAV_UNKNOWN": ("the vault's net asset value is {o}; shares of it mean nothing", _money),
    "TICKER_SHARE": ("the symbol would be {o} of NAV; its cap is {l}", _share),
    "SECTOR_SHARE": ("the sector would be {o} of NAV; its cap is {l}", _share),
    "ASSET_CLASS_SHARE": ("the asset class would be {o} of NAV; its cap is {l}", _share),
    "BUYING_POWER": ("the order may cost {o}; {l} is free", _money),
    "CAPITAL": ("{o} would be deployed; the vault's capital is {l}", _money),
    "CURRENCY": ("its price is in {o}, of which no vault has money", _name),
    "NOT_CONVERTING": ("{o} is money and no position: the Executor alone converts", _name),
    "STABLECOIN_BUFFER": ("{o} would be left in stablecoin; the buffer is {l}", _money),
    "PNL_UNKNOWN": ("nobody knows the vault's profit or loss: {o} positions have no mark", _name),
    "DAILY_LOSS": ("the vault's loss today is {o}; it stops opening above {l}", _money),
    "ACCOUNT_DAILY_LOSS": (
        "the loss of all vaults today is {o}; they stop opening above {l}",
        _money,
    ),
    "DRAWDOWN": ("the vault is {o} below its highest NAV; it stops opening above {l}", _share),
    "LOSS_STREAK": ("{o} exits in a row lost money; the vault stops opening above {l}", _name),
    "CONCENTRATION": ("the position would be {o}; this conviction is worth {l}", _money),
    "FLIP_SLICE": ("the flip branch would use {o}; its slice is {l}", _money),
    "ADV_UNKNOWN": ("nobody knows how much of it trades in a day", _money),
    "ADV_FLOOR": ("{o} of it trade in a day; the vault asks for {l}", _money),
    "ADV_SHARE": ("the order would be {o} of a day's trading; its cap is {l}", _share),
    "SPREAD": ("the spread is {o} of the price; at most {l} is allowed", _share),
    "ORDERS_PER_MINUTE": ("it would be order {o} of this minute; at most {l} are allowed", _name),
    "MESSAGES": ("it would be message {o} of this minute; at most {l} are allowed", _name),
    "MESSAGES_BROKER": (
        "it would be message {o} of this minute to the broker; at most {l} are allowed",
        _name,
    ),
    "MESSAGES_STRATEGY": (
        "it would be message {o} of this minute by the strategy; at most {l} are allowed",
        _name,
    ),
    "REPEATED": (
        "it would be order {o} of the same; at most {l} are allowed, and its strategy is shut off",
        _name,
    ),
    "THROTTLED": (
        "the strategy is shut off in this vault; `vanta resume --edit {o}` starts to let it go",
        _name,
    ),
    "ORDERS_PER_FILL": (
        "the vault would have sent {o} orders and cancels today; its fills allow {l}",
        _name,
    ),
    "SELF_MATCH": ("at {o} it would trade with an order of our own at {l}", _price),
    "BUILD": ("intents of the build {o} are not taken", _name),
    "POLICY_UNKNOWN": ("it was made under the policy {o}, which never was in force here", _name),
    "POLICY_LAG": ("its policy has not been in force for {o}; at most {l} is allowed", _duration),
    "NO_PARENT": ("{o} is no open order of the book", _name),
    "CHILD_QUANTITY": ("{o} would be filled or open of an order of {l}", _quantity),
    "CHILD_PRICE": ("the limit would be {o}; {l} was decided", _price),
    "CHILD_DIFFERS": ("{o} is not the order that was decided as {l}", _name),
    "OPEN_ORDERS": ("the vault would have {o} open orders; at most {l} are allowed", _name),
    "OPEN_ORDERS_BROKER": ("the broker would have {o} open orders; at most {l} are allowed", _name),
    "OPEN_ORDERS_ACCOUNT": ("all vaults would have {o} open orders; at most {l} allowed", _name),
    "REDUCE_ONLY": ("reduce_only is on {o}: nothing may be opened", _scope),
    "ORDERS_DISABLED": ("orders_disabled is on {o}", _scope),
    "MAINTENANCE": ("maintenance is on {o}", _scope),
    "EXTERNAL_CALLS_DISABLED": ("external_calls_disabled is on {o}", _scope),
    "FULL_HALT": ("full_halt is on {o}", _scope),
}

_GATE = {
    "HALT_LATCHED": "a halt is latched on this node",
    "JUDGE_SILENT": "the judge of automatic halts gives no sign of life",
    "SURVEILLANCE_SILENT": "the continuous comparison gives no sign of life",
    "GATE_LOCK": "the gate's lock cannot be taken",
    "RECONCILIATION_DRIFT": "the book and the broker do not agree",
    "NO_POLICY": "no published policy can be read",
    "VAULT_UNKNOWN": "its vault is no longer in the policy",
    "SYMBOL_NOT_ALLOWED": "its symbol is no longer on the vault's allow list",
    "SYMBOL_DENIED": "its symbol is on the vault's deny list by now",
    "ASSET_CLASS": "its vault may no longer trade its asset class",
    "BROKER": "its vault may no longer use its broker",
    "ORDER_QUANTITY": "its quantity is above what one order may have by now",
    "ORDER_NOTIONAL": "it is above what one order may be worth by now",
    "NO_PARENT": "it is no open order of the book",
    "CHILD_QUANTITY": "more would be filled or open than was decided",
    "CHILD_PRICE": "its limit would be beyond the one that was decided",
    "CHILD_DIFFERS": "it is not the order that was decided",
    "BROKER_UNAVAILABLE": "a broker does not answer",
}

CODES = frozenset(_SENTENCES)
"""Every code there is a sentence for."""


def template(code: str) -> str:
    """The sentence of a code, with an ellipsis for each number or name."""
    return _SENTENCES[code][0].format(o="…", l="…")


def sentence(finding: Finding) -> str:
    """A finding in one sentence, with its numbers in their units, and its fence and code.

    Of a question that failed, the sentence says what is wrong; of one that passed, what was asked
    and the numbers.
    """
    tag = f"[{finding.fence} {finding.code}]"
    known = _SENTENCES.get(finding.code)
    if known is None:
        return f"{finding.code.replace('_', ' ').lower()} {tag}"
    text, show = known
    observed, limit = show(finding.observed), show(finding.limit)
    if observed == limit and finding.observed != finding.limit and show in _EXACTLY:
        # Beyond its limit by less than is shown: as it were, a number above itself.
        observed, limit = _EXACTLY[show](finding.observed), _EXACTLY[show](finding.limit)
    if finding.passed:
        of = f" of {limit}" if finding.limit is not None else ""
        return f"{finding.code.replace('_', ' ').lower()}: {observed}{of} {tag}"
    return f"{text.format(o=observed, l=limit)} {tag}"


def withheld(code: str) -> str:
    """Why the gate kept an order in, in one sentence."""
    if code in _GATE:
        return f"{_GATE[code]} [{code}]"
    if code.lower() in SWITCHES:
        return f"{code.lower()} is on [{code}]"
    return f"the gate is shut [{code}]"
