"""Acting on webhook events: an event says what to look at, and the provider says how that stands now."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from notifications.events import recorded
from payments import errands
from payments.cards import apply_setup
from payments.gateway import ProviderError, Refused, enabled, gateway
from payments.intents import apply_foreign_intent, apply_intent
from payments.models import Payment, ProviderEvent
from payments.payouts import apply_account
from payments.refunds import apply_dispute, apply_refund

log = logging.getLogger(__name__)

TRIES_MAX = 30  # about four hours; the reconciler finds what is left
Answer = dict[str, Any]


def _follow_intent(reference: str, now: datetime) -> None:
    intent = gateway().intent(reference)
    if not apply_intent(intent, now=now):
        _follow_foreign(intent, now)


def _follow_foreign(intent: Answer, now: datetime) -> None:
    """An intent made elsewhere, in the provider's dashboard for example, that names a payment of ours."""
    metadata = intent.get("metadata") or {}
    if "key" in metadata or intent.get("amount_received") is None:
        return
    with recorded() as outbox:
        payment = Payment.objects.select_for_update().filter(pk=_uuid(metadata.get("paymentId"))).first()
        if payment is not None and intent.get("status") == "succeeded":
            if intent["amount_received"] == payment.amount and intent.get("currency") == payment.currency:
                apply_foreign_intent(outbox, payment, intent, now=now, reason="paid elsewhere")
            else:
                log.error("intent %s pays another amount than payment %s", intent.get("id"), payment.pk)


def _uuid(text: object) -> Any:
    try:
        return UUID(str(text))
    except ValueError:
        return None


# What the objects of events are, and how to look at each.
FOLLOWED: dict[str, Callable[[str, datetime], object]] = {
    "payment_intent": _follow_intent,
    "setup_intent": lambda reference, now: apply_setup(gateway().setup_intent(reference), now=now),
    "refund": lambda reference, now: apply_refund(gateway().refund_of(reference), now=now),
    "dispute": lambda reference, now: apply_dispute(gateway().dispute(reference), now=now),
    "account": lambda reference, now: apply_account(gateway().account(reference), now=now),
}


@errands.errand("event", ProviderEvent)
def step_event(event_id: str) -> None:
    """Fetch what an event is about, and apply it."""
    event = ProviderEvent.objects.filter(pk=event_id).first()
    if event is None or event.next_step_at is None or not enabled():
        return
    now = timezone.now()
    data = event.payload.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    thing = thing if isinstance(thing, dict) else {}
    follow, reference = FOLLOWED.get(str(thing.get("object"))), thing.get("id")
    try:
        if follow is not None and isinstance(reference, str) and reference:
            follow(reference, now)
    except Refused as refused:  # there is no such object: nothing of ours
        log.warning("event %s is about nothing: %s", event.pk, refused.code)
    except ProviderError:
        _later(event, now)
        return
    ProviderEvent.objects.filter(pk=event.pk).update(processed_at=now, next_step_at=None)


def _later(event: ProviderEvent, now: datetime) -> None:
    delay_s = min(errands.RETRY_MAX_S, errands.RETRY_FIRST_S * 2 ** min(event.tries, 20))
    more = now + timedelta(seconds=delay_s) if event.tries < TRIES_MAX else None
    ProviderEvent.objects.filter(pk=event.pk).update(tries=F("tries") + 1, next_step_at=more)
