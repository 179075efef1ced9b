"""Counts what became of the requests of a half hour of a switchback, from their rows."""

from uuid import UUID

from django.db import router

from insights.sandbox.models import SwitchbackSlot
from insights.sandbox.served import NEVER_MATCHED, arrival_of, is_served
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from rides.models import Ride


def count_slot(slot: SwitchbackSlot) -> None:
    """Count the requests made from `since` on again, in place of what was counted before."""
    using = router.db_for_read(CheerRequest)
    made = CheerRequest.objects.using(using).filter(
        region=slot.switchback.region_id,
        status__in=RequestStatus.values,  # all of them: they lead the index
        created_at__gte=slot.since,
        created_at__lt=slot.ends_at,
    )
    rows = made.exclude(closed_code__in=NEVER_MATCHED).values_list("pk", "created_at", "status")
    created = {pk: at for pk, at, _ in rows}
    waits_s: dict[UUID, float] = {}
    rides = Ride.objects.using(using).filter(request__in=list(created))  # of one half hour: few enough for a statement
    for ride in rides:
        if is_served(ride):
            waits_s[ride.request_id] = (arrival_of(ride) - created[ride.request_id]).total_seconds()
    SwitchbackSlot.objects.filter(pk=slot.pk).update(
        requests=len(created),
        unmatched=sum(status == RequestStatus.NO_MATCH for _, _, status in rows),
        served=len(waits_s),
        waited_s=sum(waits_s.values()),
    )
