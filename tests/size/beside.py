"""Rows of a grown city besides its cheers: sign-ins, mails, traces, the provider's events, and the records of staff."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from knox.models import AuthToken

from accounts.models import AddressChange, DeferredMail, KnownAddress, NotificationSettings, User
from api.models import IdempotencyRecord
from backoffice.models import StaffAction
from core.ids import first_id_at
from failures.models import FailedDelivery
from failures.states import Kind
from notifications.models import PushSubscription
from payments.models import ProviderEvent
from requests_app.models import CheerRequest, ShareLink
from risk.models import Trace
from risk.states import TraceKind
from tests.size.city import UNTIL, Grown
from tests.size.plans import BIG, big_tables

ROWS = BIG + 300
HOUR = timedelta(hours=1)


def with_the_rest(grown: Grown) -> Grown:
    """Write so many rows of each of these tables, the oldest first, an hour apart."""
    users, requests = list(User.objects.order_by("pk")[:ROWS]), list(CheerRequest.objects.order_by("pk")[:ROWS])
    made = _rows(grown, users, requests)
    for model, row in made.items():
        model._default_manager.bulk_create([row(number) for number in range(ROWS)])
    tables = big_tables()
    assert {model._meta.db_table for model in made} <= set(tables)
    return replace(grown, tables=tables)


def _rows(
    grown: Grown, users: list[User], requests: list[CheerRequest]
) -> dict[type[models.Model], Callable[..., Any]]:
    """How the row with a number is made."""
    staff, kind = grown.accounts["staff"], ContentType.objects.get_for_model(User)

    def user(n: int) -> User:
        return users[n % len(users)]

    def at(n: int) -> Any:
        return UNTIL - (ROWS - n) * HOUR

    def digest(n: int) -> str:
        return sha256(str(n).encode()).hexdigest()

    outcomes: list[Callable[[Any], dict[str, Any]]] = [
        lambda moment: {"status": "failing", "next_try_at": moment},
        lambda moment: {"status": "given_up", "given_up_at": moment},
        lambda moment: {"status": "recovered", "closed_at": moment},
    ]
    return {
        AuthToken: lambda n: AuthToken(digest=digest(n), token_key=digest(n)[:15], user=user(n)),
        UserSession: lambda n: UserSession(user=user(n), ip="203.0.113.9", session_key=digest(n)[:40], user_agent="x"),
        Authenticator: lambda n: Authenticator(user=user(n), type=Authenticator.Type.TOTP, data={}),
        NotificationSettings: lambda n: NotificationSettings(user=user(n)),
        DeferredMail: lambda n: DeferredMail(user=user(n), kind="x", created_at=at(n), until=at(n), sent_at=at(n)),
        KnownAddress: lambda n: KnownAddress(user=user(n), digest=digest(n), last_used_at=at(n)),
        AddressChange: lambda n: AddressChange(
            user=user(n), address=f"old{n}@history.test", digest=digest(n), created_at=at(n), expires_at=at(n)
        ),
        LogEntry: lambda n: LogEntry(
            user=staff, content_type=kind, object_id="x", object_repr="x", action_flag=CHANGE, action_time=at(n)
        ),
        StaffAction: lambda n: StaffAction(
            number=n + 1, at=at(n), actor=staff, channel="admin", action="looked", kind="accounts.user",
            subject=str(user(n).pk), previous=digest(n) if n else "", digest=digest(n + 1),
        ),
        IdempotencyRecord: lambda n: IdempotencyRecord(
            scope=f"user:{user(n).pk}", key=str(n), fingerprint=digest(n), created_at=at(n)
        ),
        PushSubscription: lambda n: PushSubscription(
            recipient=f"user:{user(n).pk}", digest=digest(n), endpoint="x", p256dh="x", auth="x", created_at=at(n)
        ),
        ShareLink: lambda n: ShareLink(
            id=first_id_at(at(n)), request=requests[n], digest=digest(n), created_at=at(n), expires_at=at(n) + HOUR
        ),
        ProviderEvent: lambda n: ProviderEvent(
            id=f"evt_{digest(n)}", type="charge.succeeded", payload={}, received_at=at(n)
        ),
        FailedDelivery: lambda n: FailedDelivery(
            id=first_id_at(at(n)), kind=Kind.values[n % 2], job=Kind.values[n % 2], row_id=str(n), about="x",
            account=user(n), region=requests[n].region, tries=1, error="TimeoutError", first_failed_at=at(n),
            last_failed_at=at(n), **outcomes[n % 3](at(n)),
        ),
        Trace: lambda n: Trace(
            account=user(n), kind=TraceKind.values[n % 2], digest=digest(n), first_seen=at(n), last_seen=at(n)
        ),
    }  # fmt: skip
