"""Stripe's errors, as its API words them."""

from typing import Any


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, type: str, message: str, *, keep: bool = True, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.keep = keep  # whether an idempotency key replays it; False if the call was rejected before it began
        self.body = {"error": {"type": type, "message": message, **fields}}


def invalid(message: str, **fields: Any) -> Refusal:
    """400: the parameters, or the object's state, forbid it."""
    return Refusal(400, "invalid_request_error", message, **fields)


def missing(kind: str, id: object) -> Refusal:
    """404: the object does not exist."""
    return Refusal(404, "invalid_request_error", f"No such {kind}: '{id}'", code="resource_missing", keep=False)


def wrong_state(intent: dict[str, Any], what: str) -> Refusal:
    """400: the intent's status does not allow it to be captured, cancelled or confirmed."""
    return invalid(
        f"This PaymentIntent could not be {what} because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def declined(code: str, decline_code: str | None, **fields: Any) -> Refusal:
    """402: the card's bank declined."""
    if decline_code:
        fields["decline_code"] = decline_code
    return Refusal(402, "card_error", "Your card was declined.", code=code, **fields)


def key_in_use() -> Refusal:
    """409: another call with the same key is under way (docs.stripe.com/error-codes#idempotency-key-in-use)."""
    message = "There is currently another in-progress request using this Idempotency Key."
    return Refusal(409, "idempotency_error", message, code="idempotency_key_in_use", keep=False)
