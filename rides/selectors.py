"""Queries of rides, limited to those that the reader may see."""

from uuid import UUID

from django.db import router
from django.db.models import Q, QuerySet

from accounts.models import Partner, Role, User
from accounts.permissions import require
from accounts.staff_regions import within
from core.errors import Missing
from core.rows import read_row
from regions.models import Prices
from rides.models import Ride
from rides.states import ACTIVE

VIEW_RIDE = "rides.view_ride"
VIEW_PAYMENT = "payments.view_payment"


def rides_of(user: User) -> QuerySet[Ride]:
    """The rides that an account took part in; for staff those of their regions.

    Most accounts are on one side of all their rides, so an index has these in order. Only for a partner who had rides
    as a user before, both sides are read and sorted. Raises `Forbidden` for staff without the right.
    """
    if user.role == Role.STAFF:
        return _all_rides(user)
    asked, rides = Q(user_id=user.pk), Ride.objects.select_related("partner__region", "user")
    partner_id = Partner.objects.filter(user_id=user.pk).values_list("pk", flat=True).first()
    if partner_id is None:
        return rides.filter(asked)
    served = Q(partner_id=partner_id)
    return rides.filter(asked | served if Ride.objects.filter(asked).exists() else served)


def ride_of(user: User, ride_id: UUID) -> Ride:
    """A ride that the account may see. Raises `Missing` for any other."""
    rides = _all_rides(user)
    if user.role != Role.STAFF:
        rides = rides.filter(Q(user_id=user.pk) | Q(partner__user_id=user.pk))
    return _one(rides.filter(pk=ride_id))


def _all_rides(reader: User) -> QuerySet[Ride]:
    rides = Ride.objects.select_related("partner__region", "user")
    if reader.role == Role.STAFF:
        require(reader, VIEW_RIDE)
        return within(rides, reader, "request__region")
    return rides


def own_ride(partner: Partner, ride_id: UUID) -> Ride:
    """A ride that a partner serves or has served, with its request. Raises `Missing` for any other."""
    return _found(read_row(Ride, "request", using=router.db_for_read(Ride), id=ride_id, partner_id=partner.pk))


def ride_of_user(user: User, ride_id: UUID) -> Ride:
    """A ride that a user has asked for. Raises `Missing` for any other."""
    return _one(Ride.objects.filter(pk=ride_id, user=user))


def ride_of_side(account: User, ride_id: UUID) -> Ride:
    """A ride that an account takes part in, as its partner or its user. Raises `Missing` for any other."""
    ride = _found(read_row(Ride, "partner", using=router.db_for_read(Ride), id=ride_id))
    if account.pk not in (ride.user_id, ride.partner.user_id):
        raise Missing
    return ride


def _one(rides: QuerySet[Ride]) -> Ride:
    return _found(rides.first())


def _found(ride: Ride | None) -> Ride:
    if ride is None:
        raise Missing
    return ride


def ride_with_bill_of(user: User, ride_id: UUID) -> Ride:
    """A ride of which the account may see the bill. Raises `Missing`, and `Forbidden` for staff without the rights."""
    if user.role == Role.STAFF:
        require(user, VIEW_RIDE, VIEW_PAYMENT)
    return ride_of(user, ride_id)


def prices_of(ride: Ride) -> Prices:
    """The prices that the ride's request was made under; those of its region if it was made by an older release."""
    prices: Prices = ride.request.terms or ride.request.region
    return prices


def active_ride_of_partner(partner: Partner) -> Ride | None:
    """The ride that a partner is on, if any."""
    return Ride.objects.select_related("partner__region", "user").filter(partner=partner, status__in=ACTIVE).first()


def active_ride_of_user(user: User) -> Ride | None:
    """The active ride of a user, if any."""
    return Ride.objects.select_related("partner__region", "user").filter(user=user, status__in=ACTIVE).first()
