"""The marks on the map: partners by status and requests that wait, read for a whole region at a time."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from core import valkey
from ops.live.board import Board, Mark
from positions import Whereabouts, whereabouts
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus

FREE, OFFERED, BUSY, SILENT = "f", "o", "b", "s"  # partners; silent: free, but not heard of lately
WAITING, ASKED = "w", "a"  # requests that look for a partner, and those that somebody has been offered
WAITING_MAX = 1000  # the oldest are shown
KEY, KEPT_S = "staff:live:map", 10
MAP = "map"


@dataclass(frozen=True, slots=True)
class Open:
    """Open requests and the partners to whom one is offered, by the region's slug."""

    requests: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict)
    offered: Mapping[str, frozenset[str]] = field(default_factory=dict)


def open_requests() -> Open:
    """Read the requests that wait, the oldest first, and the partners who have an offer."""
    requests: dict[str, dict[str, Mark]] = defaultdict(dict)
    for status, state in ((RequestStatus.PENDING, WAITING), (RequestStatus.OFFERED, ASKED)):
        rows = CheerRequest.objects.filter(status=status).order_by("created_at")
        for pk, slug, lat, lng in rows.values_list("pk", "region__slug", "lat", "lng")[:WAITING_MAX]:
            requests[slug][str(pk)] = Mark.at(lat, lng, state)
    offered: dict[str, set[str]] = defaultdict(set)
    pending = Offer.objects.filter(status=OfferStatus.PENDING).order_by("expires_at")
    for slug, partner in pending.values_list("request__region__slug", "partner_id"):
        offered[slug].add(str(partner))
    return Open(requests, {slug: frozenset(partners) for slug, partners in offered.items()})


class CityMap:
    """The boards of all regions."""

    def __init__(self) -> None:
        self._boards: dict[str, Board] = {}

    def changes(self, slugs: Iterable[str], known: Open, now: datetime) -> dict[str, dict[str, Any]]:
        """Read where everybody is, keep the snapshots for pages that open, and return each region's change.

        Raises `valkey.Unreachable`.
        """
        changes = {}
        pipe = valkey.client().pipeline(transaction=False)
        for slug in slugs:
            board = self._boards.setdefault(slug, Board())
            changes[slug] = board.change(_marks(slug, known, now))
            pipe.set(f"{KEY}:{slug}", json.dumps(board.whole(), separators=(",", ":")), ex=KEPT_S)
        pipe.execute()
        return changes


def _marks(slug: str, known: Open, now: datetime) -> dict[str, Mark]:
    offered = known.offered.get(slug, frozenset())
    oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
    marks = {
        name: Mark.at(where.lat, where.lng, _state(where, is_offered=name in offered))
        for name, where in whereabouts(slug, oldest=oldest, also=offered).items()
    }
    return {**marks, **known.requests.get(slug, {})}


def _state(where: Whereabouts, *, is_offered: bool) -> str:
    if where.serving:
        return BUSY
    if is_offered:
        return OFFERED
    return FREE if where.fresh else SILENT


def kept_maps(slugs: Iterable[str]) -> dict[str, Any]:
    """Return the snapshots of these regions that were kept last; none if Valkey does not answer."""
    names = list(slugs)
    if not names:
        return {}
    try:
        kept = valkey.client().mget([f"{KEY}:{slug}" for slug in names])
    except valkey.Unreachable:
        return {}
    return {slug: json.loads(text) for slug, text in zip(names, kept, strict=True) if text is not None}
