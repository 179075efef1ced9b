"""Reads of messages."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from rides.models import Message
from rides.phrases import Side
from rides.selectors import ride_of_side


def messages_of(account: User, ride_id: UUID) -> QuerySet[Message]:
    """The messages of a ride that an account takes part in. Raises `Missing` for any other."""
    return Message.objects.filter(ride_id=ride_of_side(account, ride_id).pk)


def has_unread(ride_id: UUID, sender: Side) -> bool:
    """Whether the other side has not read something that this one has sent."""
    return Message.objects.filter(ride_id=ride_id, sender=sender, read_at=None).exists()
