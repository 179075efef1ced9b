"""Refunds with the provider: the step that makes one, and applying one that we hear of."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from core import clock
from payments.books.refunds import finish, follow_refund
from payments.configuration import enabled
from payments.models import Refund
from payments.operations import retry_later
from payments.provider import parameters
from payments.provider.call import parameters_of, provider_call
from payments.provider.gateway import Declined, Refused, Unreachable, gateway
from payments.states import RefundStatus

log = logging.getLogger(__name__)


def step_refund(refund_id: UUID) -> None:
    """Have the provider give a refund back."""
    row = Refund.objects.select_related("attempt__payment").filter(pk=refund_id).first()
    if row is None or row.status != RefundStatus.PLANNED or row.next_step_at is None or not enabled():
        return
    now = clock.now()
    try:
        answer = _made(row, now=now)
    except Unreachable as error:
        retry_later(row, error, now)
    except (Refused, Declined) as refused:
        log.error("refund %s was refused: %s", row.pk, refused)
        finish(row.pk, {"status": "failed", "failure_reason": str(refused)}, now=now)
    else:
        if answer is not None:
            finish(row.pk, answer, now=now)


def _made(row: Refund, *, now: datetime) -> dict[str, Any] | None:
    intent = row.attempt.reference
    metadata = {"paymentId": str(row.attempt.payment_id)}
    params = parameters_of(row, lambda: parameters.of_refund(intent=intent, amount=row.amount, metadata=metadata))
    return provider_call(
        row,
        lambda key: gateway().refund(key, params),
        lambda key: gateway().find_refund(intent=intent, key=key),
        now=now,
    )


def apply_refund(answer: dict[str, Any], *, now: datetime) -> bool:
    """Apply a refund's present state; returns whether that changed anything. Not inside a transaction."""
    metadata = answer.get("metadata")
    key = metadata.get("key") if isinstance(metadata, dict) else None
    row = Refund.objects.filter(key=key).first() if key else None
    row = row or Refund.objects.filter(reference=answer.get("id") or "-").first()
    if row is None and not key:
        return follow_refund(answer, now=now)
    return row is not None and finish(row.pk, answer, now=now)
