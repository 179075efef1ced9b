"""Immediate offers: a lone request goes to its nearest free partner in the transaction that creates it, or in the one
that notes that its amount is held.

The search runs before the transaction, which must not wait for Valkey, and its result is a hint. The transaction takes
the nearest candidate who is still free, unless other requests wait in the region: those are matched together. If no
candidate is within the distance that the pickup cap always allows, the matcher decides (`batch.py`).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

import positions
from accounts.partners import move_partners
from accounts.states import PartnerStatus
from core import valkey
from notifications.events import Outbox
from positions import Nearest, Search
from regions.policies import Intake
from regions.selectors import policy_of, usual_radii_m
from requests_app.locks import lock_nearest_free_partner
from requests_app.models import CheerRequest
from requests_app.offers import Choice, create_offers
from requests_app.records import IMMEDIATE, LeftOut
from requests_app.selectors import rules_of
from requests_app.states import RequestStatus

log = logging.getLogger(__name__)

CANDIDATES = 5  # more than one, because the nearest may just have received another offer


def near(request: CheerRequest, *, now: datetime) -> Nearest:
    """The candidates for an immediate offer, nearest first; empty if Valkey is unreachable or the region is paused."""
    if policy_of(request.region_id).intake == Intake.PAUSED:
        return Nearest()
    reach_m = min(float(usual_radii_m(request.region_id)[0]), rules_of(request.region_id).uncapped_m)
    search = Search(request.lat, request.lng, reach_m, CANDIDATES)
    fresh_since = now - timedelta(seconds=settings.POSITION_FRESH_S)
    try:
        [found] = positions.nearest_to_many(request.region.slug, [search], received_since=fresh_since)
    except valkey.Unreachable as error:
        log.warning("no search in %s (%s); the sweep goes on", request.region.slug, type(error).__name__)
        return Nearest()
    found.sort(key=lambda candidate: (candidate.distance_m, candidate.partner_id))  # ties as the policy settles them
    return found


def take(outbox: Outbox, request: CheerRequest, candidates: Nearest, *, now: datetime) -> bool:
    """Insert a new request and offer it to the first candidate who is free and fits.

    Returns: False, with nothing written, if no candidate is free or other requests are pending in the region.
    Raises: `IntegrityError` if its user has an open request.
    """
    found = _first_free(request, candidates, new=True)
    if found is None:
        return False
    request.create_moved(RequestStatus.OFFERED, actor=request.user, mover=None, at=now, wave=0, attempts=1)
    move_partners([found.partner], PartnerStatus.OFFERED, actor=None, at=now)
    create_offers(outbox, [found], now=now)
    return True


def offer(outbox: Outbox, request: CheerRequest, candidates: Nearest, *, now: datetime) -> bool:
    """Offer a locked, pending request that is alone to the first candidate who is free and fits.

    Returns: False, with nothing written, if no candidate is.
    """
    found = _first_free(request, candidates, new=False)
    if found is None:
        return False
    request.move(RequestStatus.OFFERED, actor=None, at=now, wave=0, attempts=1)
    move_partners([found.partner], PartnerStatus.OFFERED, actor=None, at=now)
    create_offers(outbox, [found], now=now)
    return True


def _first_free(request: CheerRequest, candidates: Nearest, *, new: bool) -> Choice | None:
    """Lock the first candidate who is free and fits."""
    ids = [candidate.partner_id for candidate in candidates]
    found, types = lock_nearest_free_partner(request, ids, new=new)
    if found is None:
        return None
    place = ids.index(found.pk)
    out = _left_out(request, ids, place, types)
    decision = _decided(request, candidates, {**out, **dict.fromkeys(candidates.stale, LeftOut.STALE_POSITION)})
    return Choice(request, found, candidates[place].distance_m, 1, len(ids) - len(out), decision)


def _left_out(request: CheerRequest, ids: Sequence[UUID], place: int, types: Mapping[UUID, str]) -> dict[UUID, LeftOut]:
    """Return the candidates who could not be chosen: those before the one at `place` were not free or did not fit.

    `types` are the types of candidates, where the kind of cheer asks for some.
    """
    wanted = request.request_type.partner_types
    out = dict.fromkeys(ids[:place], LeftOut.TAKEN_BY_ANOTHER)
    return out | {pk: LeftOut.WRONG_KIND for pk in ids if wanted and types.get(pk) not in wanted}


def _decided(request: CheerRequest, candidates: Nearest, out: Mapping[UUID, LeftOut]) -> dict[str, Any]:
    """Return the record (`decisions.py`) of the choice of the first candidate who was not left out."""
    pairs = [[str(each.partner_id), each.distance_m] for each in candidates]
    decision = {"by": IMMEDIATE, **rules_of(request.region_id).recorded, "candidates": pairs}
    return {**decision, "out": [[str(pk), reason.value] for pk, reason in out.items()]} if out else decision
