"""Writes about arrival to a locked ride. Each is a step of a larger transaction."""

from datetime import datetime, timedelta
from typing import Any

from django.db import router

from core.errors import Conflict
from core.sql import compare_and_set, insert_all
from rides.models import Ride, RideSign
from rides.states import RideStatus, Sign


def require_en_route(ride: Ride) -> None:
    """Raise `Conflict` unless the partner is on the way or waits at the place."""
    if ride.status == RideStatus.IN_PROGRESS:
        raise Conflict("ride_in_progress", "The session has started.")
    if ride.status != RideStatus.EN_ROUTE:
        raise Conflict(f"ride_{ride.status}", "The state of this ride does not allow that.")


def require_undisputed(ride: Ride) -> None:
    """Raise `Conflict` if the user has said that nobody is there."""
    if ride.disputed_at is not None:
        raise Conflict("arrival_disputed", "The user says that nobody is there. Ask them for their PIN.")


def arrive(ride: Ride, sign: Sign, *, wait: timedelta, now: datetime) -> None:
    """Record that the partner is at the place. The wait for a user who is not there begins."""
    at = max(now, ride.accepted_at)  # the clock may have stepped back
    _record(ride, sign, now=now, arrived_at=at, no_show_at=at + wait)


def take_back_arrival(ride: Ride, sign: Sign, *, now: datetime, **changes: Any) -> None:
    """Record that the partner is not at the place any more, or never was."""
    _record(ride, sign, now=now, arrived_at=None, no_show_at=None, user_here_at=None, **changes)


def note_user_here(ride: Ride, *, wait: timedelta, now: datetime) -> None:
    """Record that the user says that they are there, from when the wait for them begins again.

    Only the first time since the arrival counts, so a partner doesn't wait for ever for a user who only says so.
    """
    require_arrived(ride)
    if ride.user_here_at is None and ride.arrived_at is not None:
        at = max(now, ride.arrived_at)
        _record(ride, Sign.USER_HERE, now=now, user_here_at=at, no_show_at=at + wait)


def require_arrived(ride: Ride) -> None:
    """Raise `Conflict` if the partner has not arrived."""
    if ride.arrived_at is None:
        raise Conflict("not_arrived", "The partner has not arrived.")


def dispute_arrival(ride: Ride, *, now: datetime) -> None:
    """Record that the user says that nobody is there. The arrival is taken back, and only their PIN starts a session.

    Raises `Conflict` (`not_arrived`).
    """
    require_arrived(ride)
    take_back_arrival(ride, Sign.NOBODY_HERE, now=now, disputed_at=now)


def dispute_session(ride: Ride, *, now: datetime) -> None:
    """Record that the user says that nobody is there, although the session runs.

    Raises `Conflict`: `started_with_pin`, or `too_late` once the first increment is over.
    """
    if ride.needs_pin:
        raise Conflict("started_with_pin", "The session was started with the PIN that only you knew.")
    if ride.elapsed(now) > timedelta(seconds=ride.tariff_increment_s):
        raise Conflict("too_late", "The session has run for too long. You can end it, and write to us.")
    _record(ride, Sign.NOBODY_HERE, now=now, disputed_at=now)


def note_silence(ride: Ride, *, now: datetime) -> None:
    """Record that nothing has been heard of the partner who waits at the place."""
    _record(ride, Sign.SILENT, now=now)


def note_parted(ride: Ride, *, now: datetime) -> None:
    """Record that the partner has left the running session."""
    _record(ride, Sign.PARTED, now=now, parted_at=max(now, ride.start_time or now))


def _record(ride: Ride, sign: Sign, *, now: datetime, **changes: datetime | None) -> None:
    using = router.db_for_write(Ride, instance=ride)
    if changes:
        compare_and_set(Ride, [ride.pk], {}, changes, using=using)
    insert_all([RideSign(ride=ride, sign=sign, at=now)], using=using)
    for name, value in changes.items():
        setattr(ride, name, value)
