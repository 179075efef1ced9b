"""End credentials: sign out, and delete expired tickets and tokens."""

from datetime import datetime

from django.http import HttpRequest
from knox.models import AuthToken

from accounts.authentication import session_credential, token_credential
from accounts.models import SocketTicket
from notifications.events import close_sockets
from notifications.web_push import forget_devices


def log_out(token: AuthToken) -> None:
    """Revoke one token, and close the sockets that were opened with it."""
    credential = token_credential(token.digest)
    token.delete()
    end_credential(credential)


def close_sockets_of_session(*, request: HttpRequest, **_: object) -> None:
    """End the credential of a session that signs out. Receives `user_logged_out`."""
    session = getattr(request, "session", None)
    if session is not None and session.session_key:
        end_credential(session_credential(session.session_key))


def end_credential(credential: str) -> None:
    """End the tickets, sockets and push subscriptions of a token or session that has just ended."""
    SocketTicket.objects.filter(credential=credential).delete()
    forget_devices(credential=credential)
    close_sockets(code=4401, credential=credential)


def prune_tickets_and_tokens(now: datetime) -> None:
    """Delete expired socket tickets and tokens."""
    SocketTicket.objects.filter(expires_at__lt=now).delete()
    AuthToken.objects.filter(expiry__lt=now).delete()
