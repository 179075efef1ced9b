"""The read model of a ride, computed for one reader at one moment. Serializers only rename its fields."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import User
from api.fields import Money
from core.prices import Tariff
from rides.models import Ride
from rides.states import ACTIVE, RideStatus


@dataclass(frozen=True, slots=True)
class RideView:
    """A ride as its user or partner sees it; fields that the reader may not see are None."""

    id: UUID
    request_id: UUID
    user_id: UUID
    partner_id: UUID
    status: str
    accepted_at: datetime
    arrived_at: datetime | None
    user_here_at: datetime | None
    disputed_at: datetime | None
    no_show_at: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    ended_by: str | None
    elapsed_s: float
    fare: Money | None
    covered_until: datetime | None
    tariff: Tariff
    rating: int | None
    pin_required: bool
    pin: str | None
    user_name: str | None


def ride_view(ride: Ride, viewer: User, *, now: datetime) -> RideView:
    """A ride as one reader sees it at `now`. Queries the ride's partner and user unless they are loaded."""
    shows_pin = ride.status == RideStatus.EN_ROUTE and viewer.pk == ride.user_id
    shows_name = ride.status in ACTIVE and viewer.pk == ride.partner.user_id
    fare = ride.fare(now)
    return RideView(
        id=ride.pk,
        request_id=ride.request_id,
        user_id=ride.user_id,
        partner_id=ride.partner_id,
        status=ride.status,
        accepted_at=ride.accepted_at,
        arrived_at=ride.arrived_at,
        user_here_at=ride.user_here_at,
        disputed_at=ride.disputed_at,
        no_show_at=ride.no_show_at if ride.status == RideStatus.EN_ROUTE else None,
        start_time=ride.start_time,
        end_time=ride.end_time,
        ended_by=ride.ended_by or None,
        elapsed_s=ride.elapsed(now).total_seconds(),
        fare=None if fare is None else Money(fare, ride.tariff_currency),
        covered_until=ride.covered_until,
        tariff=ride.tariff,
        rating=ride.rating,
        pin_required=ride.needs_pin,
        pin=(ride.pin or None) if shows_pin else None,
        user_name=(ride.user.name or None) if shows_name else None,
    )
