"""Immediate offers: a lone request goes to its nearest free partner in the transaction that creates it, or in the one
that notes that its amount is held.

The search runs before the transaction, which must not wait for Valkey, and its result is a hint. The transaction takes
the nearest candidate who is still free, unless other requests wait in the region: those are matched together. If no
candidate is within the distance that the pickup cap always allows, the matcher decides (`batch.py`).
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings

import positions
from accounts.partners import move_partners
from accounts.states import PartnerStatus
from core import valkey
from notifications.events import Outbox
from positions import Candidate, Search
from requests_app.locks import lock_nearest_free_partner
from requests_app.matching import policy
from requests_app.models import CheerRequest
from requests_app.offers import create_offers
from requests_app.states import RequestStatus

log = logging.getLogger(__name__)

CANDIDATES = 5  # more than one, because the nearest may just have received another offer


def near(request: CheerRequest, *, now: datetime) -> list[Candidate]:
    """The candidates for an immediate offer, nearest first; empty if Valkey is unreachable."""
    reach_m = min(float(settings.MATCH_RADIUS_M[0]), policy.UNCAPPED_M)
    search = Search(request.lat, request.lng, reach_m, CANDIDATES)
    fresh_since = now - timedelta(seconds=settings.POSITION_FRESH_S)
    try:
        return positions.nearest_to_many(request.region.slug, [search], received_since=fresh_since)[0]
    except valkey.Unreachable as error:
        log.warning("no search in %s (%s); the sweep goes on", request.region.slug, type(error).__name__)
        return []


def take(outbox: Outbox, request: CheerRequest, candidates: list[Candidate], *, now: datetime) -> bool:
    """Insert a new request and offer it to the first candidate who is free and fits.

    Returns: False, with nothing written, if no candidate is free or other requests are pending in the region.
    Raises: `IntegrityError` if its user has an open request.
    """
    found = lock_nearest_free_partner(request, [candidate.partner_id for candidate in candidates])
    if found is None:
        return False
    distance_m = next(candidate.distance_m for candidate in candidates if candidate.partner_id == found.pk)
    request.create_moved(RequestStatus.OFFERED, actor=request.user, mover=None, at=now, wave=0, attempts=1)
    move_partners([found], PartnerStatus.OFFERED, actor=None, at=now)
    create_offers(outbox, [(request, found, distance_m)], now=now)
    return True


def offer(outbox: Outbox, request: CheerRequest, candidates: list[Candidate], *, now: datetime) -> bool:
    """Offer a locked, pending request that is alone to the first candidate who is free and fits.

    Returns: False, with nothing written, if no candidate is.
    """
    found = lock_nearest_free_partner(request, [candidate.partner_id for candidate in candidates], new=False)
    if found is None:
        return False
    distance_m = next(candidate.distance_m for candidate in candidates if candidate.partner_id == found.pk)
    request.move(RequestStatus.OFFERED, actor=None, at=now, wave=0, attempts=1)
    move_partners([found], PartnerStatus.OFFERED, actor=None, at=now)
    create_offers(outbox, [(request, found, distance_m)], now=now)
    return True
