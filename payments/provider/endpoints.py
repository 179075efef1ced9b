"""The provider's two webhook endpoints: one for events of our own account, one for those of partners' accounts.

Each has its own secrets, and several while one is changed. Events of our test mode reach the endpoint for partners'
accounts in production, too (docs.stripe.com/connect/webhooks); at our own account's endpoint they are a mistake.
"""

from enum import StrEnum
from typing import Any

import stripe
from django.conf import settings

from api.parsers import loads
from core.errors import Invalid

SIGNATURE_MAX_AGE_S = 300


class Endpoint(StrEnum):
    """The kinds of endpoints, by the settings that have their secrets."""

    OURS = "STRIPE_WEBHOOK_SECRET"
    PARTNERS = "STRIPE_CONNECT_WEBHOOK_SECRET"


def verified_event(raw: bytes, signature: str, endpoint: Endpoint) -> dict[str, Any]:
    """Returns the event of a body that the provider has signed for this endpoint in the last five minutes.

    Raises: `Invalid` (`invalid_signature`, `invalid`, `wrong_endpoint`, `wrong_mode`).
    """
    refused = Invalid("invalid_signature", "The signature does not match.", "Stripe-Signature")
    try:
        text = raw.decode()
        if not any(_signs(secret, text, signature) for secret in getattr(settings, endpoint)):
            raise refused
        event = loads(text)
    except (TypeError, ValueError):  # a signature that isn't ASCII is a TypeError to the library
        raise refused from None
    if not isinstance(event, dict):
        raise Invalid("invalid", "Not an event.")
    if bool(event.get("account")) != (endpoint == Endpoint.PARTNERS):
        raise Invalid("wrong_endpoint", "This event belongs to the other endpoint.")
    if endpoint == Endpoint.OURS and is_of_another_mode(event):
        raise Invalid("wrong_mode", "Live and test events are not mixed.")
    return event


def _signs(secret: str, text: str, signature: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, SIGNATURE_MAX_AGE_S)
    except stripe.SignatureVerificationError:
        return False
    return True


def is_of_another_mode(event: dict[str, Any]) -> bool:
    """Whether a live event meets a test key of ours, or the other way round."""
    key = settings.STRIPE_SECRET_KEY
    live = key.startswith(("sk_live_", "rk_live_"))
    return bool(key) and event.get("livemode", live) is not live
