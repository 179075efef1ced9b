"""The matcher: searches in Valkey, decides by the policy, and writes offers under row locks.

Search results are hints. The transaction offers only pairs whose request is still pending and whose partner is still
available; if two matchers run concurrently, database constraints prevent a second open offer.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import router
from django.db.models import Count, QuerySet

import positions
from accounts.models import Partner
from accounts.partners import move_partners
from accounts.states import PartnerStatus
from core import clock
from core.sql import insert_all
from core.transitions import move_all
from notifications.events import recorded
from regions.models import Region
from regions.policies import Intake
from regions.selectors import policy_of
from requests_app.locks import lock_free_partners, lock_free_requests
from requests_app.matching import decisions, demand, looks, policy
from requests_app.matching.backoff import retry_delay_s
from requests_app.matching.policy import Pair
from requests_app.matching.search import Found, search
from requests_app.models import CheerRequest
from requests_app.offers import Choice, create_offers
from requests_app.records import Matching
from requests_app.selectors import radii_m, rules_of
from requests_app.states import RequestStatus
from requests_app.unheld import without_unheld

log = logging.getLogger(__name__)

BATCH = 100  # requests matched together
WAITING_MAX = 2000  # requests considered in one run; the sweep wakes the matcher for the rest
ASKED_MAX = 2000  # recent requests by which demand is measured: the newest
POSTPONE_S = 5.0  # a postponed request is matched again after this time

random = Random()  # noqa: S311  # jitter


def match_batch(region: Region) -> bool:
    """Match the pending requests of a region once, oldest first, in batches of `BATCH`.

    All are considered, up to `WAITING_MAX`, so that a batch without candidates cannot hide later requests. Nothing is
    matched in a paused region: its requests wait as they are.

    Returns: True if an offer was made, so that another run may make more.
    Raises: `valkey.Unreachable`.
    """
    if policy_of(region.pk).intake == Intake.PAUSED:
        return False
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
    rules = rules_of(region.pk).rules
    shortage = shortage_size(region, now=now) if policy.cap_matters(found.pairs, rules=rules) else 0
    if shortage and rules.cap_local:
        found.pairs = with_demand(region, found.pairs, now=now)
    chosen = policy.assign(found.pairs, shortage=shortage, rules=rules)
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
    recent = asked_since(region, since).exclude(status=RequestStatus.CANCELLED).count()
    statuses = Partner.objects.filter(region=region).exclude(status=PartnerStatus.OFFLINE).values_list("status")
    partners = dict(statuses.annotate(Count("pk")))
    free = partners.pop(PartnerStatus.AVAILABLE, 0)
    return policy.shortage_size(recent=recent, free=free, busy=sum(partners.values()))


def asked_since(region: Region, since: datetime) -> QuerySet[CheerRequest]:
    """The requests of a region that were made after a time, newest first."""
    return CheerRequest.objects.filter(region=region, created_at__gt=since).order_by("-created_at")


def with_demand(region: Region, pairs: Sequence[Pair[UUID, UUID]], *, now: datetime) -> list[Pair[UUID, UUID]]:
    """Return the pairs with the demand around their partners, by the newest requests of the region."""
    since = now - timedelta(seconds=demand.RECENT_S)
    asked = list(asked_since(region, since).values_list("lat", "lng", "created_at")[:ASKED_MAX])
    partners = list(dict.fromkeys(pair.partner for pair in pairs))
    held = positions.held(region.slug, partners)
    if not asked or not held:
        return list(pairs)
    places = [(held[pk][0].lat, held[pk][0].lng) if pk in held else (np.nan, np.nan) for pk in partners]
    since = asked[-1][2] if len(asked) == ASKED_MAX else since
    asked_lat, asked_lng = np.array([place[:2] for place in asked], np.float64).T
    lat, lng = np.array(places, np.float64).T
    middle_lat = float(asked_lat.mean())
    around = demand.around(
        *demand.metres(lat, lng, middle_lat=middle_lat),
        *demand.metres(asked_lat, asked_lng, middle_lat=middle_lat),
        seconds=max(1.0, (now - since).total_seconds()),
    )
    by_partner = dict(zip(partners, around.tolist(), strict=True))
    return [replace(pair, demand=by_partner[pair.partner]) for pair in pairs]


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
    own: dict[UUID, list[Pair[UUID, UUID]]] = defaultdict(list)
    for pair in found.pairs:
        own[pair.request].append(pair)
    in_force, choices = rules_of(region.pk), []
    for pair in pairs:
        request, could_be = found.requests[pair.request], own[pair.request]
        out = found.left_out(request)
        decision = decisions.decided(pair, could_be, shortage=shortage, out=out, matching=matching, in_force=in_force)
        rank = decisions.rank(pair, could_be)
        choices.append(Choice(request, found.partners[pair.partner], pair.distance_m, rank, len(could_be), decision))
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
    groups: dict[tuple[int, int], list[UUID]] = defaultdict(list)
    for request in requests:
        if looks.is_due(request, now=now):
            groups[request.attempts + 1, len(radii_m(request)) - 1].append(request.pk)
    for (attempts, wave), ids in groups.items():
        delay_s = retry_delay_s(attempts, base_s=settings.RETRY_BASE_S, max_s=settings.RETRY_MAX_S, random=random)
        CheerRequest.objects.filter(pk__in=ids, status=RequestStatus.PENDING).update(
            attempts=attempts, wave=wave, next_attempt_at=now + timedelta(seconds=delay_s)
        )
