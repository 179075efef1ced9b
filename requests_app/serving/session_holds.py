"""Further holds for running sessions, and the end of sessions whose holds are used up."""

from datetime import datetime, timedelta
from uuid import UUID

from notifications.events import recorded
from payments import configuration
from payments.books import holds
from payments.models import Customer, Hold
from payments.states import HoldStatus
from requests_app.locks import lock_request, lock_ride
from requests_app.models import CheerRequest
from requests_app.selectors import prices_of
from requests_app.serving.fulfilment import end_uncovered
from rides.models import Ride
from rides.states import RideStatus

EXTEND_BEFORE = timedelta(minutes=3)  # a further hold is placed this long before the cover ends
BATCH = 200  # sessions per pass


def sweep_sessions(now: datetime) -> None:
    """Place further holds for sessions whose cover is about to end, and end sessions whose cover has ended."""
    if not configuration.enabled():
        return
    running = Ride.objects.filter(status=RideStatus.IN_PROGRESS, covered_until__lte=now + EXTEND_BEFORE)
    for ride_id, until in list(running.values_list("pk", "covered_until")[:BATCH]):
        if until is not None and until <= now:
            end_uncovered(ride_id, now=now)
        else:
            _extend(ride_id, now=now)


def _extend(ride_id: UUID, *, now: datetime) -> None:
    request_id = Ride.objects.values_list("request_id", flat=True).get(pk=ride_id)
    with recorded():
        request = lock_request(request_id)
        ride = lock_ride(ride_id)
        customer = Customer.objects.filter(user=ride.user_id).exclude(card_reference="").first()
        if customer is None or ride.status != RideStatus.IN_PROGRESS or not _may_extend(request):
            return
        holds.place(
            customer,
            request_id=request.pk,
            amount=prices_of(request).hold_amount,
            currency=ride.tariff_currency,
            off_session=True,
            now=now,
        )


def _may_extend(request: CheerRequest) -> bool:
    """Whether a further hold is allowed: fewer than its `holds_max`, and the last one was authorized."""
    placed = list(Hold.objects.filter(request=request).order_by("number").values_list("status", flat=True))
    counted = [status for status in placed if status != HoldStatus.EXPIRED]
    settled = not counted or counted[-1] in (HoldStatus.AUTHORIZED, HoldStatus.CAPTURED)
    return settled and len(counted) < prices_of(request).holds_max
