"""The cover of a running session: how long it may go on with the amount held on the card."""

from core.prices import covered_until
from rides.models import Ride


def cover(ride: Ride, held: int) -> None:
    """Store until when a running session costs no more than the `held` minor units, if any are held."""
    if held and ride.start_time is not None:
        ride.covered_until = covered_until(ride.tariff, ride.start_time, held)
        ride.save(update_fields=["covered_until"])
