"""Traces: keyed digests of what accounts use, and how closely they link two accounts."""

import ipaddress
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import router
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.composed import Composed
from core.digests import keyed_digest
from risk.models import Trace
from risk.states import TraceKind

IPV6_NETWORK_BITS = 64  # a household has such a network


def leave_trace(account_id: UUID, kind: TraceKind, value: str, *, now: datetime) -> None:
    """Record that an account uses something: a card, a device, an address or a phone. Empty values are ignored.

    Beyond `TRACES_PER_KIND` the oldest of an account's traces makes room.
    """
    digest = _digest(kind, value)
    if not digest:
        return
    Trace.objects.bulk_create(
        [Trace(account_id=account_id, kind=kind, digest=digest, first_seen=now, last_seen=now)],
        update_conflicts=True,
        unique_fields=["account", "kind", "digest"],
        update_fields=["last_seen"],
    )
    mine = Trace.objects.filter(account=account_id, kind=kind).order_by("-last_seen", "-pk")
    if older := list(mine.values_list("pk", flat=True)[settings.TRACES_PER_KIND :]):
        Trace.objects.filter(pk__in=older).delete()


def link_score(one: UUID, other: UUID) -> tuple[int, list[str]]:
    """Return how closely two accounts are linked, and by which kinds of traces.

    Each kind that they share counts once, with its weight from the settings. A trace that more than
    `LINK_SHARED_MAX` accounts have, such as the address of a mobile network, counts nothing. Both accounts have at
    most `TRACES_PER_KIND` traces of a kind, which bounds the cost.
    """
    shared = _shared(one, other, using=router.db_for_read(Trace))
    kinds = sorted({kind for kind, holders in shared if holders <= settings.LINK_SHARED_MAX})
    return sum(settings.LINK_WEIGHTS[kind] for kind in kinds), kinds


def accounts_with(kind: TraceKind, value: str, *, other_than: UUID) -> int:
    """Return how many other accounts have left this trace."""
    return Trace.objects.filter(kind=kind, digest=_digest(kind, value)).exclude(account=other_than).count()


def accounts_of_person(account_id: UUID) -> list[UUID]:
    """Return the accounts that count as one person's where something is given once: this one, and those with its
    card or its device.
    """
    sharing: set[UUID] = set()
    for kind in (TraceKind.CARD, TraceKind.DEVICE):
        mine = Trace.objects.filter(account=account_id, kind=kind).values("digest")
        sharing.update(Trace.objects.filter(kind=kind, digest__in=mine).values_list("account_id", flat=True))
    return [account_id, *sorted(sharing - {account_id})]


def _shared_traces(one: UUID, other: UUID) -> "QuerySet[Trace, tuple[str, int]]":
    """Select the kinds of the traces that two accounts share, with the number of accounts that have the trace."""
    theirs = Trace.objects.filter(account=other, kind=OuterRef("kind"), digest=OuterRef("digest"))
    shared = Trace.objects.filter(Exists(theirs), account=one).annotate(holders=_holders())
    return shared.values_list("kind", "holders")


_shared = Composed(_shared_traces)


def _holders() -> Coalesce:
    same = Trace.objects.filter(kind=OuterRef("kind"), digest=OuterRef("digest")).order_by()
    return Coalesce(Subquery(same.values("digest").annotate(n=Count("pk")).values("n")), 0)


def _digest(kind: TraceKind, value: str) -> str:
    plain = _normal(kind, value.strip())
    return keyed_digest(f"trace.{kind}", plain) if plain else ""


def _normal(kind: TraceKind, value: str) -> str:
    if kind == TraceKind.PHONE:
        return "".join(each for each in value if each.isdecimal()).lstrip("0")
    if kind == TraceKind.ADDRESS:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return ""
        if address.version == 6:
            return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))
        return str(address)
    return value
