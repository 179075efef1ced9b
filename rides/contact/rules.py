"""Between whom, and how long, messages may be written."""

from datetime import datetime, timedelta

from accounts.models import User
from core.errors import Conflict
from rides.models import Message, Ride
from rides.phrases import Side
from rides.states import ACTIVE, RideStatus

OPEN_AFTER_END = timedelta(minutes=30)


def side_of(account: User, ride: Ride) -> Side:
    """The side of a ride on which one of its two accounts is."""
    return Side.USER if account.pk == ride.user_id else Side.PARTNER


def other_side(side: Side) -> Side:
    """The side opposite to another."""
    return Side.PARTNER if side == Side.USER else Side.USER


def account_of(side: Side, ride: Ride) -> User:
    """The account on one side of a ride, which comes with both."""
    return ride.user if side == Side.USER else ride.partner.user


def is_open(ride: Ride, *, now: datetime) -> bool:
    """Whether messages may be written: from the acceptance until `OPEN_AFTER_END` after the session.

    A ride that was cancelled has nothing left to arrange, so nobody reaches a stranger through it.
    """
    if ride.status == RideStatus.COMPLETED and ride.end_time is not None:
        return now < ride.end_time + OPEN_AFTER_END
    return ride.status in ACTIVE


def require_open(ride: Ride, sender: Side, *, now: datetime) -> None:
    """Raise `Conflict` unless this side may write to the other now.

    Its code is `messages_closed`, or `messages_refused` if the other side has reported a message of this one.
    """
    if not is_open(ride, now=now) or not account_of(other_side(sender), ride).is_active:
        raise Conflict("messages_closed", "Messages about this cheer are closed.")
    if Message.objects.filter(ride=ride, sender=sender, reported_at__isnull=False).exists():
        raise Conflict("messages_refused", "They take no more messages about this cheer.")
