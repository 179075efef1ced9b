"""Whether the partner is where the user waits: noticed by the server, and said by the partner."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from accounts.locations import fresh_location
from accounts.models import Partner
from core.errors import Conflict
from core.metrics import STAGE
from core.reasons import Reason
from notifications.events import Outbox, recorded
from payments.books import holds
from positions import Position
from requests_app import announce
from requests_app.locks import LockedRide, lock_with_ride
from requests_app.models import CheerRequest
from requests_app.selectors import prices_of
from requests_app.serving.release import free_partner
from requests_app.serving.suspicions import away_m, suspect_parting, suspect_silent_wait
from requests_app.serving.watching import watch_on_commit
from requests_app.states import RequestStatus
from rides import arrivals
from rides.arrivals import require_en_route, require_undisputed
from rides.models import Ride
from rides.reasons import RideClosed
from rides.selectors import own_ride
from rides.services import cancel_ride, charge_no_show
from rides.states import ACTIVE, RideStatus, Sign


def arrive(partner: Partner, ride_id: UUID, *, now: datetime) -> Ride:
    """Report an arrival, for which the partner's present position must be at the place. Idempotent.

    Raises: `Missing`, `Conflict` (`not_at_place`, `arrival_disputed`, `ride_in_progress`, …).
    """
    found = own_ride(partner, ride_id)
    position = fresh_location(partner, now=now)
    with recorded() as outbox:
        locked = lock_with_ride(found.pk)
        ride = locked.ride
        if ride.arrived_at is None or ride.status not in ACTIVE:
            require_en_route(ride)
            require_undisputed(ride)
            _require_at_place(position, locked.request)
            _arrive(outbox, locked, Sign.REPORTED, now=now)
        outbox.result(ride)
    return ride


def notice(partner_id: UUID, position: Position, *, now: datetime) -> None:
    """Act on the positions of a partner on a ride, the last of which is given: an arrival, or that they have left.

    Does nothing if the position doesn't mean anything in the ride's present state. Call it outside a transaction.
    """
    found = Ride.objects.filter(partner_id=partner_id, status__in=ACTIVE).first()
    if found is None:
        return
    with recorded() as outbox:
        locked = lock_with_ride(found.pk)
        request, _, ride = locked
        away = away_m(position, request)
        if ride.status == RideStatus.EN_ROUTE and ride.arrived_at is None:
            if ride.disputed_at is None and away <= settings.ARRIVAL_RADIUS_M:
                _arrive(outbox, locked, Sign.NOTICED, now=now)
        elif ride.status == RideStatus.EN_ROUTE and away > settings.LEFT_PLACE_M:
            arrivals.take_back_arrival(ride, Sign.LEFT, now=now)
            tell(outbox, locked)
        elif ride.status == RideStatus.IN_PROGRESS and ride.parted_at is None and away > settings.PARTED_M:
            arrivals.note_parted(ride, now=now)
            suspect_parting(locked, position, now=now)
            watch_on_commit(ride, request, locked.partner)


def _arrive(outbox: Outbox, locked: LockedRide, sign: Sign, *, now: datetime) -> None:
    arrivals.arrive(locked.ride, sign, wait=wait_of(locked.request), now=now)
    on_the_way = now - locked.ride.accepted_at
    STAGE.observe_on_commit(on_the_way.total_seconds(), "arrived", locked.request.region.slug)
    tell(outbox, locked)


def report_no_show(partner: Partner, ride_id: UUID, *, now: datetime) -> Ride:
    """Report a no-show: cancel ride and request, and charge the fee. The partner must be there and have waited.

    Raises: `Missing`, `Conflict` (`ride_in_progress`, `arrival_disputed`, `not_arrived`, `too_early`, `not_at_place`).
    """
    found = own_ride(partner, ride_id)
    position = fresh_location(partner, now=now)
    with recorded() as outbox:
        locked = lock_with_ride(found.pk)
        request, _, ride = locked
        _require_waited(ride, now=now)
        _require_at_place(position, request)
        suspect_silent_wait(locked, now=now)  # before the payment, whose payout a flag holds
        cancel_ride(ride, actor=partner.user, now=now, reason=Reason(RideClosed.NO_SHOW))
        charge_no_show(ride, prices_of(request), outbox, now=now)
        request.move(RequestStatus.CANCELLED, actor=partner.user, at=now, reason="no_show", closed_code="no_show")
        holds.release(request.pk, now=now)
        free_partner(locked.partner, actor=partner.user, now=now, reason="no-show")
        announce.request_updated(outbox, request)
        announce.ride_updated(outbox, ride, locked.partner)
        outbox.result(ride)
    return ride


def _require_waited(ride: Ride, *, now: datetime) -> None:
    require_en_route(ride)
    require_undisputed(ride)
    arrivals.require_arrived(ride)
    if ride.no_show_at is not None and now < ride.no_show_at:
        left = (ride.no_show_at - now).total_seconds()
        raise Conflict("too_early", "Wait another %(seconds)s seconds for the user.", seconds=round(left))


def _require_at_place(position: Position | None, request: CheerRequest) -> None:
    if position is None or away_m(position, request) > settings.ARRIVAL_RADIUS_M:
        raise Conflict("not_at_place", "You are not at the place of the request.")


def wait_of(request: CheerRequest) -> timedelta:
    """How long a partner waits for the user after their arrival."""
    return timedelta(seconds=prices_of(request).no_show_wait_s)


def tell(outbox: Outbox, locked: LockedRide) -> None:
    """Tell both sides of an arrival, or that it was taken back, and watch for what may come next."""
    ride = locked.ride
    later = announce.arrived(ride, at=ride.arrived_at) if ride.arrived_at is not None else None
    announce.ride_updated(outbox, ride, locked.partner, later)
    watch_on_commit(locked.ride, locked.request, locked.partner)
