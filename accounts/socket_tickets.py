"""Single-use tickets for browsers, whose sockets can't send a header."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings

from accounts.credentials import ended
from accounts.demo import may_enter
from accounts.models import SocketTicket, User


def issue_socket_ticket(user: User, *, now: datetime, credential: str = "") -> tuple[str, datetime]:
    """Issue a single-use ticket for a socket that closes when `credential` ends. Returns it and its expiry time."""
    ticket, expires_at = secrets.token_urlsafe(24), now + timedelta(seconds=settings.SOCKET_TICKET_TTL_S)
    SocketTicket.objects.create(digest=_digest(ticket), user=user, credential=credential, expires_at=expires_at)
    return ticket, expires_at


def redeem_socket_ticket(ticket: str, *, now: datetime) -> tuple[User | None, str]:
    """Use up a ticket.

    Returns:
        The ticket's account and credential. The account is None if the ticket is unknown, used or expired, its account
        may not sign in here, or the credential that asked for it has ended.
    """
    held = SocketTicket.objects.select_related("user__partner__region").filter(digest=_digest(ticket)).first()
    # The deletion's row count says which of two redemptions won.
    if held is None or not SocketTicket.objects.filter(pk=held.pk).delete()[0]:
        return None, ""
    good = held.expires_at > now and may_enter(held.user)
    # A ticket may have been written just after its token or session ended.
    if good and held.credential and ended({(held.credential, str(held.user_id))}):
        good = False
    return (held.user, held.credential) if good else (None, "")


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
