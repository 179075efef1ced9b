"""Notifies users and partners of changes to requests, offers and rides."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Partner
from core import amounts
from notifications.events import Outbox, PushLater, partner_recipient, user_recipient
from requests_app.models import CheerRequest, Offer
from requests_app.read_model import offer_view
from requests_app.serializers import offer_body, request_body
from rides.models import Ride
from rides.serializers import ride_body


def request_updated(outbox: Outbox, request: CheerRequest) -> dict[str, Any]:
    """Notify the user of the present state of their request. Returns its JSON."""
    body = request_body(request, request.user)
    outbox.add(user_recipient(request.user_id), "request.updated", {"requestId": str(request.pk), "request": body})
    return body


def offered(outbox: Outbox, offer: Offer) -> None:
    """Notify the partner of an offer by socket, and by web push if no socket acknowledges it in time."""
    body = {"offerId": str(offer.pk), "offer": offer_body(offer)}
    push = PushLater(
        topic=offer.pk.hex,
        payload=partial(push_body, offer),
        due_at=offer.created_at + timedelta(seconds=settings.OFFER_PUSH_AFTER_S),
        until=offer.expires_at,
    )
    outbox.add(partner_recipient(offer.partner_id), "offer", body, push)


def push_body(offer: Offer) -> dict[str, Any]:
    """The push payload from which a service worker shows an offer, in the partner's language.

    It contains no place and no name, because it appears on locked screens. `title` and `body` apply while the offer can
    be answered, and `late` afterwards. The body has a placeholder, `%(seconds)s`, for the seconds left.
    """
    with translation.override(offer.partner.user.language or settings.LANGUAGE_CODE):
        kind, away = gettext(offer.request.request_type.name), amounts.distance(offer_view(offer).distance_m)
        body = gettext("%(kind)s, %(distance)s away. %(seconds)s seconds to answer.")
        words = {
            "title": gettext("Somebody needs a cheer"),
            "body": body % {"kind": kind, "distance": away, "seconds": "%(seconds)s"},
            "late": {"title": gettext("You have missed a cheer"), "body": gettext("The time to answer was over.")},
        }
    return {
        "type": "offer",
        "offerId": str(offer.pk),
        "requestType": offer.request.request_type_id,
        "distanceM": offer_view(offer).distance_m,
        "expiresAt": offer.expires_at.isoformat(),
        "url": "/partner",
        **words,
    }


def offer_over(outbox: Outbox, offer: Offer) -> None:
    """Cancel the deferred push of an offer that has ended."""
    outbox.withdraw_push(offer.pk.hex)


def rescinded(outbox: Outbox, offer: Offer, reason: str) -> None:
    """Notify the partner that they can no longer answer an offer: it was `cancelled`, `expired` or `taken`."""
    body = {"offerId": str(offer.pk), "requestId": str(offer.request_id), "reason": reason}
    outbox.add(partner_recipient(offer.partner_id), "offer.rescinded", body)


def ride_updated(outbox: Outbox, ride: Ride, partner: Partner) -> None:
    """Notify both sides of the present state of the ride."""
    for recipient, viewer in (
        (user_recipient(ride.user_id), ride.user),
        (partner_recipient(partner.pk), partner.user),
    ):
        outbox.add(recipient, "ride.updated", {"rideId": str(ride.pk), "ride": ride_body(ride, viewer)})
