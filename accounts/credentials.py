"""Find ended credentials, for sockets that may have missed the message to close."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q
from knox.models import AuthToken
from rest_framework.exceptions import NotAuthenticated

from accounts.authentication import session_credential, token_credential
from accounts.models import User
from accounts.sessions import matches
from core import clock
from notifications.credentials import Shown

AT_ONCE = 200  # names per query
AFTER_ALL = "~"  # sorts after every character of a digest or session key


def ended(shown: Shown) -> Shown:
    """Return the credentials whose account is deleted or inactive, or whose token or session has ended."""
    users = {str(user.pk): user for user in User.objects.filter(pk__in={user for _, user in shown}, is_active=True)}
    live = {("", user) for user in users}
    names = {credential for credential, _ in shown}
    live |= _live_tokens(names) | _live_sessions(names, users)
    return {(credential, user) for credential, user in shown if user not in users or (credential, user) not in live}


def require_live(user: User, credential: str) -> None:
    """Raise `NotAuthenticated` if a credential has ended; otherwise none ends before this transaction does."""
    # `credentials_changed` takes this lock as well.
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if credential and ended({(credential, str(user.pk))}):
        raise NotAuthenticated


def _live_tokens(names: Collection[str]) -> Shown:
    tokens = AuthToken.objects.filter(expiry__gt=clock.now())
    return {
        (token_credential(digest), str(user_id))
        for part in _prefixes(names, "token:")
        for digest, user_id in tokens.filter(_begins("digest", part)).values_list("digest", "user_id")
    }


def _live_sessions(names: Collection[str], users: dict[str, User]) -> Shown:
    """Return live sessions. A session started with an earlier password is not live."""
    sessions = Session.objects.filter(expire_date__gt=clock.now())
    live = set()
    for part in _prefixes(names, "session:"):
        for session in sessions.filter(_begins("session_key", part)):
            data = session.get_decoded()
            user = users.get(str(data.get("_auth_user_id")))
            if user is not None and matches(user, data.get(HASH_SESSION_KEY)):
                live.add((session_credential(session.session_key), str(user.pk)))
    return live


def _prefixes(names: Iterable[str], kind: str) -> Iterator[list[str]]:
    """Yield the names of one kind, without the kind, at most `AT_ONCE` at a time."""
    prefixes = iter([name.removeprefix(kind) for name in names if name.startswith(kind)])
    while part := list(islice(prefixes, AT_ONCE)):
        yield part


def _begins(field: str, prefixes: list[str]) -> Q:
    """Match prefixes by ranges instead of LIKE, since ranges can use the index on both databases."""
    found = Q()
    for prefix in prefixes:
        found |= Q(**{f"{field}__gte": prefix, f"{field}__lt": prefix + AFTER_ALL})
    return found
