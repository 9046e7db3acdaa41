"""What a fence answered, in words: `executor.reasons` says why not; here is why.

Most questions read the same either way ("gross exposure would be ...; the vault's cap is ..."). Of
those that are about something being wrong, this says that it is not.
"""

import msgspec

from vanta.audit import wording
from vanta.domain.trading import Finding
from vanta.executor import reasons
from vanta.executor.fences.registry import FENCES

_NAMES = {fence.number: fence.name.replace("_", " ").lower() for fence in FENCES}

_PASSED = {
    "VAULT_UNKNOWN": "vault {o} is in the policy in force",
    "CONVICTION": "a conviction of {o}; {l} is what it takes here",
    "NO_SIZE": "it comes to {o}",
    "NOT_POSITIVE": "price and quantity are above zero",
    "TOO_LARGE": "price and quantity can be believed",
    "INSTRUMENT": "the venue's instrument is the one ordered, {o}",
    "TICK": "the price {o} is on the tick of {l}",
    "LOT": "the quantity {o} is a whole number of lots of {l}",
    "ORDER_QUANTITY": "a quantity of {o}; one order may have {l}",
    "QUOTE_MISSING": "the broker gives a quote for {o}",
    "QUOTE_INVALID": "the quote is a market",
    "DUPLICATE_ID": "the intent was not decided before",
    "DUPLICATE_CONTENT": "the same was last ordered {o} ago, outside the window of {l}",
    "INTENT_EXPIRED": "the intent is valid for another {o}",
    "INTENT_FROM_FUTURE": "the intent was not made ahead of this clock",
    "FLIP_CLOSED": "the vault's flip branch is open for another {o}",
    "SYMBOL_NOT_ALLOWED": "{o} is on the vault's allow list",
    "SYMBOL_DENIED": "{o} is not on the vault's deny list",
    "ASSET_CLASS": "the vault may trade the asset class {o}",
    "BROKER": "the vault may use the broker {o}",
    "RAIL": "the vault may use the rail {o}",
    "CURRENCY": "its price is in {o}, which vaults have",
    "NOT_CONVERTING": "{o} is no money, or the Executor converts it itself",
    "RESTRICTED": "the venue does not restrict {o}",
    "SHORT_NOT_ALLOWED": "vault {o} may sell short",
    "NOT_SHORTABLE": "{o} can be sold short at this broker",
    "NOT_REDUCING": "a quantity of {o}; {l} is left to close at its broker",
    "PNL_UNKNOWN": "every position has a mark",
    "ADV_UNKNOWN": "how much of it trades in a day is known",
    "MARKET_HALT": "its market has not halted trading in it",
    "NOT_TRADABLE": "the broker lets this account open {o}",
    "UNCOVERS_OPTION": "{o} would be left behind calls, which need {l}",
    "REPEATED": "it would be order {o} of the same; {l} are allowed",
    "THROTTLED": "its strategy is not shut off in this vault",
    "OTHER_SIDE": "the vault has the other side of it at no other broker",
    "SELF_MATCH": "at {o} it would trade with no order of our own",
    "SWITCHES_OFF": "no switch is on that forbids it",
    "BUILD": "intents of the build {o} are taken",
    "POLICY_UNKNOWN": "it was made under the policy {o}, which is in force here or was",
    "POLICY_LAG": "its policy has not been out of force for longer than {l}: {o}",
}

EITHER_WAY = frozenset(
    {
        "ACCOUNT_DAILY_LOSS", "ACCOUNT_GROSS", "ACCOUNT_NET", "ADV_FLOOR", "ADV_SHARE",
        "ASSET_CLASS_SHARE", "BUYING_POWER", "CAPITAL", "COLLAR", "CONCENTRATION", "DAILY_LOSS",
        "DRAWDOWN", "FLIP_SLICE", "GROSS", "INTENT_AGE", "LOSS_STREAK", "MESSAGES",
        "MESSAGES_BROKER", "MESSAGES_STRATEGY", "NAKED_OPTION", "NAKED_PUT", "NET", "OPEN_ORDERS",
        "OPEN_ORDERS_ACCOUNT", "OPEN_ORDERS_BROKER", "ORDERS_PER_FILL", "ORDERS_PER_MINUTE",
        "PERSONA_GROSS", "POSITION", "POSITIONS", "POSITION_ACCOUNT", "QUOTE_AGE", "SECTOR_SHARE",
        "SESSION", "SPREAD", "STABLECOIN_BUFFER", "TICKER_SHARE",
    }
)  # fmt: skip
"""Questions whose sentence is as true of an order that passed as of one that did not."""

_NOTHING_LIKE_IT = "nothing like it was ordered before"
_MONEY = {
    "ORDER_NOTIONAL": "it is worth {o}; one order may be worth {l}",
    "NAV_UNKNOWN": "the vault's net asset value is {o}",
}


def fence_name(number: int) -> str:
    """What a fence is called: what is so when it passes."""
    return _NAMES.get(number, f"fence {number}")


def answer(finding: Finding) -> str:
    """A finding in one sentence, with its numbers and without its code."""
    if finding.passed:
        if finding.code == "DUPLICATE_CONTENT" and finding.observed is None:
            return _NOTHING_LIKE_IT
        if finding.code in _PASSED:
            return _filled(_PASSED[finding.code], finding)
        if finding.code in _MONEY:
            shown = [wording.money(v) if isinstance(v, int) else "" for v in _numbers(finding)]
            return _MONEY[finding.code].format(o=shown[0], l=shown[1])
        if finding.code in reasons.CODES:
            finding = msgspec.structs.replace(finding, passed=False)
    return reasons.sentence(finding).removesuffix(f" [{finding.fence} {finding.code}]")


def _numbers(finding: Finding) -> tuple[int | str | None, int | str | None]:
    return finding.observed, finding.limit


def _filled(text: str, finding: Finding) -> str:
    observed, limit = (
        "nothing" if value is None else wording.measured(value, finding.unit)
        for value in _numbers(finding)
    )
    return text.format(o=observed, l=limit)
