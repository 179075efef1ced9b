"""The short way from request to offer: a request that nobody contends with goes to its nearest free partner in the
very transaction that takes it, without a matcher in between.

The search comes first, since Valkey must not be waited for inside a transaction, and is a hint. The transaction takes
the nearest of those found who is still free, unless others wait in the region, who must be weighed together with it.
If nobody is near enough for the policy to have no say, the matcher decides (`requests_app/matching/batch.py`).
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
from requests_app.offers import put_offers
from requests_app.states import RequestStatus

log = logging.getLogger(__name__)

CANDIDATES = 5  # more than one, since the nearest may have been asked a moment ago


def near(request: CheerRequest, *, now: datetime) -> list[Candidate]:
    """Those who may be asked for a new request at once, nearest first. Nobody where Valkey does not answer."""
    reach_m = min(float(settings.MATCH_RADIUS_M[0]), policy.uncapped_m())
    search = Search(request.lat, request.lng, reach_m, CANDIDATES)
    fresh_since = now - timedelta(seconds=settings.POSITION_FRESH_S)
    try:
        return positions.nearest_to_many(request.region.slug, [search], received_since=fresh_since)[0]
    except valkey.Unreachable as error:
        log.warning("no search in %s (%s); the sweep goes on", request.region.slug, type(error).__name__)
        return []


def take(outbox: Outbox, request: CheerRequest, candidates: list[Candidate], *, now: datetime) -> bool:
    """Insert a new request, offered to the first of the candidates who is free and fits.

    False, and nothing is written, where there is none, or where other requests wait in the region.
    Raises `IntegrityError` where its user has an open one.
    """
    found = lock_nearest_free_partner(request, [candidate.partner_id for candidate in candidates])
    if found is None:
        return False
    distance_m = next(candidate.distance_m for candidate in candidates if candidate.partner_id == found.pk)
    request.create_moved(RequestStatus.OFFERED, actor=request.user, mover=None, at=now, wave=0, attempts=1)
    move_partners([found], PartnerStatus.OFFERED, actor=None, at=now)
    put_offers(outbox, [(request, found, distance_m)], now=now)
    return True
