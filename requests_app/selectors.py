"""Reads of requests and offers, limited to those each reader may see."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import router
from django.db.models import Q, QuerySet

from accounts.models import Partner, Role, User
from accounts.permissions import require
from accounts.staff_regions import within
from core.errors import Missing
from core.recent import Recent
from core.rows import read_row
from regions.models import Prices
from regions.selectors import terms_by_id
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.states import OPEN, OfferStatus
from rides.states import ACTIVE

VIEW_REQUEST = "requests_app.view_cheerrequest"


def request_types() -> QuerySet[RequestType]:
    """The active kinds of cheer, in display order."""
    return RequestType.objects.filter(active=True)


def _read_types() -> dict[str, RequestType]:
    return {kind.slug: kind for kind in request_types()}


request_types_by_slug = Recent(_read_types, kept_s=5.0)  # in display order; every new request needs one


def prices_of(request: CheerRequest) -> Prices:
    """The prices, fees and holds that the user of a request has agreed to."""
    return request.region if request.terms_id is None else terms_by_id(request.terms_id)


def radii_m(request: CheerRequest) -> list[int]:
    """The search radius of each wave, in metres, in ascending order: the usual ones, then what staff have chosen."""
    usual, wider_m = settings.MATCH_RADIUS_M, request.reach_m
    return usual if wider_m is None or wider_m <= usual[-1] else [*usual, wider_m]


def patience(request: CheerRequest) -> timedelta:
    """The time for which a request is matched before it becomes a dead letter."""
    return timedelta(seconds=request.patience_s or settings.REQUEST_PATIENCE_S)


def requests_of(user: User) -> QuerySet[CheerRequest]:
    """The requests of an account."""
    return CheerRequest.objects.select_related("region", "user").filter(user_id=user.pk)


def request_of(user: User, request_id: UUID, *, now: datetime) -> CheerRequest:
    """A request that this account may see.

    Its user may always see it; a partner may while it is offered to them or they serve it; staff need the right.

    Raises: `Missing`, also if the account may not see it; `Forbidden` for staff without the right.
    """
    requests = CheerRequest.objects.select_related("region", "user")
    if user.role == Role.STAFF:
        require(user, VIEW_REQUEST)
        requests = within(requests, user, "region")
    else:
        offered = Q(offers__partner__user_id=user.pk, offers__status=OfferStatus.PENDING, offers__expires_at__gt=now)
        served = Q(rides__partner__user_id=user.pk, rides__status__in=ACTIVE)
        requests = requests.filter(Q(user_id=user.pk) | offered | served).distinct()
    request = requests.filter(pk=request_id).first()
    if request is None:
        raise Missing
    return request


def open_request_of(user: User) -> CheerRequest | None:
    """The account's open request, if it has one: by constraint, one at most."""
    using = router.db_for_read(CheerRequest)
    return read_row(CheerRequest, "region", "user", using=using, user_id=user.pk, status=[*OPEN])


def open_offers_of(partner: Partner, *, now: datetime) -> QuerySet[Offer]:
    """The partner's open offers (at most one, by constraint)."""
    return Offer.objects.select_related("request").filter(
        partner=partner, status=OfferStatus.PENDING, expires_at__gt=now
    )


def latest_offer_id(partner: Partner, request_id: UUID | None) -> UUID:
    """The id of this partner's newest offer for a request. Raises `Missing`."""
    offers = Offer.objects.filter(partner=partner, request_id=request_id).order_by("-created_at")
    found = offers.values_list("pk", flat=True).first()
    if found is None:
        raise Missing
    return found
