"""Confirmations: attempts, and holds at booking, that wait for their user to confirm them with the bank."""

from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.models import User
from core import clock
from core.errors import Conflict, Missing
from payments.configuration import require_enabled
from payments.models import Attempt, Hold
from payments.provider.cards import Unavailable
from payments.provider.gateway import ProviderError, gateway
from payments.provider.intents import apply_intent
from payments.states import AttemptStatus, HoldStatus

Waiting = Attempt | Hold


def of_payment(user: User, payment_id: UUID) -> Waiting:
    """Returns the attempt that waits for its user. Raises `Missing`, `Conflict` (`nothing_to_confirm`)."""
    attempts = Attempt.objects.filter(payment=payment_id, payment__user=user)
    if not attempts.exists():
        raise Missing
    return _waiting(attempts.filter(status=AttemptStatus.REQUIRES_ACTION).first())


def of_hold(user: User, hold_id: UUID) -> Waiting:
    """Returns the hold that waits for its user. Raises `Missing`, `Conflict` (`nothing_to_confirm`)."""
    holds = Hold.objects.filter(pk=hold_id, user=user)
    if not holds.exists():
        raise Missing
    return _waiting(holds.filter(status=HoldStatus.REQUIRES_ACTION).first())


def _waiting(found: Waiting | None) -> Waiting:
    if found is None:
        raise Conflict("nothing_to_confirm", "Nothing waits for you to confirm it.")
    return found


def secret_of(waiting: Waiting) -> dict[str, Any]:
    """Returns the secret for the user's device, fetched each time and never stored. Not inside a transaction."""
    require_enabled()
    try:
        intent = gateway().intent(waiting.reference)
    except ProviderError:
        raise Unavailable from None
    # If the user has just confirmed it, there is no need to wait for the provider's event.
    apply_intent(intent, now=clock.now())
    waiting.refresh_from_db()
    if waiting.status not in (AttemptStatus.REQUIRES_ACTION, HoldStatus.REQUIRES_ACTION):
        raise Conflict("nothing_to_confirm", "Nothing waits for you to confirm it.")
    named = intent.get("status") == "requires_payment_method"
    return {
        "clientSecret": intent["client_secret"],
        "publishableKey": settings.STRIPE_PUBLISHABLE_KEY,
        "cardReference": waiting.card_reference if named else None,
    }
