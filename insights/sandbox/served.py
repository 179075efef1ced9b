"""Which requests count, and which were served: what the rows of a request and its rides tell. Pure."""

from datetime import datetime
from typing import Protocol

from requests_app.reasons import RequestClosed
from rides.reasons import RideClosed
from rides.states import RideStatus

NEVER_MATCHED = {RequestClosed.CARD_DECLINED, RequestClosed.CARD_NOT_CONFIRMED}


class RideFacts(Protocol):
    """The columns of a ride that tell whether its partner came."""

    @property
    def status(self) -> str: ...
    @property
    def arrived_at(self) -> datetime | None: ...
    @property
    def start_time(self) -> datetime | None: ...
    @property
    def closed_code(self) -> str: ...


def is_served(ride: RideFacts) -> bool:
    """Whether a partner came to the place for good, be it that nobody was there."""
    there = (ride.arrived_at or ride.start_time) is not None
    return there and (ride.status != RideStatus.CANCELLED or ride.closed_code == RideClosed.NO_SHOW)


def arrival_of(ride: RideFacts) -> datetime:
    """Return when the partner of a served request came."""
    arrived = ride.arrived_at or ride.start_time
    assert arrived is not None  # noqa: S101  # it is served
    return arrived
