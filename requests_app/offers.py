"""Creates offers, and ends them without a ride: declined, lapsed or rescinded."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_noop

from accounts.models import Partner, User
from accounts.partners import TURNED_DOWN, far_above_usual, move_partners
from accounts.states import PartnerStatus
from core.errors import Conflict
from core.metrics import STAGE
from core.reasons import UNSAID, Reason, said
from core.transitions import create_all
from notifications.events import Outbox, recorded
from regions.geometry import CELL_M, distance_m, eta_s, middle_of_cell
from regions.models import OfferDetail
from regions.selectors import offer_ttl
from requests_app import announce, wakeups
from requests_app.habits import answered
from requests_app.locks import lock_partner, lock_with_offer
from requests_app.models import CheerRequest, Offer
from requests_app.reasons import DECLINE_CODES, OfferClosed
from requests_app.states import OfferStatus, RequestStatus

# The clocks of two machines may differ by this much; a time further ahead was written before a clock was set back.
CLOCKS_DIFFER = timedelta(seconds=5)


WHY_CLOSED = {
    OfferStatus.ACCEPTED: ("offer_taken", gettext_noop("This offer has been accepted.")),
    OfferStatus.DECLINED: ("offer_declined", gettext_noop("This offer has been declined.")),
    OfferStatus.EXPIRED: ("offer_expired", gettext_noop("This offer has expired.")),
    OfferStatus.RESCINDED: ("offer_rescinded", gettext_noop("This offer was withdrawn.")),
}


class Choice(NamedTuple):
    """A request and the partner who is offered it, their distance, and the decision (`matching/decisions.py`).

    `rank` is the partner's place by distance, from 1, and `among` how many could be chosen; None if staff have chosen.
    """

    request: CheerRequest
    partner: Partner
    distance_m: float
    rank: int | None
    among: int | None
    decision: dict[str, Any]


def create_offers(outbox: Outbox, chosen: Sequence[Choice], *, now: datetime) -> list[Offer]:
    """Create an offer for each choice, and notify both sides.

    Requests and partners are locked and `OFFERED` already.

    Returns: the offers.

    Raises: `IntegrityError` if one of them has another open offer.
    """
    offers = [_offer(choice, now=now) for choice in chosen]
    create_all(offers, actor=None, at=now)
    for offer in offers:
        waited = now - offer.request.created_at
        STAGE.observe_on_commit(waited.total_seconds(), "offered", offer.request.region.slug)
        announce.offered(outbox, offer)
        announce.request_updated(outbox, offer.request)
    return offers


def _offer(choice: Choice, *, now: datetime) -> Offer:
    request, partner, distance_m, rank, among, decision = choice
    return Offer(
        request=request,
        partner=partner,
        wave=request.wave,
        distance_m=round(distance_m),
        eta_s=eta_s(distance_m),
        approximate_m=approximate_m(request, partner, distance_m),
        created_at=now,
        expires_at=now + offer_ttl(request.region_id),
        rank=rank,
        among=among,
        decision=decision,
    )


def require_open(offer: Offer, *, now: datetime) -> None:
    """Raise `Conflict`, with the reason, unless the offer can still be answered."""
    if offer.status != OfferStatus.PENDING:
        raise Conflict(*WHY_CLOSED[OfferStatus(offer.status)])
    if offer.expires_at <= now:
        raise Conflict(*WHY_CLOSED[OfferStatus.EXPIRED])


def lapsed(now: datetime) -> Q:
    """Selects offers past `expires_at`, and those created in the future because a clock was set back."""
    return Q(expires_at__lte=now) | Q(created_at__gt=now + CLOCKS_DIFFER)


def has_lapsed(offer: Offer, now: datetime) -> bool:
    """Whether `lapsed` selects this offer."""
    return offer.expires_at <= now or offer.created_at > now + CLOCKS_DIFFER


def decline_offer(partner: Partner, offer_id: UUID, *, reason: str, now: datetime) -> None:
    """Decline an offer: the request cascades, and never to this partner again. Raises `Missing`, `Conflict`.

    Args:
        reason: a code (`DECLINE_CODES`), or the partner's own words.
    """
    with recorded() as outbox:
        request, locked, offer = lock_with_offer(offer_id, partner_id=partner.pk)
        require_open(offer, now=now)
        why = said(reason, DECLINE_CODES, OfferClosed.OTHER)
        close_offer(outbox, request, locked, offer, OfferStatus.DECLINED, actor=locked.user, now=now, reason=why)
        outbox.result()


def expire_offer(offer_id: UUID, *, now: datetime) -> bool:
    """End an offer that has lapsed. Returns False if it has not lapsed or has been ended meanwhile."""
    with recorded() as outbox:
        request, partner, offer = lock_with_offer(offer_id)
        if offer.status != OfferStatus.PENDING or not has_lapsed(offer, now):
            return False
        close_offer(outbox, request, partner, offer, OfferStatus.EXPIRED, actor=None, now=now)
        announce.rescinded(outbox, offer, "expired")
    return True


def rescind_offer(
    outbox: Outbox,
    request: CheerRequest,
    *,
    why: str,
    actor: User | None,
    now: datetime,
    partner_becomes: str = PartnerStatus.AVAILABLE,
) -> None:
    """Rescind a locked request's open offer, if any, and free its partner. The caller moves the request."""
    # Not locked yet: the caller holds the lock on the request, without which no offer is ended.
    offer = Offer.objects.using(request._state.db).filter(request=request, status=OfferStatus.PENDING).first()
    if offer is None:
        return
    partner = lock_partner(offer.partner_id)
    offer.move(OfferStatus.RESCINDED, actor=actor, at=now, reason=why, answered_at=now, closed_code=why)
    move_partners([partner], partner_becomes, actor=None, at=now, reason="offer rescinded")
    announce.offer_over(outbox, offer)
    wakeups.partner_free_on_commit(partner)
    announce.rescinded(outbox, offer, why)


def close_offer(
    outbox: Outbox,
    request: CheerRequest,
    partner: Partner,
    offer: Offer,
    outcome: str,
    *,
    actor: User | None,
    now: datetime,
    reason: Reason = UNSAID,
    partner_becomes: str = PartnerStatus.AVAILABLE,
) -> None:
    """End a pending offer. Its request, offer and partner are locked; the request goes back to pending."""
    offer.move(outcome, actor=actor, at=now, reason=str(reason), answered_at=now, **reason.columns)
    announce.offer_over(outbox, offer)
    request.move(RequestStatus.PENDING, actor=actor, at=now, reason=f"offer {outcome}", next_attempt_at=now)
    if partner.status == PartnerStatus.OFFERED:
        answers = answered(partner, TURNED_DOWN, now=now)
        move_partners([partner], partner_becomes, actor=actor, at=now, reason=f"offer {outcome}", answers=answers)
    announce.request_updated(outbox, request)
    wakeups.wake_on_commit(request.region.slug)


def approximate_m(request: CheerRequest, partner: Partner, exact_m: float) -> int | None:
    """Return the distance of an offer that is approximate, and None for one that is exact.

    An approximate place is the middle of its cell in a fixed grid. The same home is in the same cell with every
    request, so that many offers tell no more than one, and the distance is measured to the middle as well.
    It is measured from the partner's position in the database. Without one, the exact distance is rounded to cells.
    """
    if request.region.offer_detail == OfferDetail.EXACT and not far_above_usual(partner.answers):
        return None
    if partner.lat is None or partner.lng is None:
        return round(exact_m / CELL_M) * round(CELL_M)
    return round(distance_m(partner.lat, partner.lng, *middle_of_cell(request.lat, request.lng)))
