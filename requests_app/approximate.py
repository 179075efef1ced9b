"""Offers that show roughly where a cheer is, until they are accepted.

A place is shown as the middle of its cell in a fixed grid. The same home is in the same cell with every request, so
that many offers tell no more than one, and the distance is measured to the middle as well.
"""

from accounts.models import Partner
from regions.geometry import CELL_M, distance_m, middle_of_cell
from regions.models import OfferDetail
from requests_app.habits import far_above_usual
from requests_app.models import CheerRequest


def approximate_m(request: CheerRequest, partner: Partner, exact_m: float) -> int | None:
    """Return the distance of an offer that is approximate, and None for one that is exact.

    It is measured from the partner's position in the database. Without one, the exact distance is rounded to cells.
    """
    if request.region.offer_detail == OfferDetail.EXACT and not far_above_usual(partner.answers):
        return None
    if partner.lat is None or partner.lng is None:
        return round(exact_m / CELL_M) * round(CELL_M)
    return round(distance_m(partner.lat, partner.lng, *middle_of_cell(request.lat, request.lng)))
