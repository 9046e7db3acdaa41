"""Filings: ownership documents, parsed Form 4 rows, and entries of EDGAR's Atom feeds.

What happened (a transaction) and when it could be known (the filing) are days to months apart.
"""

import re
from xml.etree.ElementTree import Element

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.exact import notional
from vanta.domain.signal import RawItem, Signal
from vanta.markets.amounts import amount
from vanta.markets.normalise.draft import Row, cell, row, shaped, signal
from vanta.markets.normalise.text import clean
from vanta.markets.times import DAY_ONLY, EXACT, edgar_day_end, new_york, new_york_midnight, zoned
from vanta.markets.xml import parse, said

_TICKER = re.compile(r"[A-Z]{1,5}(?:[.-][A-Z]{1,2})?")
_NO_TICKER = frozenset({"NONE", "N", "NA"})
_TRADES = {"P": "bought", "S": "sold"}
"""Open-market codes; grants, gifts, exercises and tax are no view of the price."""
_TITLE = re.compile(r"(?P<form>.+?) - (?P<name>.*) \((?P<cik>\d{10})\) \((?P<role>[A-Za-z ]+)\)\Z")
_ACCESSION = re.compile(r"accession-number=(\d{10}-\d{2}-\d{6})\Z")
_PARTIES = {
    "Issuer": "issuer_cik",
    "Filer": "issuer_cik",
    "Subject": "issuer_cik",
    "Reporting": "insider",
    "Filed by": "filer_cik",
}


def _tickers(text: str) -> list[str]:
    return [t for t in _TICKER.findall(text.upper().replace(".", "-")) if t not in _NO_TICKER]


class Ownership(msgspec.Struct, frozen=True):
    """An ownership document with what the submission around it says; empty where it says none."""

    xml: str
    accession: str = msgspec.field(name="@accession", default="")
    accepted: str = msgspec.field(name="@accepted", default="")
    filed: str = msgspec.field(name="@filed", default="")


def _seen(item: Ownership, document: Element) -> tuple[int, str]:
    """When the filing was out, and how exactly that is known."""
    if item.accepted:
        return new_york(item.accepted), EXACT
    signed = item.filed or said(document, "ownerSignature/signatureDate")[:10]
    if not signed:
        raise MalformedError("neither filed nor signed on any day", code="NO_TIME")
    return edgar_day_end(signed), DAY_ONLY


def _value(transaction: Element, path: str) -> str:
    return said(transaction, f"transactionAmounts/{path}/value")


def _traded(document: Element) -> tuple[dict[str, int], list[str]]:
    """Open-market shares and dollars, and the days of all transactions."""
    totals: dict[str, int] = {}
    days = []
    for transaction in document.iterfind("nonDerivativeTable/nonDerivativeTransaction"):
        days.append(said(transaction, "transactionDate/value")[:10])
        way = _TRADES.get(said(transaction, "transactionCoding/transactionCode"))
        if way is None:
            continue
        shares = amount(_value(transaction, "transactionShares"))
        price = amount(_value(transaction, "transactionPricePerShare") or "0")
        totals[f"{way}_shares_units"] = totals.get(f"{way}_shares_units", 0) + shares
        value = notional(price, shares)
        totals[f"{way}_value_units"] = totals.get(f"{way}_value_units", 0) + value
    return totals, [day for day in days if day]


def ownership(raw: RawItem) -> Signal:
    """A Form 3, 4 or 5; what was bought and sold in the open market is added up."""
    item = shaped(raw, Ownership)
    document = parse(item.xml, place=raw.place)
    form = said(document, "documentType")
    if document.tag != "ownershipDocument" or not form:
        raise MalformedError("not an ownership document", code="XML")
    owners = [
        (said(owner, "rptOwnerCik"), said(owner, "rptOwnerName"))
        for owner in document.iterfind("reportingOwner/reportingOwnerId")
    ]
    if not owners:
        raise MalformedError("nobody reports", code="MISSING_FIELD")
    totals, days = _traded(document)
    seen, quality = _seen(item, document)
    event = new_york_midnight(max(days)) if days else seen
    if said(document, "aff10b5One").casefold() in {"1", "true"}:
        totals["planned_count"] = 1
    cik = said(document, "issuer/issuerCik")
    period = said(document, "periodOfReport")
    return signal(
        raw,
        "insider_trade" if days else "filing",
        source_id=item.accession
        or f"{form} {cik} {owners[0][0]} {period} {sorted(totals.items())}",
        event=event,
        seen=seen,
        quality=DAY_ONLY if days else quality,
        symbols=_tickers(said(document, "issuer/issuerTradingSymbol")),
        author=clean(owners[0][1]),
        text=clean(f"Form {form}: {owners[0][1]} at {said(document, 'issuer/issuerName')}"),
        measures=totals,
        entities={
            "form": form,
            "accession": item.accession,
            "issuer_cik": cik,
            "insider": owners[0][0],
            "co_insiders": " ".join(cik for cik, _ in owners[1:]),
            "role": clean(said(document, "reportingOwner/reportingOwnerRelationship/officerTitle")),
        },
    )


def _priced(cells: Row, way: str) -> dict[str, int]:
    shares = amount(cell(cells, "shares"))
    price = amount(cell(cells, "price_per_share") or "0")
    return {f"{way}_shares_units": shares, f"{way}_value_units": notional(price, shares)}


def parsed_form4(raw: RawItem) -> Signal:
    """One transaction of a Form 4 that somebody parsed; `ticker` is what they asked for."""
    cells = row(raw)
    way = _TRADES.get(cell(cells, "transaction_code"), "")
    derivative = cell(cells, "is_derivative") == "True"
    measures = _priced(cells, way) if way and not derivative else {}
    lot = [
        cell(cells, name)
        for name in (
            "accession_number",
            "reporting_owner_cik",
            "transaction_date",
            "transaction_code",
            "shares",
            "price_per_share",
            "shares_owned_following",
        )
    ]
    return signal(
        raw,
        "insider_trade",
        source_id=" ".join(lot),
        event=new_york_midnight(cell(cells, "transaction_date")),
        seen=edgar_day_end(cell(cells, "filing_date")),
        quality=DAY_ONLY,
        symbols=[cell(cells, "ticker")],
        author=clean(cell(cells, "reporting_owner_name")),
        text=clean(
            f"Form 4: {cell(cells, 'reporting_owner_name')},"
            f" {cell(cells, 'transaction_code_description')}"
        ),
        measures=measures,
        entities={
            "form": "4",
            "accession": cell(cells, "accession_number"),
            "issuer_cik": cell(cells, "issuer_cik"),
            "insider": cell(cells, "reporting_owner_cik"),
            "role": clean(cell(cells, "officer_title")),
        },
    )


class AtomEntry(msgspec.Struct, frozen=True):
    """An entry of an EDGAR Atom feed; a company's own feed names the company only once, above."""

    xml: str
    cik: str = msgspec.field(name="@cik", default="")
    name: str = msgspec.field(name="@name", default="")


def _form(element: Element) -> str:
    category = element.find("category")
    form = category.get("term", "") if category is not None else ""
    if not form:
        raise MalformedError("no form type", code="MISSING_FIELD")
    return form


def atom_entry(raw: RawItem) -> Signal:
    """One party of one filing. Only forms 4 and 4/A are Form 4, whatever was asked for."""
    item = shaped(raw, AtomEntry)
    element = parse(item.xml, place=raw.place)
    accession = _ACCESSION.search(said(element, "id"))
    title = clean(said(element, "title"))
    party = _TITLE.match(title)
    if accession is None or not (party or item.cik):
        raise MalformedError("no accession number, or no party", code="MISSING_FIELD")
    form = _form(element)
    cik = party["cik"] if party else item.cik.zfill(10)
    name = party["name"] if party else clean(item.name)
    role = party["role"] if party else "Filer"
    return signal(
        raw,
        "filing",
        source_id=f"{accession[1]} {cik} {role}",
        event=zoned(said(element, "updated")),
        author=name,
        text=clean(f"Form {form}: {name} ({role})"),
        entities={
            "form": form,
            "accession": accession[1],
            "party": role.casefold(),
            _PARTIES.get(role, "party_cik"): cik,
        },
    )
