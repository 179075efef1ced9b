"""The fee for cancelling a ride."""

from datetime import datetime, timedelta

from regions.models import Prices
from rides.models import Ride


def free_until(ride: Ride, prices: Prices) -> datetime:
    """The moment until which the user may cancel this ride free of charge."""
    return ride.accepted_at + timedelta(seconds=prices.cancellation_grace_s)


def cancellation_fee(ride: Ride, prices: Prices, now: datetime) -> int:
    """The fee for cancelling this ride now, in minor units; zero within the grace period."""
    return prices.cancellation_fee_amount if now > free_until(ride, prices) else 0
