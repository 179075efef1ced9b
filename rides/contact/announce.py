"""Tells both sides of messages and their marks, by events and, if no page is open, by pushes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from accounts.words import word_page
from api.serializing import json_of
from notifications.events import Outbox, partner_recipient, user_recipient
from notifications.models import DeferredPush
from notifications.push_kinds import PushKind, register
from notifications.push_later import PushLater
from notifications.words import ACKNOWLEDGED_WITHIN, PUSH_KIND, WordKind, word
from rides.contact.rules import account_of
from rides.contact.selectors import has_unread
from rides.contact.serializers import Mark, Marked, MarkedSerializer, message_body
from rides.models import Message, Ride
from rides.phrases import Side

TO_PARTNER = "message"  # the kind of a push to a partner; one to a user is a word
WORTH = timedelta(minutes=30)  # how long a push to a partner is worth sending


def sent(outbox: Outbox, message: Message, ride: Ride) -> None:
    """Tell both sides of a message, each in their language; a push is planned for the one that it is for."""
    pushes = {
        Side.USER: lambda: word(WordKind.MESSAGE, about=ride.pk, topic=ride.pk, at=message.sent_at),
        Side.PARTNER: lambda: _push_to_partner(ride, message.sent_at),
    }
    for side in Side:
        body = message_body(message, language=_language(account_of(side, ride)))
        push = pushes[side]() if side != message.sender else None
        outbox.add(_recipient(side, ride), "message", {"rideId": str(ride.pk), "message": body}, push)


def marked(outbox: Outbox, ride: Ride, sender: Side, mark: Mark, *, up_to: int, at: datetime) -> None:
    """Tell both sides, and all their devices, how far the messages of one side have come."""
    told = json_of(MarkedSerializer, Marked(ride.pk, sender, mark, up_to, at))
    for side in Side:
        outbox.add(_recipient(side, ride), "message.marked", told)


def _recipient(side: Side, ride: Ride) -> str:
    return user_recipient(ride.user_id) if side == Side.USER else partner_recipient(ride.partner_id)


def _language(account: User) -> str:
    return account.language or settings.LANGUAGE_CODE


def _push_to_partner(ride: Ride, at: datetime) -> PushLater:
    due_at = at + ACKNOWLEDGED_WITHIN
    payload = {"type": TO_PARTNER, "about": str(ride.pk), "language": _language(ride.partner.user)}
    return PushLater(ride.pk.hex, lambda: payload, due_at, due_at + WORTH, TO_PARTNER)


class _ToPartner(PushKind):
    """A push to a partner, which shows on locked screens and so has neither a name nor what was written."""

    def wanted(self, push: DeferredPush) -> bool:
        return True

    def compose(self, push: DeferredPush) -> dict[str, Any] | None:
        if not has_unread(UUID(push.payload["about"]), Side.USER):
            return None
        with translation.override(push.payload["language"]):
            title, body = gettext("You have a new message"), gettext("Open the page to read it.")
        page = {"tag": push.topic, "url": "/partner"}
        return {"type": PUSH_KIND, "kind": TO_PARTNER, **page, "title": title, "body": body}

    def otherwise(self, push: DeferredPush, *, at: datetime) -> bool:
        return False


register(TO_PARTNER, _ToPartner())


@word_page(WordKind.MESSAGE)
def _while_unread(ride_id: UUID) -> str | None:
    if not has_unread(ride_id, Side.PARTNER):
        return None
    request_id = Ride.objects.filter(pk=ride_id).values_list("request_id", flat=True).first()
    return f"/cheer/{request_id}" if request_id else None
