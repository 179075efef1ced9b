"""Writes to messages. Each locks its ride, so that the messages of a ride have one order."""

from datetime import datetime
from uuid import UUID

from django.db import router
from django.db.models import F, Max
from django.db.models.functions import Coalesce

from accounts.models import User
from core.errors import Conflict, Missing
from core.rows import read_row
from notifications.events import recorded
from rides.contact import announce
from rides.contact.rules import account_of, other_side, require_open, side_of
from rides.contact.serializers import Mark
from rides.models import MESSAGES_MAX, Message, Ride
from rides.phrases import Side
from rides.selectors import ride_of_side
from risk.flags import raise_flag
from risk.states import FlagKind


def send_message(account: User, ride_id: UUID, *, phrase: str = "", text: str = "", now: datetime) -> Message:
    """Write to the other side of a ride: a phrase, or a text.

    Raises: `Missing`, also for a ride of others; `Conflict` (`messages_closed`, `messages_refused`,
        `too_many_messages`).
    """
    found = ride_of_side(account, ride_id)
    with recorded() as outbox:
        ride = _locked(found)
        sender = side_of(account, ride)
        require_open(ride, sender, now=now)
        number = (Message.objects.filter(ride=ride).aggregate(last=Max("number"))["last"] or 0) + 1
        if number > MESSAGES_MAX:
            raise Conflict("too_many_messages", "There are too many messages about this cheer.")
        message = Message.objects.create(ride=ride, number=number, sender=sender, phrase=phrase, text=text, sent_at=now)
        announce.sent(outbox, message, ride)
        outbox.result(message)
    return message


def mark_messages(account: User, ride_id: UUID, mark: Mark, *, up_to: int, now: datetime) -> None:
    """Mark what the other side has sent, up to a number, as delivered or read. Idempotent; a mark is never taken back.

    Raises: `Missing`, also for a ride of others.
    """
    found = ride_of_side(account, ride_id)
    with recorded() as outbox:
        ride = _locked(found)
        sender = other_side(side_of(account, ride))
        column = "read_at" if mark == Mark.READ else "delivered_at"
        rows = Message.objects.filter(ride=ride, sender=sender, number__lte=up_to, **{column: None})
        if (newest := rows.aggregate(newest=Max("number"))["newest"]) is not None:
            delivered_at = Coalesce(F("delivered_at"), now)
            rows.update(**({"read_at": now, "delivered_at": delivered_at} if mark == Mark.READ else {column: now}))
            announce.marked(outbox, ride, sender, mark, up_to=newest, at=now)
        outbox.result()


def report_message(account: User, message_id: UUID, *, now: datetime) -> None:
    """Report a message of the other side to staff. From then on, that side can write no more about this ride.

    Idempotent. Raises: `Missing`, also for a message of others; `Conflict` (`own_message`).
    """
    ride_id = Message.objects.filter(pk=message_id).values_list("ride_id", flat=True).first()
    if ride_id is None:
        raise Missing
    found = ride_of_side(account, ride_id)
    with recorded() as outbox:
        ride = _locked(found)
        message = Message.objects.get(pk=message_id)
        if message.sender == side_of(account, ride):
            raise Conflict("own_message", "This message is your own.")
        if message.reported_at is None:
            Message.objects.filter(pk=message.pk).update(reported_at=now)
            raise_flag(
                FlagKind.MESSAGE_REPORTED,
                now=now,
                account_id=account_of(Side(message.sender), ride).pk,
                request_id=ride.request_id,
                ride_id=ride.pk,
                subject=f"message:{message.pk}",
            )
        outbox.result()


def _locked(ride: Ride) -> Ride:
    """Lock a ride; it comes with the accounts of both sides."""
    related = ("user", "partner", "partner__user")
    locked = read_row(Ride, *related, using=router.db_for_write(Ride), lock=True, id=ride.pk)
    if locked is None:
        raise Missing
    return locked
