"""Made-up requests, money and partners, whose rows are written step by step, in any order of those who take them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from accounts.models import Partner, PartnerTransition, User
from core.ids import first_id_at
from payments.models import Entry, Payment
from regions.models import Region
from requests_app.models import CheerRequest, CheerRequestTransition, Offer, OfferTransition, RequestType
from requests_app.reasons import DECLINE_CODES
from rides.models import Ride, RideSign, RideTransition

Steps = Iterator[None]  # each `next` writes what one transaction would
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass
class World:
    """Chance, and the time at which rows are written, which only moves on."""

    random: Random
    now: datetime
    entries: int = 0


def request_steps(user: User, partner: Partner, region: Region, at: datetime, world: World) -> Steps:
    """A request, to one of its ends."""
    kind = world.random.choice(list(RequestType.objects.order_by("pk")[:2]))
    request = CheerRequest.objects.create(
        user=user, region=region, request_type=kind, lat=0, lng=0, created_at=at, next_attempt_at=at, give_up_at=at
    )
    _step(CheerRequestTransition, request, "", "pending", at)
    yield
    for _ in range(world.random.randrange(3)):
        at += _while(world)
        if world.random.random() < 0.7:
            yield from _refused(request, partner, at, world)
        if world.random.random() < 0.4:
            yield from _called_off(request, partner, at + SECOND, world)
    at += _while(world)
    end = world.random.choice(["open", "cancelled", "no_match", "served", "served"])
    if end == "served":
        yield from _served(request, partner, at, world)
    elif end != "open":
        codes = {"cancelled": ["cancelled_by_user", "card_declined"], "no_match": ["nobody_accepted"]}[end]
        _move(request, end, at, closed_code=world.random.choice(codes))
        yield


def _while(world: World) -> timedelta:
    return timedelta(
        microseconds=world.random.choice([0, 900_000, 1_000_000, 37_123_456, 2_700_000_000, 9_000_000_001])
    )


def _offer(request: CheerRequest, partner: Partner, at: datetime, world: World) -> Offer:
    offer = Offer.objects.create(
        request=request,
        partner=partner,
        distance_m=world.random.randrange(5000),
        eta_s=60,
        created_at=at,
        expires_at=at + MINUTE,
    )
    _step(OfferTransition, offer, "", "pending", at)
    return offer


def _refused(request: CheerRequest, partner: Partner, at: datetime, world: World) -> Steps:
    offer = _offer(request, partner, at, world)
    status, codes = world.random.choice(
        [("declined", list(DECLINE_CODES)), ("expired", [""]), ("rescinded", ["cancelled", "taken"])]
    )
    if world.random.random() < 0.8:  # else the two steps are of one moment
        yield
    _step(OfferTransition, offer, "pending", status, at + SECOND)
    Offer.objects.filter(pk=offer.pk).update(status=status, closed_code=world.random.choice(codes))
    yield


def _ride(request: CheerRequest, partner: Partner, at: datetime, world: World) -> Ride:
    offer = _offer(request, partner, at, world)
    _step(OfferTransition, offer, "pending", "accepted", at)
    Offer.objects.filter(pk=offer.pk).update(status="accepted")
    ride = Ride.objects.create(
        request=request,
        user=request.user,
        partner=partner,
        accepted_at=at,
        tariff_amount=1000,
        tariff_currency="usd",
        tariff_increment_s=300,
    )
    _step(RideTransition, ride, "", "en_route", at)
    return ride


def _arrived(ride: Ride, at: datetime | None) -> None:
    Ride.objects.filter(pk=ride.pk).update(arrived_at=at)
    RideSign.objects.create(ride=ride, sign="left" if at is None else "noticed", at=at or ride.accepted_at)


def _called_off(request: CheerRequest, partner: Partner, at: datetime, world: World) -> Steps:
    ride = _ride(request, partner, at, world)
    yield
    if world.random.random() < 0.5:
        _arrived(ride, at + MINUTE)
        yield
        if world.random.random() < 0.5:
            _arrived(ride, None)
            yield
    code = world.random.choice(["too_late", "other"])
    Ride.objects.filter(pk=ride.pk).update(status="cancelled", cancelled_at=at, closed_code=code)
    _step(RideTransition, ride, "en_route", "cancelled", at)
    yield


def _served(request: CheerRequest, partner: Partner, at: datetime, world: World) -> Steps:
    ride = _ride(request, partner, at, world)
    yield
    at += _while(world)
    if world.random.random() < 0.7:
        _arrived(ride, at)
        yield
    started = at + _while(world)
    Ride.objects.filter(pk=ride.pk).update(status="in_progress", start_time=started)
    _step(RideTransition, ride, "en_route", "in_progress", started)
    yield
    ended = started + _while(world)
    Ride.objects.filter(pk=ride.pk).update(status="completed", end_time=ended, fare_amount=1000, ended_by="partner")
    _step(RideTransition, ride, "in_progress", "completed", ended)
    _move(request, "completed", ended)
    yield
    yield from _paid(ride, ended, world)


def _paid(ride: Ride, at: datetime, world: World) -> Steps:
    """Book the fare, and sometimes a refund, which comes at once or a month later."""
    payment = Payment.objects.create(
        ride=ride,
        user=ride.user,
        kind=world.random.choice(["fare", "tip", "no_show_fee"]),
        amount=1000,
        currency="usd",
        created_at=at,
    )
    _book("owed", "receivable", "sales", payment, at, world)
    _book("taxed", "sales", "tax", payment, at, world)
    yield
    if world.random.random() < 0.5:
        _book("refunded", "sales", "provider", payment, at + world.random.choice([MINUTE, timedelta(days=30)]), world)
        yield


def _book(kind: str, debit: str, credit: str, payment: Payment, at: datetime, world: World) -> None:
    """Book with a key that is made now, whenever the entry is about."""
    world.entries += 1
    id = UUID(int=first_id_at(world.now).int | world.entries)
    Entry.objects.create(
        id=id, kind=kind, source=str(id), debit=debit, credit=credit, amount=700, currency="usd", payment=payment, at=at
    )


def partner_steps(partner: Partner, at: datetime, world: World) -> Steps:
    """A partner goes online, is asked and busy, and goes offline again, or not."""
    following = {"offline": ["available"], "available": ["offline", "offered"], "busy": ["available", "offline"]}
    following["offered"] = ["available", "busy", "offline"]
    status, steps = "offline", world.random.randrange(8)
    for left in reversed(range(steps)):
        at += _while(world)
        new = world.random.choice(following[status]) if left or world.random.random() < 0.1 else "offline"
        _step(PartnerTransition, partner, status, new, at)
        Partner.objects.filter(pk=partner.pk).update(status=new, status_since=at)
        status = new
        yield


def _move(request: CheerRequest, new: str, at: datetime, **changes: str) -> None:
    _step(CheerRequestTransition, request, "pending", new, at)
    CheerRequest.objects.filter(pk=request.pk).update(status=new, **changes)


def _step(history: type, subject: object, old: str, new: str, at: datetime) -> None:
    history.objects.create(subject=subject, old=old, new=new, at=at)


def in_any_order(lives: list[Steps], world: World, between: Callable[[], None]) -> None:
    """Let lives take their steps, each in its own order, in any order among each other, and while time passes."""
    while lives:
        life = world.random.choice(lives)
        if next(life, life) is life:
            lives.remove(life)
        elif world.random.random() < 0.2:
            world.now += world.random.choice([timedelta(0), MINUTE, timedelta(hours=7)])
            between()
