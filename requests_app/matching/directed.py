"""Directed offers: a request goes to the partner whom staff have named, unless a rule of every offer forbids it."""

from datetime import datetime
from typing import Any, NamedTuple

from accounts.models import Partner, User
from accounts.partners import move_partners
from accounts.states import PartnerStatus
from core.errors import Conflict
from notifications.events import Outbox
from regions.geometry import distance_m
from requests_app.locks import LockedOffer, lock_free_partners
from requests_app.matching.search import excluded_partners, may_serve
from requests_app.models import CheerRequest
from requests_app.offers import Choice, create_offers
from requests_app.records import STAFF, DeadLetter
from requests_app.selectors import rules_of
from requests_app.states import RequestStatus


class Asked(NamedTuple):
    """A locked partner who may be offered a request, and their distance from it."""

    partner: Partner
    distance_m: float


def asked(request: CheerRequest, partner: Partner, *, now: datetime) -> Asked:
    """Return a locked partner who is free and may be offered a locked request.

    A partner who let it lapse lately may be asked again, and so may one whose last position is old.

    Raises: `Conflict`: `partner_<status>`, `partner_elsewhere`, `partner_unfit`, `partner_excluded`,
        `partner_not_located`.
    """
    if partner.status != PartnerStatus.AVAILABLE:
        raise Conflict(f"partner_{partner.status}", "This partner is not free.")
    if partner.region_id != request.region_id:
        raise Conflict("partner_elsewhere", "This partner works in another region.")
    if not may_serve(partner, request):
        raise Conflict("partner_unfit", "This partner can't serve this request.")
    if partner.pk in excluded_partners([request], now=now)[request.pk].ever:
        raise Conflict("partner_excluded", "This partner may not be asked: they have turned this request down before.")
    if partner.lat is None or partner.lng is None:
        raise Conflict("partner_not_located", "Nobody knows where this partner is.")
    return Asked(partner, distance_m(partner.lat, partner.lng, request.lat, request.lng))


def offer(outbox: Outbox, request: CheerRequest, named: Asked, *, actor: User | None, now: datetime) -> LockedOffer:
    """Offer a locked, pending request to a partner."""
    partner, away_m = named
    request.move(RequestStatus.OFFERED, actor=actor, at=now, attempts=request.attempts + 1)
    move_partners([partner], PartnerStatus.OFFERED, actor=actor, at=now)
    decision = {"by": STAFF, **rules_of(request.region_id).recorded, "candidates": [[str(partner.pk), away_m]]}
    [made] = create_offers(outbox, [Choice(request, partner, away_m, None, None, decision)], now=now)
    return LockedOffer(request, partner, made)


# ---------------------------------------------------------------- once the amount is held


def ask_first(request: CheerRequest, partner: Partner | None, *, forced: bool = False) -> None:
    """Note the partner who is to be asked as soon as the amount of a locked request is held; None for nobody."""
    noted: dict[str, Any] = {"asked_first": partner, "forced": forced}
    if partner is None:
        DeadLetter.objects.filter(request=request, asked_first__isnull=False).update(**noted)
    else:
        DeadLetter.objects.update_or_create(request=request, defaults=noted)


class First(NamedTuple):
    """The partner who is to be asked first, whether they take it without being asked, and who has named them."""

    named: Asked
    forced: bool
    by: User | None


def asked_first(request: CheerRequest, *, now: datetime) -> First | None:
    """Lock the partner who is to be asked first, if they may still be offered a locked request.

    Returns None if nobody is to be asked first.
    """
    letter = DeadLetter.objects.select_related("asked_first").filter(request=request).first()
    noted = letter.asked_first if letter is not None else None
    if letter is None or noted is None or not lock_free_partners([noted.pk], request.region):
        return None
    partner = Partner.objects.select_related("user", "region").get(pk=noted.pk)
    try:
        named = asked(request, partner, now=now)
    except Conflict:
        return None
    put_back = CheerRequest.history.objects.filter(subject=request, new=RequestStatus.PENDING)
    return First(named, letter.forced, put_back.select_related("actor").latest("id").actor)
