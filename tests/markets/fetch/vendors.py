"""Eight vendors of feeds on this machine, each in its own wire format, on one port.

The formats are those of their public documentation; EDGAR's, Alpaca's and the older X's were held
against recorded answers.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.executor.brokers.vendor import Asked, Told, VendorServer
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND, parse_instant
from vanta.markets.sample.filings import _SUBMISSION, _document

CONTACT = "Example Fund ops@example.com"
KEYS = {
    "alpaca-data-key": "AKEXAMPLE",
    "alpaca-data-secret": "alpaca-very-secret",
    "reddit-id": "an-application",
    "reddit-secret": "reddit-very-secret",
    "x-token": "x-very-secret",
}
TOKEN = "eyJ-a-token-of-an-hour"  # noqa: S105 - nobody's
COMPANIES = {
    "0": {"cik_str": 320193, "ticker": "AAPL", "title": "Apple Inc."},
    "1": {"cik_str": 2063236, "ticker": "ZZZ", "title": "Pérez & Söhne"},
}
_NEW_YORK = ZoneInfo("America/New_York")


def rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def contract(share: str = "AAPL", right: str = "C", strike: int = 250) -> str:
    expiry = (datetime.now(UTC) + timedelta(days=30)).strftime("%y%m%d")
    return f"{share}{expiry}{right}{strike * 1000:08d}"


class Vendors(VendorServer):
    """All of them; a test changes what one says by `said`, and what goes wrong by `fails`."""

    def __init__(self) -> None:
        super().__init__()
        self.live = True
        self.said: dict[str, Told] = {}
        """Path to an answer that stands in for the vendor's own."""
        self.target = "/"
        self.filings = 3
        self.issuer = ""
        """Of whom an insider has just filed."""
        self.price = "61000.5"

    def fails(self, path: str, how: str, times: int = 1) -> None:
        """Requests below `path` go wrong."""
        self.target = path
        self.next.extend([how] * times)

    def submits(self, asked: Asked) -> bool:
        return asked.path.startswith(self.target)

    def answer(self, asked: Asked) -> Told:
        for path, told in self.said.items():
            if asked.path.startswith(path):
                return told
        routes: dict[str, Callable[[Asked], Told]] = {
            "/cgi-bin/browse-edgar": self.sec,
            "/files/company_tickers.json": lambda _: (200, COMPANIES),
            "/Archives/": self.submission,
            "/products/": self.coinbase,
            "/0/public/Trades": self.kraken,
            "/v2/stocks/bars": self.alpaca,
            "/v1beta1/options/snapshots/": self.snapshots,
            "/v1beta1/options/bars": self.option_bars,
            "/api/v2/doc/doc": self.gdelt,
            "/api/v1/access_token": self.reddit_token,
            "/r/": self.reddit,
            "/2/tweets/search/recent": self.x,
        }
        for path, route in routes.items():
            if asked.path.startswith(path):
                return route(asked)
        return 404, {"message": "NotFound"}

    def asked_for(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path.startswith(path)]

    # EDGAR

    def sec(self, asked: Asked) -> Told:
        if "@" not in asked.headers.get("user-agent", ""):
            return 403, b"<!DOCTYPE html><html><title>Your Request Originates from an Undeclared"
        start = int(asked.query["start"])
        shown = list(range(self.filings, 0, -1))[start : start + int(asked.query["count"])]
        entries = "\n".join(self._filing(number) for number in shown)
        if self.issuer:
            entries = self._filing(7, f"{self.issuer} (Issuer)") + entries
        now = datetime.now(_NEW_YORK).replace(microsecond=0)
        head = (
            '<?xml version="1.0" encoding="ISO-8859-1" ?>\n'
            '<feed xmlns="http://www.w3.org/2005/Atom">\n'
            f"<title>Latest Filings</title>\n<updated>{now.isoformat()}</updated>\n"
        )
        return 200, f"{head}{entries}\n</feed>\n".encode("iso-8859-1")

    def _filing(self, number: int, whose: str = "") -> str:
        # A filing is out for good: its entry reads the same whenever it is asked for.
        at = datetime.fromtimestamp(self.began // SECOND - 900 + number, _NEW_YORK)
        accession = f"0002063236-26-{number:06d}"
        whose = whose or f"Pérez &amp; Söhne {number} (0002063236) (Reporting)"
        folder = f"https://www.sec.gov/Archives/edgar/data/2063236/{accession.replace('-', '')}"
        return (
            f"<entry>\n<title>4 - {whose}</title>\n"
            f'<link rel="alternate" type="text/html" href="{folder}/{accession}-index.htm"/>\n'
            f"<updated>{at.isoformat()}</updated>\n"
            '<category scheme="https://www.sec.gov/" label="form type" term="4"/>\n'
            f"<id>urn:tag:sec.gov,2008:accession-number={accession}</id>\n</entry>"
        )

    def submission(self, asked: Asked) -> Told:
        accession = "0002063236-26-000007"
        if asked.path != f"/Archives/edgar/data/2063236/000206323626000007/{accession}.txt":
            return 404, b"<html>NoSuchKey</html>"
        at = datetime.fromtimestamp(self.began // SECOND - 900, _NEW_YORK)
        traded = {"traded": f"{at:%Y-%m-%d}", "filed": f"{at:%Y-%m-%d}"}
        document = _document(
            ("AAPL", "Apple Inc.", "0000320193"), 0, code="P", shares=400, price=250, planned=0,
            **traded,
        )  # fmt: skip
        return 200, _SUBMISSION.format(
            accession=accession, day=f"{at:%Y%m%d}", accepted=f"{at:%Y%m%d%H%M%S}",
            document=document,
        ).encode()  # fmt: skip

    @property
    def began(self) -> int:
        if not hasattr(self, "_began"):
            self._began = self.now()
        return self._began

    # Coins

    def coinbase(self, asked: Asked) -> Told:
        if asked.path.split("/")[2] not in {"BTC-USD", "ETH-USD"}:
            return 404, {"message": "NotFound"}
        span = int(asked.query["granularity"])
        since = parse_instant(asked.query["start"]) // SECOND
        until = parse_instant(asked.query["end"]) // SECOND
        begins = range(since, until + 1, span)
        if len(begins) > 300:
            return 400, {"message": "granularity too small for the requested time range"}
        # What still goes on is told, too, and numbers are numbers.
        told = [*begins, until + span][::-1]
        price = self.price
        rows = [f"[{at}, {price}, 61010.25, {price}, 61005, 0.25{at % 7}]" for at in told]
        return 200, f"[{','.join(rows)}]".encode()

    def kraken(self, asked: Asked) -> Told:
        if asked.query["pair"] != "XBTUSD":
            return 200, {"error": ["EQuery:Unknown asset pair"]}
        since, now = int(asked.query["since"]), self.now()
        first = -(-since // (20 * SECOND)) + 1
        trades = [
            f'["61001.10000","0.0150000{number % 7}",{number * 20}.7712369,"b","m","",{number}]'
            for number in range(first, now // (20 * SECOND))
        ]
        last = (first + len(trades) - 1) * 20 * SECOND + 771_236_900
        return 200, (
            f'{{"error":[],"result":{{"XXBTZUSD":[{",".join(trades)}],"last":"{last}"}}}}'.encode()
        )

    # Alpaca

    def _alpaca_refuses(self, asked: Asked) -> bool:
        key = asked.headers.get("apca-api-key-id"), asked.headers.get("apca-api-secret-key")
        return key != (KEYS["alpaca-data-key"], KEYS["alpaca-data-secret"])

    def alpaca(self, asked: Asked) -> Told:
        if self._alpaca_refuses(asked):
            return 403, {"message": "forbidden."}
        symbols = asked.query["symbols"].split(",")
        since = parse_instant(asked.query["start"])
        if asked.query["timeframe"] == "1Day":
            stamps = [
                datetime.combine(day, time(), _NEW_YORK).astimezone(UTC)
                for day in self._days(since)
            ]
        else:
            step = MINUTE // SECOND
            first = -(-since // MINUTE) * step
            stamps = [
                datetime.fromtimestamp(at, UTC)
                for at in range(first, self.now() // SECOND + 1, step)
            ]
        half = len(stamps) // 2 or 1
        page = asked.query.get("page_token")
        shown = stamps[half:] if page else stamps[:half]
        bars = {symbol: [self._bar(at) for at in shown] for symbol in symbols}
        return 200, {"bars": bars, "next_page_token": None if page else "QUFQTHxNfDE"}

    def _days(self, since: int) -> list[date]:
        first = datetime.fromtimestamp(since // SECOND, _NEW_YORK).date()
        last = datetime.now(_NEW_YORK).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @staticmethod
    def _bar(at: datetime) -> dict[str, Any]:
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"t": stamp, "o": 174, "h": 174.84, "l": 172.31, "c": 174.6125, "v": 8598,
                "n": 732, "vw": 173.703516}  # fmt: skip

    def snapshots(self, asked: Asked) -> Told:
        if self._alpaca_refuses(asked):
            return 403, {"message": "forbidden."}
        lately, long_ago = self.now() - 10 * MINUTE, self.now() - 3 * DAY
        trade = {"t": rfc3339(lately)[:-1] + ".731674112Z", "x": "A", "p": 1.2, "s": 3, "c": "a"}
        quote = {"ap": 0.59, "as": 458, "bp": 0.48, "bs": 396, "c": " ", "t": rfc3339(lately)}
        return 200, {
            "next_page_token": None,
            "snapshots": {
                contract(): {
                    "latestTrade": trade,
                    "latestQuote": quote,
                    "dailyBar": {"t": rfc3339(lately), "o": 1, "h": 2, "l": 1, "c": 1, "v": 500},
                    "impliedVolatility": 0.31,
                },
                contract(right="P"): {"latestQuote": quote},
                contract(strike=300): {"latestTrade": {**trade, "t": rfc3339(long_ago)}},
            },
        }

    def option_bars(self, asked: Asked) -> Told:
        at = (self.now() - 10 * MINUTE) // MINUTE * MINUTE
        bar = {"c": 0.21, "h": 0.24, "l": 0.21, "n": 2, "o": 0.24, "t": rfc3339(at), "v": 21,
               "vw": 0.211429}  # fmt: skip
        found = {one: [bar] for one in asked.query["symbols"].split(",")}
        return 200, {"bars": found, "next_page_token": None}

    # Words

    def gdelt(self, asked: Asked) -> Told:
        if asked.query["format"] != "json":
            return 200, b"<html>"
        at = datetime.fromtimestamp((self.now() - HOUR) // SECOND, UTC)
        stamp = at.replace(minute=at.minute // 15 * 15, second=0).strftime("%Y%m%dT%H%M%SZ")
        article = {"url": "https://news.example/1", "url_mobile": "", "seendate": stamp,
                   "socialimage": "", "domain": "news.example", "language": "English",
                   "sourcecountry": "United States"}  # fmt: skip
        titles = ("Tesla shares rise , analysts say", "Tesla recalls , again , cars")
        return 200, {"articles": [{**article, "title": title} for title in titles]}

    def reddit_token(self, asked: Asked) -> Told:
        pair = f"{KEYS['reddit-id']}:{KEYS['reddit-secret']}".encode()
        if asked.headers.get("authorization") != f"Basic {base64.b64encode(pair).decode()}":
            return 401, {"message": "Unauthorized", "error": 401}
        if (asked.method, asked.body) != ("POST", b"grant_type=client_credentials"):
            return 400, {"error": "unsupported_grant_type"}
        return 200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 86400,
                     "scope": "*"}  # fmt: skip

    def reddit(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized", "error": 401}
        began = self.began // SECOND
        posts = [
            {
                "kind": "t3",
                "data": {
                    "id": f"1p{number}",
                    "title": f"$GME number {number}, to the moon",
                    "selftext": 'He said "buy",\nand I did.',
                    "author": "someone" if number else None,
                    "created_utc": began - 600 * (number + 1) + 0.0,
                    "subreddit": "wallstreetbets",
                    "url": "https://www.reddit.com/r/wallstreetbets/",
                    "score": 3,
                    "num_comments": 1,
                },
            }
            for number in range(30)
        ]
        return 200, {"kind": "Listing", "data": {"after": "t3_1p29", "children": posts}}

    def x(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {KEYS['x-token']}":
            return 401, {"title": "Unauthorized", "status": 401}
        began, page = self.began, asked.query.get("next_token", "")
        post: dict[str, Any] = {
            "id": f"19{began % 10**9:09d}{len(page)}",
            "text": "$TSLA &amp; friends look strong",
            "author_id": "2244994945",
            "created_at": rfc3339(began - 5 * MINUTE)[:-1] + ".000Z",
            "edit_history_tweet_ids": ["1"],
            "entities": {"cashtags": [{"start": 0, "end": 5, "tag": "TSLA"}]},
        }
        if page:
            post["referenced_tweets"] = [{"type": "retweeted", "id": "1899"}]
            post["text"] = "RT @a: other words on $TSLA"
        user = {"id": "2244994945", "name": "Dev", "username": "dev",
                "created_at": "2013-12-14T04:35:55.000Z"}  # fmt: skip
        meta = {"newest_id": "1", "oldest_id": "1", "result_count": 1}
        return 200, {
            "data": [post],
            "includes": {"users": [user]},
            "meta": meta if page else {**meta, "next_token": "b26v89c19zqg8o3f"},
        }


def everything(url: str) -> dict[str, Any]:
    """`markets.collect` with every source, all of them at one address."""
    return {
        "contact": CONTACT,
        "sec": {"url": url},
        "coinbase": {"url": url, "symbols": ["BTC-USD"]},
        "kraken": {"url": url, "symbols": ["BTC-USD"]},
        "alpaca": {"url": url, "symbols": ["AAPL", "BRK-B"], "options": ["AAPL"]},
        "gdelt": {"url": url, "queries": {"TSLA": '"Tesla" sourcelang:english'}},
        "reddit": {"url": url, "tokens": url, "subreddits": ["wallstreetbets"]},
        "x": {"url": url, "queries": ["$TSLA lang:en"]},
    }


def as_yaml(value: object) -> str:
    """JSON is YAML."""
    return json.dumps(value)
