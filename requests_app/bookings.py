"""Booking: the card of a user who asks, and the hold on it that their request waits for."""

from datetime import datetime

from accounts.models import User
from payments import configuration
from payments.books import holds
from payments.models import Customer
from regions.models import Prices
from requests_app.models import CheerRequest
from requests_app.selectors import prices_of


def card_for(user: User, prices: Prices) -> Customer | None:
    """The card for a booking's hold; None if nothing is charged online, or if nothing is held.

    Raises: `Conflict` (`card_required`, `payment_overdue`).
    """
    if not configuration.enabled():
        return None
    customer = holds.require_good_standing(user)
    return customer if prices.hold_amount else None


def hold_booking(request: CheerRequest, customer: Customer, *, now: datetime, off_session: bool) -> None:
    """Hold the agreed amount for a request, which is matched only once the card's bank agrees.

    `off_session`: the user is not there to be asked by their bank.
    """
    prices = prices_of(request)
    holds.place(
        customer,
        request_id=request.pk,
        amount=prices.hold_amount,
        currency=prices.currency,
        off_session=off_session,
        for_booking=True,
        now=now,
    )
