"""The pages of words about requests. A later state overtakes a word, which then has no page and is not sent."""

from uuid import UUID

from django.db.models import Q

from accounts.words import word_page
from notifications.words import WordKind
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from rides.models import Ride
from rides.states import RideStatus


@word_page(WordKind.COMING)
def _while_coming(ride_id: UUID) -> str | None:
    return _page_of_ride(ride_id, Q(status=RideStatus.EN_ROUTE, arrived_at=None))


@word_page(WordKind.ARRIVED)
def _while_there(ride_id: UUID) -> str | None:
    waiting = Q(status=RideStatus.EN_ROUTE, arrived_at__isnull=False)
    return _page_of_ride(ride_id, waiting | Q(status=RideStatus.IN_PROGRESS))


@word_page(WordKind.OVER)
def _once_over(ride_id: UUID) -> str | None:
    return _page_of_ride(ride_id, Q(status=RideStatus.COMPLETED))


@word_page(WordKind.NO_MATCH)
def _while_nobody_is_found(request_id: UUID) -> str | None:
    standing = CheerRequest.objects.filter(pk=request_id, status=RequestStatus.NO_MATCH).exists()
    return f"/cheer/{request_id}" if standing else None


def _page_of_ride(ride_id: UUID, standing: Q) -> str | None:
    request_id = Ride.objects.filter(standing, pk=ride_id).values_list("request_id", flat=True).first()
    return f"/cheer/{request_id}" if request_id else None
