"""The matcher: searches in Valkey, decides by the policy, and writes offers under row locks.

Search results are hints. The transaction offers only pairs whose request is still pending and whose partner is still
available; if two matchers run concurrently, database constraints prevent a second open offer.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from django.conf import settings
from django.db import router
from django.db.models import Count, Q

import positions
from accounts.models import Partner
from accounts.partners import move_partners
from accounts.states import PartnerStatus
from core import clock
from core.sql import insert_all
from core.transitions import move_all
from notifications.events import recorded
from regions.models import Region
from requests_app.locks import lock_free_partners, lock_free_requests
from requests_app.matching import decisions, looks, policy
from requests_app.matching.backoff import retry_delay_s
from requests_app.matching.policy import Pair
from requests_app.models import CheerRequest, Offer
from requests_app.offers import Choice, create_offers
from requests_app.records import LeftOut, Matching
from requests_app.states import OfferStatus, RequestStatus
from requests_app.unheld import without_unheld

log = logging.getLogger(__name__)

BATCH = 100  # requests matched together
WAITING_MAX = 2000  # requests considered in one run; the sweep wakes the matcher for the rest
CANDIDATES = 20  # partners considered for each request
POSTPONE_S = 5.0  # a postponed request is matched again after this time
SEARCHED_MAX = 200  # nearest partners fetched for a request that only some partner types can serve

random = Random()  # noqa: S311  # jitter


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
    exclusions: dict[UUID, "Excluded"] = field(default_factory=dict)

    def left_out(self, request: CheerRequest) -> dict[UUID, str]:
        """Why partners near a request were left out, by partner: first those who may not get it, then the nearest."""
        excluded = self.exclusions[request.pk]
        wave = self.waves.get(request.pk, len(settings.MATCH_RADIUS_M) - 1)
        radius_m = settings.MATCH_RADIUS_M[wave]
        out: dict[UUID, str] = dict(excluded.ever)
        for candidate in self.nearby[request.pk]:
            pk, partner = candidate.partner_id, self.partners.get(candidate.partner_id)
            if candidate.distance_m > radius_m:
                break
            if partner is None:
                out[pk] = LeftOut.BUSY.value
            elif not _may_serve(partner, request):
                own = partner.user_id == request.user_id
                out[pk] = (LeftOut.OWN_REQUEST if own else LeftOut.WRONG_KIND).value
            elif (pk, wave) in excluded.in_wave:
                out[pk] = LeftOut.LAPSED_LATELY.value
        return out | dict.fromkeys(self.nearby[request.pk].stale, LeftOut.STALE_POSITION.value)


def match_batch(region: Region) -> bool:
    """Match the pending requests of a region once, oldest first, in batches of `BATCH`.

    All are considered, up to `WAITING_MAX`, so that a batch without candidates cannot hide later requests.

    Returns: True if an offer was made, so that another run may make more.
    Raises: `valkey.Unreachable`.
    """
    now = clock.now()
    pending = CheerRequest.objects.filter(region=region, status=RequestStatus.PENDING, give_up_at__gt=now)
    pending = without_unheld(pending)
    waiting = list(pending.select_related("request_type", "user").order_by("created_at")[:WAITING_MAX])
    for request in waiting:
        request.region = region
    offered = sum(_match(region, waiting[at : at + BATCH], now=now) for at in range(0, len(waiting), BATCH))
    return offered > 0


def _match(region: Region, waiting: Sequence[CheerRequest], *, now: datetime) -> int:
    """Offer the matched requests of one batch, and postpone or back off the rest. Returns the number of offers."""
    found = search(region, waiting, now=now)
    shortage = shortage_size(region, now=now) if policy.cap_matters(found.pairs) else 0
    chosen = policy.assign(found.pairs, shortage=shortage)
    offered = make_offers(region, found, chosen, shortage=shortage, now=now) if chosen else set()
    matched = {pair.request for pair in chosen}
    left = [r for r in waiting if r.pk not in matched]
    postponed = [r for r in left if shortage and r.pk in found.waves]
    postpone(postponed, now=now)
    back_off([r for r in left if r not in postponed], now=now)
    looks.write([r for r in waiting if r.pk not in offered], found, matched, shortage=shortage, now=now)
    return len(offered)


def shortage_size(region: Region, *, now: datetime) -> int:
    """The number of recent requests in a region if it has a shortage, else 0."""
    since = now - timedelta(seconds=policy.RECENT_S)
    wanted = [status for status in RequestStatus if status != RequestStatus.CANCELLED]  # uses the index request_status
    recent = CheerRequest.objects.filter(region=region, status__in=wanted, created_at__gt=since).count()
    statuses = Partner.objects.filter(region=region).exclude(status=PartnerStatus.OFFLINE).values_list("status")
    partners = dict(statuses.annotate(Count("pk")))
    free = partners.pop(PartnerStatus.AVAILABLE, 0)
    return policy.shortage_size(recent=recent, free=free, busy=sum(partners.values()))


# ---------------------------------------------------------------- search


def search(region: Region, waiting: Sequence[CheerRequest], *, now: datetime) -> Found:
    """Find the candidates of each request who may serve it and are not excluded, in its narrowest wave that has any."""
    exclusions = excluded_partners(waiting, now=now)
    nearby = _nearby(region, waiting, exclusions, now=now)
    partners = _available({c.partner_id for cs in nearby.values() for c in cs})
    found = Found({request.pk: request for request in waiting}, partners, nearby=nearby, exclusions=exclusions)
    for request in waiting:
        excluded = exclusions[request.pk]
        candidates = [c for c in nearby[request.pk] if (p := partners.get(c.partner_id)) and _may_serve(p, request)]
        for wave in range(request.wave, len(settings.MATCH_RADIUS_M)):
            radius_m = settings.MATCH_RADIUS_M[wave]
            free = [c for c in candidates if c.distance_m <= radius_m and not excluded.includes(c.partner_id, wave)]
            if free:
                waited_s = (now - request.created_at).total_seconds()
                found.pairs += [Pair(request.pk, c.partner_id, c.distance_m, waited_s) for c in free[:CANDIDATES]]
                found.waves[request.pk] = wave
                break
    return found


def _nearby(
    region: Region, waiting: Sequence[CheerRequest], exclusions: dict[UUID, "Excluded"], *, now: datetime
) -> dict[UUID, positions.Nearest]:
    """The nearest partners with a fresh position, by request: enough to leave `CANDIDATES` after exclusions."""
    searches = []
    for request in waiting:
        excluded = exclusions[request.pk]
        count = SEARCHED_MAX if request.request_type.partner_types else CANDIDATES + len(excluded.in_wave)
        searches.append(
            positions.Search(request.lat, request.lng, settings.MATCH_RADIUS_M[-1], count, excluded=excluded.ever)
        )
    fresh_since = now - timedelta(seconds=settings.POSITION_FRESH_S)
    found = positions.nearest_to_many(region.slug, searches, received_since=fresh_since)
    return {request.pk: candidates for request, candidates in zip(waiting, found, strict=True)}


def _available(ids: set[UUID]) -> dict[UUID, Partner]:
    """The partners with these ids who are available, by id."""
    return {partner.pk: partner for partner in Partner.objects.filter(pk__in=ids, status=PartnerStatus.AVAILABLE)}


def _may_serve(partner: Partner, request: CheerRequest) -> bool:
    """Whether the partner has a type that fits (an empty list fits all) and is not the user who asks."""
    types = request.request_type.partner_types
    return (not types or partner.type in types) and partner.user_id != request.user_id


@dataclass
class Excluded:
    """The partners excluded from one request: for good (`ever`, with the reason), or for a while in one wave."""

    ever: dict[UUID, str] = field(default_factory=dict)
    in_wave: set[tuple[UUID, int]] = field(default_factory=set)

    def includes(self, partner_id: UUID, wave: int) -> bool:
        return partner_id in self.ever or (partner_id, wave) in self.in_wave


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


# ---------------------------------------------------------------- offers


def make_offers(
    region: Region, found: Found, chosen: Sequence[Pair[UUID, UUID]], *, shortage: int, now: datetime
) -> set[UUID]:
    """Offer the chosen pairs that are still free, in one transaction. Returns the requests that are offered."""
    with recorded() as outbox:
        attempts = lock_free_requests(pair.request for pair in chosen)
        free = lock_free_partners((pair.partner for pair in chosen), region)
        still_free = [pair for pair in chosen if pair.request in attempts and pair.partner in free]
        for (wave, attempt), pairs in _by_wave_and_attempt(still_free, found.waves, attempts).items():
            requests = [found.requests[pair.request] for pair in pairs]
            move_all(requests, RequestStatus.OFFERED, actor=None, at=now, wave=wave, attempts=attempt)
        move_partners([found.partners[p.partner] for p in still_free], PartnerStatus.OFFERED, actor=None, at=now)
        create_offers(outbox, _choices(region, found, still_free, shortage=shortage, now=now), now=now)
    return {pair.request for pair in still_free}


def _choices(
    region: Region, found: Found, pairs: Sequence[Pair[UUID, UUID]], *, shortage: int, now: datetime
) -> list[Choice]:
    """Return the pairs as choices, each with its decision, and store the pairs among which they contended."""
    matching = decisions.contended(region, found.pairs, now=now) if pairs else None
    if matching is not None:
        insert_all([matching], using=router.db_for_write(Matching))
    choices = []
    for pair in pairs:
        request = found.requests[pair.request]
        out = found.left_out(request)
        decision = decisions.decided(pair, found.pairs, shortage=shortage, out=out, matching=matching)
        choices.append(Choice(request, found.partners[pair.partner], pair.distance_m, decision))
    return choices


def _by_wave_and_attempt(
    pairs: Sequence[Pair[UUID, UUID]], waves: dict[UUID, int], attempts: dict[UUID, int]
) -> dict[tuple[int, int], list[Pair[UUID, UUID]]]:
    """Group the pairs that one statement can write, by wave and number of attempts."""
    groups: dict[tuple[int, int], list[Pair[UUID, UUID]]] = defaultdict(list)
    for pair in pairs:
        groups[waves[pair.request], attempts[pair.request] + 1].append(pair)
    return groups


def postpone(requests: Sequence[CheerRequest], *, now: datetime) -> None:
    """Match these requests again soon, because their pickup cap widens while they wait in a shortage.

    Requests that are not due keep their next attempt.
    """
    due = [r.pk for r in requests if looks.is_due(r, now=now)]
    later = now + timedelta(seconds=POSTPONE_S)
    CheerRequest.objects.filter(pk__in=due, status=RequestStatus.PENDING).update(next_attempt_at=later)


def back_off(requests: Sequence[CheerRequest], *, now: datetime) -> None:
    """Match these requests again after a back-off that grows with each attempt.

    Requests that are not due keep their next attempt.
    """
    by_attempts: dict[int, list[UUID]] = defaultdict(list)
    for request in requests:
        if looks.is_due(request, now=now):
            by_attempts[request.attempts + 1].append(request.pk)
    for attempts, ids in by_attempts.items():
        delay_s = retry_delay_s(attempts, base_s=settings.RETRY_BASE_S, max_s=settings.RETRY_MAX_S, random=random)
        CheerRequest.objects.filter(pk__in=ids, status=RequestStatus.PENDING).update(
            attempts=attempts, wave=len(settings.MATCH_RADIUS_M) - 1, next_attempt_at=now + timedelta(seconds=delay_s)
        )
