"""Request → offer. Searches in Valkey, decides by the policy, and writes under row locks.

What the search says is a hint; the transaction takes only pairs whose request is still pending and whose
partner is still available, and database constraints hold even if two matchers run at once.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from accounts import positions
from accounts.models import Partner
from accounts.services import move_partners
from accounts.states import PartnerStatus
from notifications.events import recorded
from regions.models import Region
from requests_app import announce, bookings, policy
from requests_app.backoff import retry_delay_s
from requests_app.locks import lock_free_partners, lock_free_requests
from requests_app.models import CheerRequest, Offer, OfferTransition
from requests_app.policy import Pair
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from speedycheers.transitions import move_all

log = logging.getLogger(__name__)

BATCH = 100  # requests looked at together
WAITING_MAX = 2000  # requests looked at in one run; the sweep wakes the matcher for the rest
CANDIDATES = 20  # partners considered for each
SEARCHED_MAX = 200  # nearest partners fetched for each, before those who can't be asked are left out

random = Random()  # noqa: S311  # jitter


@dataclass
class Found:
    """What the search turned up for a batch: who could serve whom, and how far each request's search went."""

    pairs: list[Pair[UUID, UUID]] = field(default_factory=list)
    waves: dict[UUID, int] = field(default_factory=dict)


def match_batch(region: Region) -> bool:
    """Look at the pending requests of a region once, oldest first. True where another look may find more.

    All of them, a batch at a time: a hundred that nobody can serve must not hide the next one.
    Raises `valkey.Unreachable`.
    """
    now = timezone.now()
    pending = CheerRequest.objects.filter(region=region, status=RequestStatus.PENDING, give_up_at__gt=now)
    pending = bookings.without_unheld(pending)
    waiting = list(pending.select_related("request_type").order_by("created_at")[:WAITING_MAX])
    offered = sum(_match(region, waiting[at : at + BATCH], now=now) for at in range(0, len(waiting), BATCH))
    return offered > 0


def _match(region: Region, waiting: Sequence[CheerRequest], *, now: datetime) -> int:
    """Offer what can be offered of one batch, and postpone the rest; returns the number of offers."""
    found = search(region, waiting, now=now)
    chosen = policy.assign(found.pairs)
    offered = make_offers(chosen, found.waves, now=now) if chosen else 0
    matched = {pair.request for pair in chosen}
    postpone([r for r in waiting if r.pk not in matched], now=now)
    return offered


# ---------------------------------------------------------------- search


def search(region: Region, waiting: Sequence[CheerRequest], *, now: datetime) -> Found:
    """Who could serve each request: free, fresh, fitting, not asked before, in the narrowest wave that has anybody."""
    found = Found()
    excluded = excluded_partners(waiting, now=now)
    nearby = {request.pk: _nearest(region, request) for request in waiting}
    usable = _usable_partners(region, {c.partner_id for cs in nearby.values() for c in cs}, now=now)
    for request in waiting:
        barred = excluded[request.pk]
        candidates = [c for c in nearby[request.pk] if (p := usable.get(c.partner_id)) and p.may_serve(request)]
        for wave in range(request.wave, len(settings.MATCH_RADIUS_M)):
            radius_m = settings.MATCH_RADIUS_M[wave]
            free = [c for c in candidates if c.distance_m <= radius_m and not barred.bars(c.partner_id, wave)]
            if free:
                waited_s = (now - request.created_at).total_seconds()
                found.pairs += [Pair(request.pk, c.partner_id, c.distance_m, waited_s) for c in free[:CANDIDATES]]
                found.waves[request.pk] = wave
                break
    return found


def _nearest(region: Region, request: CheerRequest) -> list[positions.Candidate]:
    widest_m = settings.MATCH_RADIUS_M[-1]
    return positions.nearest(region.slug, request.lat, request.lng, radius_m=widest_m, count=SEARCHED_MAX)


@dataclass(frozen=True)
class Usable:
    """A partner who is free, with a fresh position."""

    type: str
    user_id: UUID

    def may_serve(self, request: CheerRequest) -> bool:
        """Whether they are of a type that fits (any, where none is named), and not the one who asks."""
        types = request.request_type.partner_types
        return (not types or self.type in types) and self.user_id != request.user_id


def _usable_partners(region: Region, ids: set[UUID], *, now: datetime) -> dict[UUID, Usable]:
    """Of the partners searched, those whose position is fresh and who are available."""
    oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
    fresh = [pk for pk, (_, received) in positions.held(region.slug, list(ids)).items() if received >= oldest]
    free = Partner.objects.filter(pk__in=fresh, status=PartnerStatus.AVAILABLE)
    return {pk: Usable(type, user_id) for pk, type, user_id in free.values_list("pk", "type", "user_id")}


@dataclass
class Excluded:
    """Whom not to ask for one request: for good, or in one wave for a while."""

    ever: set[UUID] = field(default_factory=set)
    in_wave: set[tuple[UUID, int]] = field(default_factory=set)

    def bars(self, partner_id: UUID, wave: int) -> bool:
        return partner_id in self.ever or (partner_id, wave) in self.in_wave


def excluded_partners(requests: Sequence[CheerRequest], *, now: datetime) -> dict[UUID, Excluded]:
    """Who declined, or called a ride off, is never asked again; who let an offer lapse, not again at once."""
    excluded: dict[UUID, Excluded] = defaultdict(Excluded)
    ids = [request.pk for request in requests]
    recent = now - timedelta(seconds=settings.REOFFER_AFTER_S)
    offers = Offer.objects.filter(request__in=ids).filter(
        Q(status__in=[OfferStatus.DECLINED, OfferStatus.ACCEPTED]) | Q(created_at__gt=recent)
    )
    for request_id, partner_id, status, wave in offers.values_list("request_id", "partner_id", "status", "wave"):
        if status in (OfferStatus.DECLINED, OfferStatus.ACCEPTED):
            excluded[request_id].ever.add(partner_id)
        else:
            excluded[request_id].in_wave.add((partner_id, wave))
    for request_id, partner_id in Ride.objects.filter(request__in=ids).values_list("request_id", "partner_id"):
        excluded[request_id].ever.add(partner_id)
    return excluded


# ---------------------------------------------------------------- offers


def make_offers(chosen: Sequence[Pair[UUID, UUID]], waves: dict[UUID, int], *, now: datetime) -> int:
    """Offer each chosen pair, in one transaction; returns how many. Pairs that have changed meanwhile are left out."""
    with recorded() as outbox:
        requests = lock_free_requests(pair.request for pair in chosen)
        partners = lock_free_partners(pair.partner for pair in chosen)
        holding = [
            pair
            for pair in chosen
            if pair.request in requests
            and requests[pair.request].status == RequestStatus.PENDING
            and pair.partner in partners
            and partners[pair.partner].status == PartnerStatus.AVAILABLE
        ]
        if not holding:
            return 0
        move_all([requests[p.request] for p in holding], RequestStatus.OFFERED, actor=None, at=now)
        move_partners([partners[p.partner] for p in holding], PartnerStatus.OFFERED, actor=None, at=now)
        offers = [_offer(p, requests[p.request], partners[p.partner], waves[p.request], now) for p in holding]
        Offer.objects.bulk_create(offers)
        OfferTransition.objects.bulk_create(OfferTransition(subject=o, new=o.status, at=now) for o in offers)
        _note_attempts(holding, waves)
        for offer in offers:
            announce.offered(outbox, offer)
            announce.request_updated(outbox, offer.request)
    return len(offers)


def _offer(pair: Pair[UUID, UUID], request: CheerRequest, partner: Partner, wave: int, now: datetime) -> Offer:
    request.attempts += 1
    return Offer(
        request=request,
        partner=partner,
        wave=wave,
        distance_m=round(pair.distance_m),
        eta_s=policy.eta_s(pair.distance_m),
        created_at=now,
        expires_at=now + timedelta(seconds=settings.OFFER_TTL_S),
    )


def _note_attempts(chosen: Sequence[Pair[UUID, UUID]], waves: dict[UUID, int]) -> None:
    by_wave: dict[int, list[UUID]] = defaultdict(list)
    for pair in chosen:
        by_wave[waves[pair.request]].append(pair.request)
    for wave, ids in by_wave.items():
        CheerRequest.objects.filter(pk__in=ids).update(wave=wave, attempts=F("attempts") + 1)


def postpone(requests: Sequence[CheerRequest], *, now: datetime) -> None:
    """Nobody was found: look again after a back-off that grows with each attempt. Requests not due keep their time."""
    by_attempts: dict[int, list[UUID]] = defaultdict(list)
    for request in requests:
        if request.next_attempt_at is None or request.next_attempt_at <= now:
            by_attempts[request.attempts + 1].append(request.pk)
    for attempts, ids in by_attempts.items():
        delay_s = retry_delay_s(attempts, base_s=settings.RETRY_BASE_S, max_s=settings.RETRY_MAX_S, random=random)
        CheerRequest.objects.filter(pk__in=ids, status=RequestStatus.PENDING).update(
            attempts=attempts, wave=len(settings.MATCH_RADIUS_M) - 1, next_attempt_at=now + timedelta(seconds=delay_s)
        )
