"""Reads of requests and offers, limited to those each reader may see."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from math import inf
from typing import Any
from uuid import UUID

from django.db import router
from django.db.models import Q, QuerySet

from accounts.models import Partner, Role, User
from accounts.permissions import require
from accounts.staff_regions import within
from core.errors import Missing
from core.recent import Recent
from core.rows import read_row
from regions import policies
from regions.geometry import S_PER_M
from regions.models import Prices
from regions.selectors import policy_of, terms_by_id, usual_patience, usual_radii_m
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.rules import RULES, Rules
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
    usual, wider_m = usual_radii_m(request.region_id), request.reach_m
    return usual if wider_m is None or wider_m <= usual[-1] else [*usual, wider_m]


def patience(request: CheerRequest) -> timedelta:
    """The time for which a request is matched before it becomes a dead letter."""
    own = request.patience_s
    return usual_patience(request.region_id) if own is None else timedelta(seconds=own)


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The rules of a version of a region's policy; version 0 stands for the usual ones."""

    version: int
    rules: Rules

    @property
    def uncapped_m(self) -> float:
        """The distance, in metres, within which a lone request gets its nearest partner in any shortage."""
        return self.rules.cap_least_s / S_PER_M if self.rules.cap_lone else inf

    @property
    def recorded(self) -> dict[str, Any]:
        """The part of the record of a decision (`matching/decisions.py`) that tells them."""
        said: dict[str, Any] = {"rules": list(astuple(self.rules))}
        return {**said, "policy": self.version} if self.version else said


@lru_cache(maxsize=1024)
def _with(version: int, said: Iterable[Any]) -> RulesInForce:
    named = zip(policies.RULES, said, strict=True)
    return RulesInForce(version, replace(RULES, **{name: value for name, value in named if value is not None}))


def rules_of(region_id: UUID) -> RulesInForce:
    """Return the rules in force in a region: the usual ones, with what its policy says in their place."""
    policy = policy_of(region_id)
    return _with(policy.version, tuple(getattr(policy, name) for name in policies.RULES))


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
