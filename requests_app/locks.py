"""Row locks, always in one order so that no two transactions wait for each other:
requests by id → partners by id → offers → rides → payments → event streams.

On SQLite a writing transaction holds the whole database from its start (BEGIN IMMEDIATE), and these are plain reads.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model

from accounts.models import Partner
from accounts.states import PartnerStatus
from core.errors import Missing
from core.statements import select_all, select_where
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import RequestStatus
from rides.models import Ride

M = TypeVar("M", bound=Model)


def lock_request(request_id: UUID) -> CheerRequest:
    """The request, held until the transaction ends. This and the others raise `Missing` where there is none."""
    return _locked(CheerRequest, request_id)


def lock_partner(partner_id: UUID) -> Partner:
    """The partner, held until the transaction ends."""
    return _locked(Partner, partner_id)


def lock_offer(offer_id: UUID) -> Offer:
    """The offer, held until the transaction ends."""
    return _locked(Offer, offer_id)


def lock_ride(ride_id: UUID) -> Ride:
    """The ride, held until the transaction ends."""
    return _locked(Ride, ride_id)


def _locked(model: type[M], pk: UUID) -> M:
    for row in select_all(model, lock=True, id=pk):
        return row
    raise Missing


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


def lock_nearest_free_partner(request: CheerRequest, ids: Sequence[UUID]) -> Partner | None:
    """For a request that is yet to be inserted, the first of the partners who is available, fits it and is held by
    nobody else.

    None where there is no such partner, or where another request waits in the region.
    """
    if not ids:
        return None
    types = request.request_type.partner_types
    key = Partner._meta.pk
    values = [key.get_db_prep_value(pk, connection) for pk in ids]
    region, user = (key.get_db_prep_value(pk, connection) for pk in (request.region_id, request.user_id))
    parameters = [*values, region, PartnerStatus.AVAILABLE.value, user, *types]
    parameters += [region, RequestStatus.PENDING.value, *values]
    lock = connection.ops.for_update_sql(skip_locked=True) if connection.features.has_select_for_update else ""
    return next(iter(select_where(Partner, _nearest_free(len(ids), len(types)) + lock, parameters)), None)


@cache
def _nearest_free(ids: int, types: int) -> str:
    """The condition for so many partners and types, in the order of its parameters. Composed once: this is hot."""
    quote = connection.ops.quote_name
    requests = quote(CheerRequest._meta.db_table)
    fits = f"AND type IN ({', '.join(['%s'] * types)}) " if types else ""
    order = " ".join(f"WHEN %s THEN {place}" for place in range(ids))
    return (
        f"id IN ({', '.join(['%s'] * ids)}) "  # noqa: S608  # no outside text
        f"AND region_id = %s AND status = %s AND user_id <> %s {fits}"
        f"AND NOT EXISTS (SELECT 1 FROM {requests} WHERE region_id = %s AND status = %s) "
        f"ORDER BY CASE id {order} END LIMIT 1 "
    )
