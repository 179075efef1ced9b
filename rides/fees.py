"""The fee for cancelling a ride."""

from datetime import datetime, timedelta

from regions.models import Region
from rides.models import Ride


def free_until(ride: Ride, region: Region) -> datetime:
    """The moment until which the user may cancel this ride free of charge."""
    return ride.accepted_at + timedelta(seconds=region.cancellation_grace_s)


def cancellation_fee(ride: Ride, region: Region, now: datetime) -> int:
    """The fee for cancelling this ride now, in minor units; zero within the region's grace period."""
    return region.cancellation_fee_amount if now > free_until(ride, region) else 0
