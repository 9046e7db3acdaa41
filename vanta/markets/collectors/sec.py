"""Recorded filings."""

import re
from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import DAY
from vanta.markets.collectors.files import FeedFile, Findings, Found, records, timed
from vanta.markets.collectors.news import syndicated
from vanta.markets.collectors.recorded import Layout, RecordedCollector, days
from vanta.markets.times import edgar_day_end, feed_time, new_york, zoned
from vanta.markets.xml import parse, said

ATOM = "{http://www.w3.org/2005/Atom}"
LATEST = 5 * DAY
_BEGINS = "<ownershipDocument"
_ENDS = "</ownershipDocument>"
_ACCEPTED = re.compile(r"<ACCEPTANCE-DATETIME>(\d{14})")
_ACCESSION = re.compile(r"(?:ACCESSION NUMBER:\s*|<ACCESSION-NUMBER>)(\d{10}-\d{2}-\d{6})")
_FILED = re.compile(r"(?:FILED AS OF DATE:\s*|<FILING-DATE>)(\d{8})")
_ENTRY = re.compile(r"<entry>.*?</entry>", re.DOTALL)
_UPDATED = re.compile(r"<updated>([^<]*)</updated>")
_SIGNED = re.compile(r"<signatureDate>\s*(\d{4}-\d{2}-\d{2})")


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _filed_at(item: dict[str, str]) -> int:
    if item["@accepted"]:
        return new_york(item["@accepted"])
    return edgar_day_end(item["@filed"] or _first(_SIGNED, item["xml"]))


def _ownership(file: FeedFile) -> Findings:
    text = file.document().decode("utf-8", "replace")
    header, begins, rest = text.partition(_BEGINS)
    inside, ends, _ = rest.partition(_ENDS)
    if not begins or not ends:
        raise MalformedError("holds no ownership document", code="XML", place=file.place)
    if "<!DOCTYPE" in header or "<!ENTITY" in header:
        raise MalformedError(
            "declares a document type or entities", code="XML_ENTITY", place=file.place
        )
    item = {
        "xml": begins + inside + ends,
        "@accession": _first(_ACCESSION, header),
        "@accepted": _first(_ACCEPTED, header),
        "@filed": _first(_FILED, header),
    }
    yield Found(1, msgspec.json.encode(item).decode(), timed(_filed_at, item))


def _accepted(entry: str) -> int:
    return zoned(_first(_UPDATED, entry))


def _atom(file: FeedFile) -> Findings:
    """The entries of a "latest filings" answer or of one company's feed.

    An answer that is no Atom (EDGAR refuses with a page of HTML) holds none, and says so.
    """
    data = file.document()
    root = parse(data, place=file.place)
    if root.tag != f"{ATOM}feed":
        raise MalformedError("not an Atom feed", code="NO_FEED", place=file.place)
    company = {
        "@cik": said(root, f"{ATOM}company-info/{ATOM}cik"),
        "@name": said(root, f"{ATOM}company-info/{ATOM}conformed-name"),
    }
    answered = said(root, f"{ATOM}updated")
    recorded = timed(lambda stamp: feed_time(stamp)[0], answered) if answered else 0
    text = data.decode("iso-8859-1" if b"ISO-8859-1" in data[:100] else "utf-8", "replace")
    for number, entry in enumerate(_ENTRY.findall(text), start=1):
        content = msgspec.json.encode({"xml": entry, **company}).decode()
        yield Found(number, content, timed(_accepted, entry), recorded)


def _rows(file: FeedFile) -> Findings:
    return records(file, lambda row: edgar_day_end(row["filing_date"]))


def _refusal(file: FeedFile) -> Findings:
    raise MalformedError(
        f"the request was refused with HTTP {file.facts['status']}",
        code="HTTP_REFUSED",
        place=file.place,
    )


def _asked(facts: dict[str, str]) -> tuple[int, int]:
    """The latest filings reach back over a week end and a holiday, not further."""
    first, end = days(facts["day"], facts["day"])
    return first - LATEST, end


LAYOUTS = (
    Layout(
        "sec-refusal",
        re.compile(r".*_(?P<day>\d{4}-\d{2}-\d{2})_.*_http(?P<status>[45]\d\d)\..*"),
        _refusal,
        _asked,
    ),
    Layout(
        "sec-atom",
        re.compile(r".*_(?P<day>\d{4}-\d{2}-\d{2})_.*_http200\.atom\.xml"),
        _atom,
        _asked,
    ),
    Layout("sec-atom", re.compile(r".*[_.]atom\.xml"), _atom),
    Layout("sec-form4-rows", re.compile(r"\w+_form4_transactions\.csv"), _rows),
    Layout("sec-ownership", re.compile(r"sec/form345/[^/]+\.(?:xml|txt|nc)"), _ownership),
    Layout("syndicated", re.compile(r"sec_\w+\.rss"), syndicated),
)


def collector(root: Path) -> RecordedCollector:
    """The filings below `root`."""
    return RecordedCollector(
        "sec",
        root,
        folders=("sec",),
        layouts=LAYOUTS,
        others=re.compile(r"\Aindex\.jsonl\Z"),
    )
