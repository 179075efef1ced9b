"""The parameters of the calls that move money, as the provider's API names them.

A row keeps the parameters of its call (payments/provider/call.py), and every repetition sends these, so a release that
changes what stands here doesn't change a call that an earlier one has begun.
"""

from django.conf import settings

from payments.provider.gateway import Answer


def of_intent(
    *,
    customer: str,
    card: str,
    amount: int,
    currency: str,
    hold: bool,
    off_session: bool,
    metadata: dict[str, str],
    group: str,
) -> Answer:
    """Return the parameters for charging a saved card, or with `hold` for only authorizing it."""
    params: Answer = {
        "customer": customer,
        "payment_method": card,
        "payment_method_types": ["card"],
        "amount": amount,
        "currency": currency,
        "capture_method": "manual" if hold else "automatic",
        "confirm": True,
        "metadata": metadata,
        "transfer_group": group,
        "expand": ["latest_charge"],
    }
    if settings.STRIPE_STATEMENT_SUFFIX:
        params["statement_descriptor_suffix"] = settings.STRIPE_STATEMENT_SUFFIX
    return {**params, "off_session": True} if off_session else params


def of_capture(*, amount: int) -> Answer:
    """Return the parameters for capturing this amount of a hold and releasing the rest."""
    return {"amount_to_capture": amount}


def of_refund(*, intent: str, amount: int, metadata: dict[str, str]) -> Answer:
    """Return the parameters for refunding a part of an intent."""
    return {"payment_intent": intent, "amount": amount, "metadata": metadata}


def of_transfer(
    *, account: str, amount: int, currency: str, group: str, source: str | None, metadata: dict[str, str]
) -> Answer:
    """Return the parameters for paying a partner, from the money of a charge or from our balance."""
    params = {
        "destination": account,
        "amount": amount,
        "currency": currency,
        "transfer_group": group,
        "metadata": metadata,
    }
    return {**params, "source_transaction": source} if source else params


def of_reversal(*, amount: int, metadata: dict[str, str]) -> Answer:
    """Return the parameters for taking a part of a transfer back."""
    return {"amount": amount, "metadata": metadata}
