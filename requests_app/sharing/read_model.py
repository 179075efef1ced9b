"""The view of a shared cheer. The serializer only renames it."""

from dataclasses import dataclass
from datetime import datetime

from accounts.locations import current_location
from accounts.read_model import VisiblePartner
from api.fields import LatLng
from requests_app.models import ShareLink
from requests_app.read_model import LOOKED_FOR
from rides.models import Ride
from rides.states import ACTIVE


@dataclass(frozen=True, slots=True)
class SharedView:
    """One cheer, as anyone with its link may see it."""

    name: str
    request_type: str
    status: str
    ride_status: str | None
    start_time: datetime | None
    location: LatLng | None
    partner: VisiblePartner | None
    expires_at: datetime


def shared_view(link: ShareLink) -> SharedView:
    """A shared cheer. Its place and partner are shown only while it is under way.

    The partner's position is read from Valkey, so call this outside a transaction.
    """
    request = link.request
    ride = Ride.objects.select_related("partner__region").filter(request=request, status__in=ACTIVE).first()
    return SharedView(
        name=request.user.get_short_name() if request.user.name else "",
        request_type=request.request_type_id,
        status=request.status,
        ride_status=ride.status if ride else None,
        start_time=ride.start_time if ride else None,
        location=LatLng(request.lat, request.lng) if ride or request.status in LOOKED_FOR else None,
        partner=VisiblePartner.of(ride.partner, current_location(ride.partner)) if ride else None,
        expires_at=link.expires_at,
    )
