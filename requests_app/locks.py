"""Row locks, always in one order so that no two transactions wait for each other:
requests by id → partners by id → offers → rides → payments → event streams.

On SQLite a writing transaction holds the whole database from its start (BEGIN IMMEDIATE), and these are plain reads.
"""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import Partner
from requests_app.models import CheerRequest, Offer
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


def lock_free_requests(ids: Iterable[UUID]) -> dict[UUID, CheerRequest]:
    """Those of the requests that nobody else holds."""
    rows = CheerRequest.objects.select_for_update(of=("self",), skip_locked=True).select_related("region", "user")
    return {row.pk: row for row in rows.filter(pk__in=list(ids)).order_by("pk")}


def lock_free_partners(ids: Iterable[UUID]) -> dict[UUID, Partner]:
    """Those of the partners that nobody else holds."""
    rows = Partner.objects.select_for_update(of=("self",), skip_locked=True).select_related("region", "user")
    return {row.pk: row for row in rows.filter(pk__in=list(ids)).order_by("pk")}
