"""What insiders file: ownership documents, parsed rows, and the feed of the latest filings."""

from pathlib import Path

from vanta.markets.sample.paper import put, table

_JPM = ("JPM", "JPMorgan Chase & Co", "0000019617")
_TSLA = ("TSLA", "Tesla, Inc.", "0001318605")
_OWNERS = (
    ("0009000001", "Lindqvist Sara", "Chief Risk Officer"),
    ("0009000002", "Okafor Daniel", "Director"),
    ("0009000003", "Marchetti Elena", "General Counsel"),
    ("0009000004", "Brandt Jonas", "Chief Technology Officer"),
)
_DOCUMENT = """<?xml version="1.0"?>
<ownershipDocument>
  <schemaVersion>X0508</schemaVersion>
  <documentType>4</documentType>
  <periodOfReport>{traded}</periodOfReport>
  <issuer>
    <issuerCik>{cik}</issuerCik>
    <issuerName>{issuer}</issuerName>
    <issuerTradingSymbol>{ticker}</issuerTradingSymbol>
  </issuer>
  <reportingOwner>
    <reportingOwnerId>
      <rptOwnerCik>{owner}</rptOwnerCik>
      <rptOwnerName>{name}</rptOwnerName>
    </reportingOwnerId>
    <reportingOwnerRelationship>
      <isOfficer>true</isOfficer>
      <officerTitle>{title}</officerTitle>
    </reportingOwnerRelationship>
  </reportingOwner>
  <aff10b5One>{planned}</aff10b5One>
  <nonDerivativeTable>
    <nonDerivativeTransaction>
      <securityTitle><value>Common Stock</value></securityTitle>
      <transactionDate><value>{traded}</value></transactionDate>
      <transactionCoding>
        <transactionFormType>4</transactionFormType>
        <transactionCode>{code}</transactionCode>
      </transactionCoding>
      <transactionAmounts>
        <transactionShares><value>{shares}</value></transactionShares>
        <transactionPricePerShare><value>{price}</value></transactionPricePerShare>
      </transactionAmounts>
    </nonDerivativeTransaction>
  </nonDerivativeTable>
  <ownerSignature><signatureDate>{filed}</signatureDate></ownerSignature>
</ownershipDocument>
"""
_SUBMISSION = """<SEC-DOCUMENT>{accession}.txt : {day}
<SEC-HEADER>{accession}.hdr.sgml : {day}
<ACCEPTANCE-DATETIME>{accepted}
ACCESSION NUMBER:\t\t{accession}
CONFORMED SUBMISSION TYPE:\t4
FILED AS OF DATE:\t\t{day}
</SEC-HEADER>
<DOCUMENT>
<TYPE>4
<TEXT>
<XML>
{document}</XML>
</TEXT>
</DOCUMENT>
</SEC-DOCUMENT>
"""


_COLUMNS = """
ticker issuer_cik accession_number filing_date period_of_report reporting_owner_name
reporting_owner_cik officer_title director ten_percent_owner security_title transaction_date
transaction_code transaction_code_description transaction_classification is_open_market_purchase
is_open_market_sale is_derivative shares price_per_share transaction_value shares_owned_following
ownership_nature_direct_or_indirect ownership_nature_explanation
"""
_SOLD = ("S", "Open-market sale")


def _document(company: tuple[str, str, str], owner: int, **facts: object) -> str:
    ticker, issuer, cik = company
    ident, name, title = _OWNERS[owner]
    return _DOCUMENT.format(
        ticker=ticker, issuer=issuer.replace("&", "&amp;"), cik=cik, owner=ident, name=name,
        title=title, **facts,
    )  # fmt: skip


def write_documents(folder: Path) -> None:
    """`sec/form345/`: a cluster of buyers, one of them late; a planned sale; two broken ones."""
    cluster = (
        (0, "2026-02-26", "20260302", "20260302173012"),
        (1, "2026-02-27", "20260303", "20260303080504"),
        (2, "2026-01-14", "20260303", "20260303163344"),
    )
    for number, (owner, traded, day, accepted) in enumerate(cluster):
        filed = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        document = _document(
            _JPM, owner, traded=traded, filed=filed, code="P", shares=4_000, price=303.5, planned=0
        )
        accession = f"{_OWNERS[owner][0]}-26-{number:06d}"
        text = _SUBMISSION.format(
            accession=accession, day=day, accepted=accepted, document=document
        )
        put(folder / f"{accession}.txt", text.encode())
    planned = _document(
        _TSLA, 3, traded="2026-03-02", filed="2026-03-03", code="S", shares=9_000, price=388,
        planned=1,
    )  # fmt: skip
    put(folder / "form4_tesla.xml", planned.encode())
    bomb = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n'
    put(folder / "form4_bomb.xml", (bomb + planned.partition("\n")[2]).encode())
    put(folder / "form4_cut.xml", planned[:700].encode())


def write_rows(folder: Path) -> None:
    """`sec/form4_parsed/`: an old grant, and a sale of months ago filed today."""
    header = _COLUMNS.split()
    rows = []
    for filed, traded, name, cik, (code, said), price in (
        ("2026-03-03", "2025-10-02", "Hale Victor", "0009100001", _SOLD, "119.2"),
        ("2026-03-03", "2026-03-02", "Reyes Ana", "0009100002", _SOLD, "127.1"),
        ("2026-03-02", "2026-02-27", "Reyes Ana", "0009100002", ("A", "Grant or award"), "0.0"),
    ):
        cells = dict.fromkeys(header, "")
        cells |= {"ticker": "XOM", "issuer_cik": "0000034088", "security_title": "Common Stock"}
        cells |= {"accession_number": f"{cik}-26-000001", "filing_date": filed}
        cells |= {"transaction_date": traded, "transaction_code": code, "is_derivative": "False"}
        cells |= {"reporting_owner_name": name, "reporting_owner_cik": cik, "shares": "12000.0"}
        cells |= {"transaction_code_description": said, "price_per_share": price}
        rows.append(cells.values())
    put(folder / "XOM_form4_transactions.csv.gz", table(header, rows))


def _entry(form: str, name: str, cik: str, role: str, accession: str, at: str) -> str:
    ident = f"urn:tag:sec.gov,2008:accession-number={accession}"
    return (
        f"<entry>\n<title>{form} - {name} ({cik}) ({role})</title>\n"
        f'<summary type="html">\n &lt;b&gt;AccNo:&lt;/b&gt; {accession}\n</summary>\n'
        f"<updated>{at}</updated>\n"
        f'<category scheme="https://www.sec.gov/" label="form type" term="{form}"/>\n'
        f"<id>{ident}</id>\n</entry>\n"
    )


def write_feed(folder: Path) -> None:
    """`sec/edgar_current_atom/`: asked for form 4, answered with all that begins with 4."""
    entries = []
    for owner in range(3):
        ident, name, _ = _OWNERS[owner]
        accession, at = f"{ident}-26-{owner:06d}", f"2026-03-03T1{owner}:05:04-05:00"
        entries.append(_entry("4", name, ident, "Reporting", accession, at))
        company = _JPM[1].replace("&", "&amp;")
        entries.append(_entry("4", company, _JPM[2], "Issuer", accession, at))
    notes, at = "0000019617-26-004242", "2026-03-03T14:10:00-05:00"
    entries.append(_entry("424B2", "JPMorgan Chase &amp; Co", _JPM[2], "Filer", notes, at))
    entries.append(_entry("4", "No Number", "0000000001", "Issuer", "none", at))
    head = (
        '<?xml version="1.0" encoding="ISO-8859-1" ?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">\n<title>Latest Filings</title>\n'
        "<updated>2026-03-03T18:03:57-05:00</updated>\n"
    )
    name = "form4_2026-03-03_req{0}_start{1}_count100_http{2}"
    page = (head + "".join(entries) + "</feed>\n").encode("iso-8859-1")
    put(folder / (name.format("00", "0000", 200) + ".atom.xml.gz"), page)
    again = (head + "".join(entries[2:5]) + "</feed>\n").encode("iso-8859-1")
    put(folder / (name.format("01", "0100", 200) + ".atom.xml.gz"), again)
    refused = b"<!DOCTYPE html>\n<html><body>Request Rate Threshold Exceeded</body></html>\n"
    put(folder / (name.format("51", "5100", 503) + ".html.gz"), refused)
