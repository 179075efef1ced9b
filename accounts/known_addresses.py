"""Network addresses from which an account has signed in, kept as keyed digests.

They get through to an account while others guess at its password (accounts/password_check.py).
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.models import KnownAddress, User
from api.addresses import address_of, network_of
from core import clock
from risk.states import TraceKind
from risk.traces import leave_trace

PER_ACCOUNT_MAX = 20  # the oldest makes room
REMEMBERED_EVERY = timedelta(days=1)  # how exact the time of the last sign-in is


def is_known(user: User, network: str) -> bool:
    """Return whether the account has signed in from this network lately."""
    since = clock.now() - timedelta(days=settings.KNOWN_ADDRESSES_KEPT_DAYS)
    return KnownAddress.objects.filter(user=user, digest=_digest(user, network), last_used_at__gte=since).exists()


def remember(user: User, address: str) -> None:
    """Keep the address of a complete sign-in."""
    now, digest = clock.now(), _digest(user, network_of(address))
    recent = KnownAddress.objects.filter(user=user, digest=digest, last_used_at__gt=now - REMEMBERED_EVERY)
    if recent.exists():
        return
    leave_trace(user.pk, TraceKind.ADDRESS, address, now=now)
    with transaction.atomic():
        KnownAddress.objects.update_or_create(user=user, digest=digest, defaults={"last_used_at": now})
        newest = KnownAddress.objects.filter(user=user).order_by("-last_used_at").values_list("pk", flat=True)
        KnownAddress.objects.filter(user=user).exclude(pk__in=list(newest[:PER_ACCOUNT_MAX])).delete()


def remember_session(*, request: HttpRequest, user: User, **_: object) -> None:
    """Keep the address of a session that has just started. Receives `user_logged_in`."""
    if isinstance(user, User):
        remember(user, address_of(request))


def _digest(user: User, network: str) -> str:
    return salted_hmac("accounts.known_address", f"{user.pk} {network}", algorithm="sha256").hexdigest()
