"""What those who run it do with their own money.

Buying in the open market has one reason; selling has many, and under a plan made a year ago it has
none. Several who buy are a cluster, and say more than one who buys more.
"""

from vanta.domain.exact import PPM
from vanta.markets.features import Features
from vanta.markets.models.evidence import STRONGEST, Evidence, clamp

NAME = "insiders/1"
WEIGHT = 400_000
BUYERS = (0, 350_000, 700_000, 900_000, PPM)
"""Value of so many distinct buyers."""
SELLER = -120_000
PLANNED = -40_000
MOST_AGAINST = -600_000


def evidence(features: Features) -> Evidence | None:
    """Distinct buyers and sellers among the insiders of the last thirty days."""
    bought: dict[str, int] = {}
    sold: dict[str, int] = {}
    planned: dict[str, bool] = {}
    for deal in features.dealings:
        bought[deal.insider] = bought.get(deal.insider, 0) + deal.bought
        sold[deal.insider] = sold.get(deal.insider, 0) + deal.sold
        planned[deal.insider] = planned.get(deal.insider, True) and deal.planned
    buyers = sorted(who for who in bought if bought[who] > sold[who])
    sellers = sorted(who for who in sold if sold[who] > bought[who])
    if not buyers and not sellers:
        return None
    against = sum(PLANNED if planned[who] else SELLER for who in sellers)
    value = BUYERS[min(len(buyers), len(BUYERS) - 1)] + max(MOST_AGAINST, against)
    deals = sorted(features.dealings, key=lambda deal: (-(deal.bought + deal.sold), deal.id))
    return Evidence(
        model=NAME,
        value=clamp(value),
        weight=WEIGHT,
        text=f"{len(buyers)} insiders bought and {len(sellers)} sold in thirty days",
        signals=tuple(deal.id for deal in deals[:STRONGEST] if deal.bought or deal.sold),
    )
