"""Advises the free partners of a region where to wait, once a minute, and keeps what became of it."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import Partner
from accounts.states import PartnerStatus
from core import clock, valkey
from core.jobs import DueRows
from insights.positioning import selectors
from insights.positioning.counting import count_hours
from insights.positioning.ending import end_advice, oldest_open
from insights.positioning.frames import frame_of, no_advice
from insights.positioning.models import Advice, Adviser, Outcome
from insights.positioning.planning import Move, plan
from insights.positioning.selectors import Known
from notifications.events import Message, push_latest
from regions.geometry import eta_s, polygon_contains
from regions.models import Region
from regions.selectors import is_advised

log = logging.getLogger(__name__)

ADVISERS = DueRows(Adviser, "advise_at", "advise_partners")
EVERY = timedelta(minutes=1)
LAPSES_AFTER = timedelta(minutes=15)  # beyond the time that the way takes


def sweep_advice(now: datetime) -> None:
    """Enqueue the regions whose partners are to be advised; a region without the job is given it."""
    without = Region.objects.filter(active=True).exclude(pk__in=Adviser.objects.values("pk"))
    jobs = [Adviser(region=region, advise_at=now) for region in without]
    if jobs:
        Adviser.objects.bulk_create(jobs, ignore_conflicts=True)
    ADVISERS.enqueue_due(now)


def advise_region(region_id: UUID) -> None:
    """Advise the free partners of a region. Safe to run twice: a lease keeps a second one from starting."""
    with ADVISERS.leased(region_id) as mine:
        if not mine:
            return
        now = clock.now()
        try:
            push_latest(_advise(Region.objects.get(pk=region_id), now=now))
        except valkey.Unreachable:
            log.warning("nobody was advised: Valkey does not answer")
        ADVISERS.postpone(region_id, now + EVERY)


def _advise(region: Region, *, now: datetime) -> list[Message]:
    """End what is over, give what is missing, and tell all who have advice: a frame that was lost comes again."""
    on = is_advised(region, now)
    open_rows = Advice.objects.filter(region=region, outcome=Outcome.OPEN)
    going = list(open_rows.values_list("partner", flat=True))
    if not on and not going:
        return []
    known = selectors.positions_of(region, going, now=now)
    since = oldest_open(region, now)
    with transaction.atomic():
        ended = end_advice(region, known, on=on, since=since, now=now)
        count_hours(region, since, now)
    if on:
        _give(region, known, now=now)
    told = [frame_of(advice, known.get(advice.partner_id)) for advice in open_rows.all()]
    has = {recipient for recipient, *_ in told}
    return [frame for frame in map(no_advice, ended) if frame[0] not in has] + told


def _give(region: Region, known: Known, *, now: datetime) -> None:
    moves = plan(
        selectors.expected_demand(region, now),
        selectors.free_partners(region, known, now=now),
        taken=set(Advice.objects.filter(region=region, outcome=Outcome.OPEN).values_list("cell", flat=True)),
        serves=lambda lat, lng: polygon_contains(region.boundary, lat, lng),
        now=now,
    )
    if moves:
        give_advice(region, moves, now=now)


def give_advice(region: Region, moves: Sequence[Move], *, now: datetime) -> None:
    """Store advice to those who are still available. A partner or a cell that has open advice keeps it."""
    with transaction.atomic():
        theirs = Partner.objects.filter(pk__in=[move.partner for move in moves], status=PartnerStatus.AVAILABLE)
        there = set(theirs.filter(user__is_active=True).values_list("pk", flat=True))
        rows = [
            Advice(
                region=region,
                partner_id=move.partner,
                cell=move.cell,
                distance_m=move.distance_m,
                given_at=now,
                until=now + LAPSES_AFTER + timedelta(seconds=eta_s(move.distance_m)),
            )
            for move in moves
            if move.partner in there
        ]
        Advice.objects.bulk_create(rows, ignore_conflicts=True)
        count_hours(region, now, now)
