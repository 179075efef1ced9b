"""Partners going online and offline."""

from datetime import datetime

from accounts.locations import Located, current_location
from accounts.models import Partner
from accounts.partners import move_partners
from accounts.states import PartnerStatus
from core.errors import Conflict, Forbidden
from core.reasons import Reason
from notifications.events import Outbox, recorded
from requests_app import wakeups
from requests_app.locks import lock_partner, lock_with_offer
from requests_app.models import Offer
from requests_app.offers import close_offer
from requests_app.reasons import OfferClosed
from requests_app.states import OfferStatus


def set_status(partner: Partner, status: str, *, now: datetime) -> Located:
    """Make a partner `available` or `offline`. Repeating a call has no effect.

    Going online wakes the matcher if requests wait in the region; going offline declines an open offer.

    Raises: `Forbidden` (`partner_not_approved`), `Conflict` (`partner_busy`, `partner_offered`).
    """
    position = current_location(partner)
    with recorded() as outbox:
        online = status == PartnerStatus.AVAILABLE
        locked = _go_online(partner, now=now) if online else _go_offline(outbox, partner, now=now)
        changed = Located(locked, position)
        outbox.result(changed)
    return changed


def go_online(partner: Partner, *, now: datetime) -> Partner:
    """Make a partner available, as `set_status` does."""
    return set_status(partner, PartnerStatus.AVAILABLE, now=now).partner


def go_offline(partner: Partner, *, now: datetime) -> Partner:
    """Take a partner offline, as `set_status` does."""
    return set_status(partner, PartnerStatus.OFFLINE, now=now).partner


def _go_online(partner: Partner, *, now: datetime) -> Partner:
    locked = lock_partner(partner.pk)
    if not locked.approved:
        raise Forbidden("partner_not_approved", "Your application has not been approved.")
    if locked.status == PartnerStatus.BUSY:
        raise Conflict("partner_busy", "You are on a ride.")
    if locked.status == PartnerStatus.OFFLINE:
        move_partners([locked], PartnerStatus.AVAILABLE, actor=locked.user, at=now)
        wakeups.partner_free_on_commit(locked)
    return locked


def _go_offline(outbox: Outbox, partner: Partner, *, now: datetime) -> Partner:
    found = Offer.objects.filter(partner=partner, status=OfferStatus.PENDING).first()
    if found is None:
        locked = lock_partner(partner.pk)
    else:
        request, locked, offer = lock_with_offer(found.pk)
        if offer.status == OfferStatus.PENDING:
            close_offer(
                outbox,
                request,
                locked,
                offer,
                OfferStatus.DECLINED,
                actor=locked.user,
                now=now,
                reason=Reason(OfferClosed.WENT_OFFLINE),
                partner_becomes=PartnerStatus.OFFLINE,
            )
    if locked.status == PartnerStatus.BUSY:
        raise Conflict("partner_busy", "You are on a ride; end it first.")
    if locked.status == PartnerStatus.OFFERED:
        # An offer was made between the read and the lock.
        raise Conflict("partner_offered", "You have just been made an offer; answer it or try again.")
    if locked.status == PartnerStatus.AVAILABLE:
        move_partners([locked], PartnerStatus.OFFLINE, actor=locked.user, at=now)
    return locked
