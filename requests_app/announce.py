"""Notifies users and partners of changes to requests, offers and rides."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Partner
from core import amounts
from notifications.events import Outbox, partner_recipient, user_recipient
from notifications.push_later import PushLater
from notifications.words import WordKind, word
from requests_app.models import CheerRequest, Offer
from requests_app.read_model import offer_view
from requests_app.serializers import offer_body, request_body
from rides.models import Ride
from rides.serializers import ride_body


def request_updated(
    outbox: Outbox,
    request: CheerRequest,
    word: PushLater | None = None,
    *,
    ride: Ride | None = None,
    accepted: Offer | None = None,
) -> dict[str, Any]:
    """Notify the user of the present state of their request, by a word if no page is open. Returns its JSON.

    `ride`, `accepted`: the request's present ride, and the offer that led to it, if the caller has them.
    """
    body = request_body(request, request.user, ride=ride, accepted=accepted)
    told = {"requestId": str(request.pk), "request": body}
    outbox.add(user_recipient(request.user_id), "request.updated", told, word)
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
            "title": gettext("Someone needs a cheer"),
            "body": body % {"kind": kind, "distance": away, "seconds": "%(seconds)s"},
            "late": {
                "title": gettext("You have missed a cheer"),
                "body": gettext("Time's up: this one went to someone else."),
            },
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


def ride_updated(outbox: Outbox, ride: Ride, partner: Partner, word: PushLater | None = None) -> None:
    """Notify both sides of the present state of the ride, the user by a word if no page is open."""
    for recipient, viewer, later in (
        (user_recipient(ride.user_id), ride.user, word),
        (partner_recipient(partner.pk), partner.user, None),
    ):
        outbox.add(recipient, "ride.updated", {"rideId": str(ride.pk), "ride": ride_body(ride, viewer)}, later)


# ---------------------------------------------------------------- words to a user who has no page open


def coming(ride: Ride) -> PushLater:
    """The word that a partner is on the way."""
    return word(WordKind.COMING, about=ride.pk, topic=ride.request_id, at=ride.accepted_at)


def arrived(ride: Ride, *, at: datetime) -> PushLater:
    """The word that the partner has arrived."""
    return word(WordKind.ARRIVED, about=ride.pk, topic=ride.request_id, at=at)


def over(ride: Ride, *, now: datetime) -> PushLater:
    """The word that the session is over."""
    return word(WordKind.OVER, about=ride.pk, topic=ride.request_id, at=now)


def nobody_found(request: CheerRequest, *, now: datetime) -> PushLater:
    """The word that nobody could be found."""
    return word(WordKind.NO_MATCH, about=request.pk, topic=request.pk, at=now)
