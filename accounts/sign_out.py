"""End credentials: sign out, and end everything that an account holds."""

from functools import partial

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from knox.models import AuthToken

from accounts.authentication import session_credential, token_credential
from accounts.models import Partner, SocketTicket, User
from core.security_log import pseudonym, record
from notifications.events import close_sockets, partner_recipient, user_recipient
from notifications.web_push import forget_devices, hand_over_devices, withdraw_pushes

NOT_AUTHENTICATED = 4401  # the close code of sockets whose credential has ended
RECONNECT = 1012  # the close code of sockets whose session has another key now: pages connect again


def log_out(token: AuthToken) -> None:
    """Revoke one token, and close the sockets that were opened with it."""
    credential = token_credential(token.digest)
    token.delete()
    end_credential(credential)
    record("token_ended", "ok", subject=pseudonym(token.user_id), after_commit=True)


def close_sockets_of_session(*, request: HttpRequest, **_: object) -> None:
    """End the credential of a session that signs out. Receives `user_logged_out`."""
    session = getattr(request, "session", None)
    if session is not None and session.session_key:
        end_credential(session_credential(session.session_key))


def end_credential(credential: str) -> None:
    """End the tickets, sockets and push subscriptions of a token or session that has just ended."""
    SocketTicket.objects.filter(credential=credential).delete()
    forget_devices(credential=credential)
    transaction.on_commit(partial(close_sockets, code=NOT_AUTHENTICATED, credential=credential))


def credentials_changed(user: User, *, request: HttpRequest | None = None) -> int:
    """End everything that an account holds: tokens, tickets, pushes, sockets and sessions. Safe to call twice.

    Tokens, tickets and sessions that other processes are issuing at this moment end as well: they were checked against
    an earlier epoch of the account.

    Args:
        request: the request by which the account itself made the change. Its session stays, under a new key.

    Returns:
        The number of tokens deleted.
    """
    recipients = [user_recipient(user.pk)]
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(credentials_epoch=F("credentials_epoch") + 1)
        user.refresh_from_db(fields=["credentials_epoch"])
        recipients += [partner_recipient(pk) for pk in Partner.objects.filter(user=user).values_list("pk", flat=True)]
        count: int = AuthToken.objects.filter(user=user).delete()[0]
        SocketTicket.objects.filter(user=user).delete()
        own = _of_account(user, request)
        kept = _renewed_session(user, own) if own else ""
        for recipient in recipients:
            withdraw_pushes(recipient)
            forget_devices(recipient=recipient, except_of=session_credential(kept) if kept else "")
        _end_sessions(user, kept=kept)
        transaction.on_commit(lambda: close_sockets(code=NOT_AUTHENTICATED, user=str(user.pk)))
        record("credentials_ended", "ok", subject=pseudonym(user.pk), tokens=count, after_commit=True)
    return count


def shown_again(*, request: HttpRequest, user: User, reauthenticated: bool = False, **_: object) -> None:
    """Give a session a new key when its person has shown who they are once more.

    Receives `authentication_step_completed`. Copies of the old cookie and its CSRF token end. Sockets of the old key
    close with a code after which pages connect again.
    """
    if not reauthenticated or not _of_account(user, request):
        return
    old = session_credential(str(request.session.session_key))
    with transaction.atomic():
        _renewed_session(user, request)
        SocketTicket.objects.filter(credential=old).delete()
        transaction.on_commit(lambda: close_sockets(code=RECONNECT, credential=old))
    rotate_token(request)


def _of_account(user: User, request: HttpRequest | None) -> HttpRequest | None:
    """Return the request if it has a session of this account."""
    session = getattr(request, "session", None)
    if request is None or session is None or not session.session_key or request.user.pk != user.pk:
        return None
    return request


def _renewed_session(user: User, request: HttpRequest) -> str:
    """Give the account's own session a new key and hash. Returns the key."""
    session = request.session
    old = session.session_key
    update_session_auth_hash(request, user)
    session.save()
    UserSession.objects.filter(user=user, session_key=old).update(session_key=session.session_key)
    # A changed password has renewed the key before; the cookie has the one that the browser subscribed with.
    for key in {str(old), request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")} - {""}:
        hand_over_devices(session_credential(key), session_credential(str(session.session_key)))
    return str(session.session_key)


def _end_sessions(user: User, *, kept: str) -> None:
    """Delete the account's sessions except one. Sessions that no row lists end by the epoch."""
    listed = UserSession.objects.filter(user=user).exclude(session_key=kept)
    Session.objects.filter(session_key__in=list(listed.values_list("session_key", flat=True))).delete()
    listed.delete()
