"""A user's answers to the arrival of their partner."""

from datetime import datetime
from uuid import UUID

from accounts.models import User
from notifications.events import recorded
from requests_app import announce
from requests_app.locks import lock_with_ride
from requests_app.serving.arrival import tell, wait_of
from requests_app.serving.fulfilment import end_disputed
from requests_app.serving.suspicions import suspect_dispute
from rides import arrivals
from rides.arrivals import require_en_route
from rides.models import Ride
from rides.selectors import ride_of_user
from rides.states import RideStatus


def user_here(user: User, ride_id: UUID, *, now: datetime) -> Ride:
    """Answer an arrival for the user: they are there. The partner's wait for them begins again, once.

    Raises: `Missing`, `Conflict` (`not_arrived`, `ride_in_progress`, …).
    """
    found = ride_of_user(user, ride_id)
    with recorded() as outbox:
        locked = lock_with_ride(found.pk)
        require_en_route(locked.ride)
        known = locked.ride.user_here_at
        arrivals.note_user_here(locked.ride, wait=wait_of(locked.request), now=now)
        if known is None:
            announce.ride_updated(outbox, locked.ride, locked.partner)
        outbox.result(locked.ride)
    return locked.ride


def nobody_here(user: User, ride_id: UUID, *, now: datetime) -> Ride:
    """Answer an arrival for the user: nobody is there. Idempotent before the session.

    The arrival is taken back, and no no-show can be reported. A session that has run for one increment at most is
    ended, and its fare is not collected until staff decide.

    Raises: `Missing`, `Conflict` (`not_arrived`, `started_with_pin`, `too_late`, …).
    """
    found = ride_of_user(user, ride_id)
    if found.status == RideStatus.IN_PROGRESS:
        return end_disputed(found, now=now)
    with recorded() as outbox:
        locked = lock_with_ride(found.pk)
        require_en_route(locked.ride)
        if locked.ride.disputed_at is None:
            arrivals.dispute_arrival(locked.ride, now=now)
            suspect_dispute(locked, now=now)
            tell(outbox, locked)
        outbox.result(locked.ride)
    return locked.ride
