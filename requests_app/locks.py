"""Row locks, always in one order so that no two transactions wait for each other:
requests by id → partners by id → offers → rides → payments → event streams.

On SQLite a writing transaction holds the whole database from its start (BEGIN IMMEDIATE), and these are plain reads.
"""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import Partner
from accounts.states import PartnerStatus
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import RequestStatus
from rides.models import Ride


def lock_request(request_id: UUID) -> CheerRequest:
    """The request, held until the transaction ends."""
    requests = CheerRequest.objects.select_for_update(of=("self",)).select_related("region", "user")
    return requests.get(pk=request_id)


def lock_partner(partner_id: UUID) -> Partner:
    """The partner, held until the transaction ends."""
    return Partner.objects.select_for_update(of=("self",)).select_related("region", "user").get(pk=partner_id)


def lock_offer(offer_id: UUID) -> Offer:
    """The offer, held until the transaction ends."""
    return Offer.objects.select_for_update().get(pk=offer_id)


def lock_ride(ride_id: UUID) -> Ride:
    """The ride, held until the transaction ends."""
    return Ride.objects.select_for_update(of=("self",)).select_related("user").get(pk=ride_id)


def lock_free_requests(ids: Iterable[UUID]) -> dict[UUID, int]:
    """Those of the requests that are pending and held by nobody else, each with its attempts so far."""
    rows = CheerRequest.objects.select_for_update(of=("self",), skip_locked=True).filter(
        pk__in=list(ids), status=RequestStatus.PENDING
    )
    return dict(rows.order_by("pk").values_list("pk", "attempts"))


def lock_free_partners(ids: Iterable[UUID], region: Region) -> set[UUID]:
    """Those of the partners that are available in the region and held by nobody else."""
    rows = Partner.objects.select_for_update(of=("self",), skip_locked=True).filter(
        pk__in=list(ids), status=PartnerStatus.AVAILABLE, region=region
    )
    return set(rows.order_by("pk").values_list("pk", flat=True))
