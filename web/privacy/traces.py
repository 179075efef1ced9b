"""Redacts in the logs and kept answers of other people what they say about a person who leaves.

The rows stay, because a log has no gaps and a repeated call gets its answer. Places in them become coarse, and names,
notes and reasons are emptied.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import Partner
from api.models import IdempotencyRecord
from core.pruning import kept_for
from notifications.events import partner_recipient, user_recipient
from notifications.models import DeferredPush, Event
from requests_app.models import CheerRequest, CheerRequestTransition, Offer, OfferTransition
from requests_app.retention import COARSE_DEGREES
from rides.models import Ride, RideTransition
from web.privacy.holdings import Owner

PRUNED_WITHIN = timedelta(days=1)  # how late the sweep may be with deleting old events and answers
BATCH = 500
Rules = Mapping[str, Callable[[Any], Any]]


def redact_traces(owner: Owner, *, now: datetime) -> None:
    """Redact what others were told about a person's requests and work. Call it inside the deletion's transaction."""
    asked = _recent(CheerRequest.objects.filter(user=owner.user), now)
    _redact(asked, _OF_A_USER)
    if owner.partner:
        served = _recent(CheerRequest.objects.filter(offers__partner=owner.partner), now)
        _redact(served, _OF_A_PARTNER)


def _recent(requests: Any, now: datetime) -> set[UUID]:
    """Return the ids of those requests that events and kept answers can still be about."""
    since = now - max(kept_for("EVENTS_KEPT_DAYS"), kept_for("IDEMPOTENCY_KEY_TTL_S")) - PRUNED_WITHIN
    return set(requests.filter(transitions__at__gte=since).values_list("pk", flat=True))


def _redact(request_ids: set[UUID], rules: Rules) -> None:
    ids = sorted(request_ids)
    for start in range(0, len(ids), BATCH):
        _redact_batch(ids[start : start + BATCH], rules)


def _redact_batch(requests: list[UUID], rules: Rules) -> None:
    offers = dict(Offer.objects.filter(request__in=requests).values_list("pk", "partner_id"))
    rides = list(Ride.objects.filter(request__in=requests).values_list("pk", flat=True))
    about = {str(pk) for pk in (*requests, *offers, *rides)}
    users = set(CheerRequest.objects.filter(pk__in=requests).values_list("user_id", flat=True))
    partners = set(offers.values())
    accounts = users | set(Partner.objects.filter(pk__in=partners).values_list("user_id", flat=True))
    accounts |= set(_actors(requests))
    recipients = [*map(user_recipient, users), *map(partner_recipient, partners)]
    scopes = [f"user:{pk}" for pk in accounts]
    _rewrite(Event, Q(recipient__in=recipients), "payload", about, rules)
    _rewrite(DeferredPush, Q(recipient__in=recipients), "payload", about, rules)
    _rewrite(IdempotencyRecord, Q(scope__in=scopes), "body", about, rules)


def _actors(requests: list[UUID]) -> Iterator[UUID]:
    """Yield everybody whose calls moved these requests, their offers or their rides, members of staff among them."""
    steps = (
        CheerRequestTransition.objects.filter(subject__in=requests),
        OfferTransition.objects.filter(subject__request__in=requests),
        RideTransition.objects.filter(subject__request__in=requests),
    )
    for each in steps:
        yield from each.order_by().exclude(actor=None).values_list("actor_id", flat=True).distinct()


def _rewrite(model: Any, rows: Q, column: str, about: set[str], rules: Rules) -> None:
    """Redact the JSON of these rows, as far as it is about one of these ids."""
    changed = []
    for row in model.objects.filter(rows).order_by("pk").iterator(chunk_size=BATCH):
        told = getattr(row, column)
        if not about.isdisjoint(_texts(told)) and (redacted := _redacted(told, rules)) != told:
            setattr(row, column, redacted)
            changed.append(row)
    model.objects.bulk_update(changed, [column], batch_size=BATCH)


def _texts(told: Any) -> Iterator[str]:
    """Yield every text in some JSON."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict | list):
        parts: Iterable[Any] = told.values() if isinstance(told, dict) else told
        for part in parts:
            yield from _texts(part)


def _redacted(told: Any, rules: Rules) -> Any:
    """Return some JSON in which the rules are applied to the values of their keys, at any depth."""
    if isinstance(told, list):
        return [_redacted(part, rules) for part in told]
    if isinstance(told, dict):
        return {key: rules[key](part) if key in rules else _redacted(part, rules) for key, part in told.items()}
    return told


def _coarse(value: Any) -> Any:
    return round(value, COARSE_DEGREES) if isinstance(value, float) else value


def _emptied(value: Any) -> Any:
    return "" if isinstance(value, str) else value


def _absent(value: Any) -> None:
    """Stand for a value that may be null."""


_OF_A_USER: Rules = {
    "lat": _coarse,
    "lng": _coarse,
    "note": _emptied,
    "reason": _absent,
    "reasonNote": _emptied,
    "userName": _absent,
    "pin": _absent,
    "text": _emptied,
}
_NAMELESS: Rules = {"name": _emptied, "location": _absent}
_OF_A_PARTNER: Rules = {"partner": lambda told: _redacted(told, _NAMELESS), "text": _emptied}
