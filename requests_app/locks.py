"""Row locks, always in one order so that no two transactions wait for each other:
requests by id → partners by id → offers → rides → payments → event streams.

A lock lasts until the transaction ends; outside a transaction, taking one raises `TransactionManagementError`. A row
comes with the rows that its readers need. `using` is the alias of a database; a router chooses one by default.
No lock keeps others from committing rows that point at the locked one (`FOR NO KEY UPDATE`).
On SQLite a writing transaction holds the whole database from its start (BEGIN IMMEDIATE), and these are plain reads.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db import router
from django.db.models import Model

from accounts.models import Partner
from accounts.states import PartnerStatus
from core.errors import Missing
from core.rows import lock_first, read_row
from core.sql import require_transaction
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import RequestStatus
from rides.models import Ride

M = TypeVar("M", bound=Model)
# What an offer or a ride comes with: the request and the partner, and the rows that their readers need.
SIDES = ("request", "request__user", "request__region", "partner", "partner__user", "partner__region")


class LockedOffer(NamedTuple):
    """An offer with its request and its partner, all locked."""

    request: CheerRequest
    partner: Partner
    offer: Offer


class LockedRide(NamedTuple):
    """A ride with its request and its partner, all locked."""

    request: CheerRequest
    partner: Partner
    ride: Ride


def lock_request(request_id: UUID, using: str | None = None) -> CheerRequest:
    """Lock a request; it comes with its user and region. Raises: `Missing` if it doesn't exist."""
    return _locked(CheerRequest, request_id, "user", "region", using=using)


def lock_partner(partner_id: UUID, using: str | None = None) -> Partner:
    """Lock a partner; they come with their account and region. Raises: `Missing` if they don't exist."""
    return _locked(Partner, partner_id, "user", "region", using=using)


def lock_offer(offer_id: UUID, using: str | None = None) -> Offer:
    """Lock an offer. Raises: `Missing` if it doesn't exist."""
    return _locked(Offer, offer_id, using=using)


def lock_ride(ride_id: UUID, using: str | None = None) -> Ride:
    """Lock a ride; it comes with its user. Raises: `Missing` if it doesn't exist."""
    return _locked(Ride, ride_id, "user", using=using)


def _locked(
    model: type[M], pk: UUID, *related: str, using: str | None, after: tuple[str, ...] = (), **owned: UUID
) -> M:
    row = read_row(model, *related, using=using or router.db_for_write(model), lock=after or True, id=pk, **owned)
    if row is None:
        raise Missing
    return row


def lock_with_offer(offer_id: UUID, using: str | None = None, **owned: UUID) -> LockedOffer:
    """Lock an offer's request, its partner and then the offer itself, in one statement. They come with one another.

    Raises: `Missing`, with nothing locked, if the offer doesn't exist or its columns differ from those in `owned`.
    """
    offer = _locked(Offer, offer_id, *SIDES, using=using, after=("request", "partner"), **owned)
    return LockedOffer(offer.request, offer.partner, offer)


def lock_with_ride(ride_id: UUID, using: str | None = None) -> LockedRide:
    """Lock a ride's request, its partner and then the ride itself, in one statement. They come with one another.

    Raises: `Missing` if it doesn't exist.
    """
    ride = _locked(Ride, ride_id, *SIDES, using=using, after=("request", "partner"))
    if ride.user_id == ride.request.user_id:
        ride.user = ride.request.user
    return LockedRide(ride.request, ride.partner, ride)


def lock_free_requests(ids: Iterable[UUID], using: str | None = None) -> dict[UUID, int]:
    """Lock those of the requests that are pending and not locked by another transaction.

    Returns: the number of attempts so far of each.
    """
    using = using or router.db_for_write(CheerRequest)
    require_transaction(using)  # SQLite has no row locks, so Django would not raise there
    free = CheerRequest.objects.using(using).filter(pk__in=list(ids), status=RequestStatus.PENDING)
    locked = free.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return dict(locked.order_by("pk").values_list("pk", "attempts"))


def lock_free_partners(ids: Iterable[UUID], region: Region, using: str | None = None) -> set[UUID]:
    """Lock those of the partners that are available in the region and not locked by another transaction."""
    using = using or router.db_for_write(Partner)
    require_transaction(using)
    free = Partner.objects.using(using).filter(pk__in=list(ids), status=PartnerStatus.AVAILABLE, region=region)
    locked = free.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return set(locked.order_by("pk").values_list("pk", flat=True))


def lock_nearest_free_partner(
    request: CheerRequest, ids: Sequence[UUID], using: str | None = None, *, new: bool = True
) -> tuple[Partner | None, dict[UUID, str]]:
    """Lock the first of the partners who is available, fits a request and is not locked by another transaction.

    Returns: None if no partner is, or, for a `new` request, which has no row yet, if another is pending in the region;
        and if the kind of cheer asks for types of partners, the type of each.
    """
    if not ids:
        return None, {}
    having: dict[str, list[object]] = {"region_id": [request.region_id], "status": [PartnerStatus.AVAILABLE]}
    if request.request_type.partner_types:
        having["type"] = list(request.request_type.partner_types)
    return lock_first(
        Partner,
        ids,
        using=using or router.db_for_write(Partner),
        having=having,
        other_than={"user_id": request.user_id},
        unless=(CheerRequest, {"region_id": request.region_id, "status": RequestStatus.PENDING}) if new else None,
        told="type" if request.request_type.partner_types else None,
    )
