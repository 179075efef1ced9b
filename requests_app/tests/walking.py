"""A partner on foot, for tests of arrivals."""

from accounts.models import Partner
from rides.models import Ride
from tests.cast import Clock, north, report


def signs(ride: Ride) -> list[str]:
    """The signs of a ride, in order."""
    return list(ride.signs.values_list("sign", flat=True))


class Walk:
    """A partner whose phone reports every few seconds."""

    def __init__(self, partner: Partner, clock: Clock) -> None:
        self.partner, self.clock = partner, clock

    def report(self, metres: float, *, after_s: float = 4.0) -> None:
        """Report from so many metres north of the place."""
        self.clock.advance(after_s)
        report(self.partner, north(metres))
