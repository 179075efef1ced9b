"""Searches for the candidates of waiting requests: who is near, may serve them and is not excluded, wave by wave."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

import positions
from accounts.models import Partner
from accounts.states import PartnerStatus
from regions.models import Region
from requests_app.matching.policy import Pair
from requests_app.models import CheerRequest, Offer
from requests_app.records import LeftOut
from requests_app.selectors import radii_m
from requests_app.states import OfferStatus

CANDIDATES = 20  # partners considered for each request
SEARCHED_MAX = 200  # nearest partners fetched for a request that only some partner types can serve


@dataclass
class Excluded:
    """The partners excluded from one request: for good (`ever`, with the reason), or for a while in one wave."""

    ever: dict[UUID, str] = field(default_factory=dict)
    in_wave: set[tuple[UUID, int]] = field(default_factory=set)

    def includes(self, partner_id: UUID, wave: int) -> bool:
        return partner_id in self.ever or (partner_id, wave) in self.in_wave


@dataclass
class Found:
    """The search results of a batch: all possible pairs, and the wave in which each request has candidates.

    `nearby` and `exclusions` are what they were made of.
    """

    requests: dict[UUID, CheerRequest] = field(default_factory=dict)
    partners: dict[UUID, Partner] = field(default_factory=dict)
    pairs: list[Pair[UUID, UUID]] = field(default_factory=list)
    waves: dict[UUID, int] = field(default_factory=dict)
    nearby: dict[UUID, positions.Nearest] = field(default_factory=dict)
    exclusions: dict[UUID, Excluded] = field(default_factory=dict)

    def left_out(self, request: CheerRequest) -> dict[UUID, str]:
        """Why partners near a request were left out, by partner: first those who may not get it, then the nearest."""
        excluded = self.exclusions[request.pk]
        radii = radii_m(request)
        wave = self.waves.get(request.pk, len(radii) - 1)
        radius_m = radii[wave]
        out: dict[UUID, str] = dict(excluded.ever)
        for candidate in self.nearby[request.pk]:
            pk, partner = candidate.partner_id, self.partners.get(candidate.partner_id)
            if candidate.distance_m > radius_m:
                break
            if partner is None:
                out[pk] = LeftOut.BUSY.value
            elif not may_serve(partner, request):
                own = partner.user_id == request.user_id
                out[pk] = (LeftOut.OWN_REQUEST if own else LeftOut.WRONG_KIND).value
            elif (pk, wave) in excluded.in_wave:
                out[pk] = LeftOut.LAPSED_LATELY.value
        return out | dict.fromkeys(self.nearby[request.pk].stale, LeftOut.STALE_POSITION.value)


def search(region: Region, waiting: Sequence[CheerRequest], *, now: datetime) -> Found:
    """Find the candidates of each request who may serve it and are not excluded, in its narrowest wave that has any."""
    exclusions = excluded_partners(waiting, now=now)
    nearby = _nearby(region, waiting, exclusions, now=now)
    partners = _available({c.partner_id for cs in nearby.values() for c in cs})
    found = Found({request.pk: request for request in waiting}, partners, nearby=nearby, exclusions=exclusions)
    for request in waiting:
        excluded = exclusions[request.pk]
        candidates = [c for c in nearby[request.pk] if (p := partners.get(c.partner_id)) and may_serve(p, request)]
        radii = radii_m(request)
        widest = len(radii) - 1  # the region's policy may have fewer waves than when it got this far
        for wave, radius_m in list(enumerate(radii))[min(request.wave, widest) :]:
            free = [c for c in candidates if c.distance_m <= radius_m and not excluded.includes(c.partner_id, wave)]
            if free:
                waited_s = (now - request.created_at).total_seconds()
                found.pairs += [Pair(request.pk, c.partner_id, c.distance_m, waited_s) for c in free[:CANDIDATES]]
                found.waves[request.pk] = wave
                break
    return found


def _nearby(
    region: Region, waiting: Sequence[CheerRequest], exclusions: dict[UUID, Excluded], *, now: datetime
) -> dict[UUID, positions.Nearest]:
    """The nearest partners with a fresh position, by request: enough to leave `CANDIDATES` after exclusions."""
    searches = []
    for request in waiting:
        excluded = exclusions[request.pk]
        count = SEARCHED_MAX if request.request_type.partner_types else CANDIDATES + len(excluded.in_wave)
        searches.append(positions.Search(request.lat, request.lng, radii_m(request)[-1], count, excluded=excluded.ever))
    fresh_since = now - timedelta(seconds=settings.POSITION_FRESH_S)
    found = positions.nearest_to_many(region.slug, searches, received_since=fresh_since)
    return {request.pk: candidates for request, candidates in zip(waiting, found, strict=True)}


def _available(ids: set[UUID]) -> dict[UUID, Partner]:
    """The partners with these ids who are available, by id."""
    return {partner.pk: partner for partner in Partner.objects.filter(pk__in=ids, status=PartnerStatus.AVAILABLE)}


def may_serve(partner: Partner, request: CheerRequest) -> bool:
    """Whether the partner has a type that fits (an empty list fits all) and is not the user who asks."""
    types = request.request_type.partner_types
    return (not types or partner.type in types) and partner.user_id != request.user_id


def excluded_partners(requests: Sequence[CheerRequest], *, now: datetime) -> dict[UUID, Excluded]:
    """The excluded partners of each request.

    A partner who declined it, or cancelled its ride, is excluded for good. After an offer that lapsed or was rescinded,
    the partner is excluded from the wave of that offer for `REOFFER_AFTER_S`.
    """
    exclusions: dict[UUID, Excluded] = defaultdict(Excluded)
    asked_before = [request.pk for request in requests if request.attempts]
    if not asked_before:
        return exclusions
    recent = now - timedelta(seconds=settings.REOFFER_AFTER_S)
    offers = Offer.objects.filter(request__in=asked_before).filter(
        Q(status__in=[OfferStatus.DECLINED, OfferStatus.ACCEPTED]) | Q(created_at__gt=recent)
    )
    for request_id, partner_id, status, wave in offers.values_list("request_id", "partner_id", "status", "wave"):
        if status in (OfferStatus.DECLINED, OfferStatus.ACCEPTED):
            reason = LeftOut.DECLINED if status == OfferStatus.DECLINED else LeftOut.CANCELLED_RIDE
            exclusions[request_id].ever[partner_id] = reason.value
        else:
            exclusions[request_id].in_wave.add((partner_id, wave))
    return exclusions
