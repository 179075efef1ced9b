"""Find what is left of sign-ins whose time is over."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.credentials import ended
from accounts.models import Partner
from core.pruning import delete
from notifications.events import partner_recipient, user_recipient
from notifications.models import PushSubscription

SETTLED = timedelta(hours=1)  # longer than a sign-in takes to write its rows


def expired_tokens(now: datetime) -> Q:
    """Match the tokens whose time is over."""
    return Q(expiry__lt=now)


def without_session(now: datetime) -> Q:
    """Match the listed browsers (`UserSession`) whose session has ended, by its age or by signing out."""
    session = Session.objects.filter(session_key=OuterRef("session_key"))
    return ~Exists(session) & Q(last_seen_at__lt=now - SETTLED)


def with_credential(now: datetime) -> Q:
    """Match the subscriptions that end with a token or session, made a while ago."""
    return ~Q(credential="") & Q(created_at__lt=now - SETTLED)


def forget_ended_devices(subscriptions: QuerySet[PushSubscription]) -> int:
    """Delete those of these subscriptions whose token or session has ended by its age. Call it in a transaction.

    The rows are locked before the credentials are read: a session that gets another key hands its subscriptions over.
    Returns: the number of rows deleted.
    """
    rows = list(subscriptions.select_for_update())  # not `no_key`: some of them are deleted
    people = Partner.objects.filter(user__is_active=True).values_list("pk", "user_id")
    accounts = {user_recipient(user): str(user) for user in _ids(rows, user_recipient(""))}
    partners = people.filter(pk__in=_ids(rows, partner_recipient("")))
    accounts |= {partner_recipient(partner): str(user) for partner, user in partners}
    shown = {row.pk: (row.credential, accounts.get(row.recipient, "")) for row in rows}
    gone = ended({each for each in shown.values() if each[1]})
    spent = [pk for pk, each in shown.items() if each in gone or not each[1]]
    return delete(PushSubscription.objects.filter(pk__in=spent))


def _ids(rows: list[PushSubscription], kind: str) -> set[str]:
    return {row.recipient.removeprefix(kind) for row in rows if row.recipient.startswith(kind)}
