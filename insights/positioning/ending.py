"""Ends advice, and notes what it brought."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from accounts.states import PartnerStatus
from insights.positioning.cells import WITHIN_M, middle_of
from insights.positioning.models import Advice, Outcome
from insights.positioning.selectors import HOUR, Known
from positions import Whereabouts
from regions.geometry import distance_m
from regions.models import Region
from requests_app.models import Offer

OFFER_WITHIN = timedelta(minutes=30)


def end_advice(region: Region, known: Known, *, on: bool, since: datetime, now: datetime) -> list[UUID]:
    """End the advice of a region that was followed, overtaken or withdrawn, or has lapsed. Call it in a transaction.

    Args:
        known: fresh positions of all who have open advice, as far as there are any.
        since: no older advice is open.
    Returns: the partners who have none any more.
    """
    _forget_deleted(region, since)
    _note_offers(Advice.objects.filter(region=region, given_at__gte=since, offered_after_s=None))
    ended: dict[Outcome, dict[UUID, UUID]] = {outcome: {} for outcome in Outcome if outcome != Outcome.OPEN}
    for advice in Advice.objects.filter(region=region, outcome=Outcome.OPEN).select_related("partner"):
        outcome = _outcome(advice, known.get(advice.partner_id), on=on, now=now)
        if outcome != Outcome.OPEN:
            ended[outcome][advice.pk] = advice.partner_id
    for outcome, rows in ended.items():
        if rows:
            Advice.objects.filter(pk__in=list(rows), outcome=Outcome.OPEN).update(outcome=outcome, ended_at=now)
    return [partner for rows in ended.values() for partner in rows.values()]


def oldest_open(region: Region, now: datetime) -> datetime:
    """Return the moment since which all open advice was given; an hour ago if it is younger."""
    given = Advice.objects.filter(region=region, outcome=Outcome.OPEN).order_by("given_at")
    first = given.values_list("given_at", flat=True).first()
    return min(first or now, now - HOUR)


def _outcome(advice: Advice, here: Whereabouts | None, *, on: bool, now: datetime) -> Outcome:
    if here is not None and distance_m(here.lat, here.lng, *middle_of(advice.cell)) <= WITHIN_M:
        return Outcome.FOLLOWED
    if advice.offered_after_s is not None or advice.partner.status != PartnerStatus.AVAILABLE:
        return Outcome.OVERTAKEN
    if not on:
        return Outcome.WITHDRAWN
    return Outcome.IGNORED if advice.until <= now else Outcome.OPEN


def _note_offers(advised: Iterable[Advice]) -> None:
    """Note the first offer that each partner was sent within half an hour of their advice."""
    waiting = {advice.pk: advice for advice in advised}
    if not waiting:
        return
    since = min(advice.given_at for advice in waiting.values())
    partners = {advice.partner_id for advice in waiting.values()}
    sent: dict[UUID, list[datetime]] = {}
    offers = Offer.objects.filter(partner__in=partners, created_at__gte=since).order_by("created_at")
    for partner, at in offers.values_list("partner", "created_at"):
        sent.setdefault(partner, []).append(at)
    noted = []
    for advice in waiting.values():
        after = (at - advice.given_at for at in sent.get(advice.partner_id, ()) if at >= advice.given_at)
        first = next(after, OFFER_WITHIN)
        if first < OFFER_WITHIN:
            advice.offered_after_s = int(first.total_seconds())
            noted.append(advice)
    Advice.objects.bulk_update(noted, ["offered_after_s"], batch_size=500)


def _forget_deleted(region: Region, since: datetime) -> None:
    """Delete advice that was written while its account was being deleted."""
    Advice.objects.filter(region=region, given_at__gte=since, partner__user__is_active=False).delete()
