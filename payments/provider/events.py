"""Acting on webhook events: an event names an object, whose present state the provider is asked for."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from core import clock
from core.failures import code_of
from core.metrics import PROVIDER_EVENT
from notifications.events import recorded
from payments.books.disputes import apply_dispute
from payments.books.payouts import follow_reversal
from payments.configuration import enabled
from payments.models import Payment, PayoutAccount, ProviderEvent
from payments.operations import Operation, retry_later
from payments.provider.accounts import apply_payout, look_at
from payments.provider.cards import apply_setup, decline_setup
from payments.provider.gateway import ProviderError, Refused, gateway
from payments.provider.intents import apply_foreign_intent, apply_intent
from payments.provider.refunds import apply_refund

log = logging.getLogger(__name__)

TRIES_MAX = 30  # about four hours; the reconciler finds what is left
SETUP_DECLINED = "setup_intent.setup_failed"
Answer = dict[str, Any]


def follow_intent(reference: str, now: datetime) -> bool:
    """Fetch an intent and apply its present state; returns whether that changed anything. Raises `ProviderError`."""
    intent = gateway().intent(reference)
    return apply_intent(intent, now=now) or _follow_foreign(intent, now)


def _follow_foreign(intent: Answer, now: datetime) -> bool:
    """Apply an intent made elsewhere, in the provider's dashboard for example, that names a payment of ours."""
    metadata = intent.get("metadata") or {}
    payment_id = _uuid(metadata.get("paymentId"))
    if "key" in metadata or payment_id is None or intent.get("amount_received") is None:
        return False
    with recorded() as outbox:
        payment = Payment.objects.select_for_update(no_key=True).filter(pk=payment_id).first()
        if payment is not None and intent.get("status") == "succeeded":
            if intent["amount_received"] == payment.amount and intent.get("currency") == payment.currency:
                return apply_foreign_intent(outbox, payment, intent, now=now, reason="paid elsewhere")
            log.error("intent %s pays another amount than payment %s", intent.get("id"), payment.pk)
    return False


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _follow_transfer(reference: str, now: datetime) -> None:
    """Take note of what was taken back of a transfer elsewhere."""
    for reversal in list(gateway().reversals_of(reference)):
        follow_reversal(reversal, now=now)


# The kinds of objects that events are about, and how each is fetched and applied.
FOLLOWED: dict[str, Callable[[str, datetime], object]] = {
    "payment_intent": follow_intent,
    "setup_intent": lambda reference, now: apply_setup(gateway().setup_intent(reference), now=now),
    "refund": lambda reference, now: apply_refund(gateway().refund_of(reference), now=now),
    "dispute": lambda reference, now: apply_dispute(gateway().dispute(reference), now=now),
    "transfer": _follow_transfer,
}


def _follow(event: ProviderEvent, now: datetime) -> None:
    data = event.payload.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    thing = thing if isinstance(thing, dict) else {}
    account = event.payload.get("account")
    if account:  # whatever it is about belongs to a partner, and says nothing about our payments
        _follow_account(str(account), thing, now)
        return
    follow, reference = FOLLOWED.get(str(thing.get("object"))), thing.get("id")
    if follow is not None and isinstance(reference, str) and reference:
        follow(reference, now)
        if event.type == SETUP_DECLINED:
            decline_setup(thing, now=now)


def _follow_account(account: str, thing: Answer, now: datetime) -> None:
    """Ask how a partner's account stands, and what became of the provider's payment to their bank."""
    if not PayoutAccount.objects.filter(reference=account).exists():
        return
    look_at(account, now=now)
    if thing.get("object") == "payout":
        apply_payout(account, gateway().payout(str(thing.get("id")), account=account), now=now)


def step_event(event_id: str) -> None:
    """Fetch the object that an event is about, and apply it."""
    event = ProviderEvent.objects.filter(pk=event_id).first()
    if event is None or event.next_step_at is None or not enabled():
        return
    now = clock.now()
    try:
        _follow(event, now)
    except Refused as refused:  # there is no such object: nothing of ours
        log.warning("event %s is about nothing: %s", event.pk, refused.code)
    except ProviderError as error:
        if event.tries < TRIES_MAX:
            retry_later(event, error, now)
        else:
            Operation.EVENT.rows.give_up(event.pk, code_of(error))
        return
    Operation.EVENT.rows.finish(event.pk, processed_at=now)
    PROVIDER_EVENT.observe((now - event.received_at).total_seconds())
