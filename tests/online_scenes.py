"""Scenes with a card: booked, served and charged. For tests that use `tests.online`."""

from django.conf import settings

from accounts.models import User
from ops.sweep import sweep_deadlines
from payments.models import Payment
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import Clock, accept, end, fresh, match, open_offer, start, submit
from tests.online import Online, later


def book(online: Online, user: User) -> CheerRequest:
    """Ask for a cheer, and let the card's bank answer."""
    request = submit(user)
    online.work()
    found: CheerRequest = fresh(request)
    return found


def ride_of(request: CheerRequest, nyc: Region) -> Ride:
    """A partner accepts."""
    match(nyc)
    return accept(open_offer(request))


def ended(online: Online, user: User, nyc: Region, clock: Clock, *, minutes: float = 4) -> Ride:
    """Book and be served for so long; nothing has been charged yet."""
    ride = start(ride_of(book(online, user), nyc))
    later(clock, minutes=minutes)
    return end(ride)


def charged(online: Online, user: User, nyc: Region, clock: Clock, *, minutes: float = 4) -> Ride:
    """Book, be served for so long, and let everything be charged."""
    ride = ended(online, user, nyc, clock, minutes=minutes)
    online.work()
    found: Ride = fresh(ride)
    return found


def fare_of(ride: Ride) -> Payment:
    """The payment of a ride's fare, as it is now."""
    return Payment.objects.get(ride=ride, kind="fare")


def dead_letter(online: Online, user: User, clock: Clock) -> CheerRequest:
    """A request that nobody took, whose hold was released."""
    online.save_card(user)
    request = book(online, user)
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    online.work()
    assert (fresh(request).status, online.held()) == (RequestStatus.NO_MATCH, 0)
    found: CheerRequest = fresh(request)
    return found
