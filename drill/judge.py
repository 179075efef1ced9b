"""Compares the rows of the database at the end of a drill with what the clients were told."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from accounts.models import Partner, User
from drill.run import Outcome
from notifications.events import frame, partner_recipient, user_recipient
from notifications.models import Event
from payments.models import Payment
from payments.states import PaymentKind
from requests_app.models import CheerRequest, Offer, OfferTransition
from requests_app.states import OPEN, OfferStatus
from rides.models import Ride, RideTransition
from rides.states import ACTIVE, RideStatus
from simulator.feed import Feed, digest


@dataclass
class Facts:
    """Counts at the end of a drill; those of losses, doubles and differences must be 0."""

    requests: int = 0
    final: int = 0
    unfinished: list[str] = field(default_factory=list)  # requests that are still open
    offers: int = 0
    delivered: int = 0
    rides: int = 0
    completed: int = 0
    charged_once: int = 0
    double_rides: int = 0
    double_offers: int = 0
    events: int = 0
    missing: list[str] = field(default_factory=list)  # events that a client never received
    events_different: int = 0
    lost: int = 0  # requests that have not ended
    restarts: int = 0  # streams that started over, because the client's newest event was not in the log
    told_otherwise: list[str] = field(default_factory=list)  # differences between a client's view and the database


def judge(outcome: Outcome, may_be_gone: Callable[[str], bool] = lambda pk: False) -> Facts:
    """Compare the clients' view with the database. Call it once the system is idle.

    `may_be_gone` says of a request or ride whether a failover has lost it, which drill/lost.py judges.
    """
    asked = {story.request_id: story for story in outcome.ledger.asked}
    facts = Facts()
    facts.requests = CheerRequest.objects.count()
    facts.unfinished = [
        f"request {row.pk} of {row.user.email} is {row.status}, with holds {[hold.status for hold in row.holds.all()]}"
        for row in CheerRequest.objects.filter(status__in=OPEN).select_related("user").prefetch_related("holds")
    ]
    facts.final = facts.requests - len(facts.unfinished)
    facts.rides = Ride.objects.count()
    facts.double_rides = _double_rides()
    facts.double_offers = _double_offers()
    facts.completed, facts.charged_once = _charges()
    _compare_events(facts, outcome.feeds)
    facts.restarts = sum(feed.restarts for feed in outcome.feeds)
    without_page = [person.account.email for person in outcome.people if person.feed is None]
    facts.offers = Offer.objects.exclude(partner__user__email__in=without_page).count()  # drill/told.py has the others
    held = {pk: story for pk, story in asked.items() if not may_be_gone(pk)}
    rides = {pk: request_id for pk, request_id in outcome.ledger.rides.items() if not may_be_gone(pk)}
    fares = {pk: amount for pk, amount in outcome.ledger.fares.items() if not may_be_gone(pk)}
    facts.told_otherwise += _requests_differ(held)
    facts.told_otherwise += _rides_differ(rides, fares)
    facts.lost = sum(story.lost for story in held.values())
    return facts


# ---------------------------------------------------------------- nothing twice


def overlaps(steps: Iterable[tuple[Any, str]], opening: str, closing: Iterable[str]) -> int:
    """Count openings of a key that was already open. `steps` are (key, new status), in order."""
    still_open: Counter[Any] = Counter()
    closes = frozenset(closing)
    double = 0
    for key, new in steps:
        if new == opening:
            double += still_open[key] > 0
            still_open[key] += 1
        elif new in closes:
            still_open[key] -= 1
    return double


def _double_offers() -> int:
    steps = OfferTransition.objects.order_by("id")
    closing = set(OfferStatus.values) - {OfferStatus.PENDING}
    return sum(
        overlaps(steps.values_list(key, "new"), OfferStatus.PENDING, closing)
        for key in ("subject__partner_id", "subject__request_id")
    )


def _double_rides() -> int:
    steps = RideTransition.objects.order_by("id")
    closing = set(RideStatus.values) - set(ACTIVE)
    return sum(
        overlaps(steps.values_list(key, "new"), RideStatus.EN_ROUTE, closing)
        for key in ("subject__partner_id", "subject__request_id", "subject__user_id")
    )


def _charges() -> tuple[int, int]:
    """Count the completed rides, and those of them with exactly one payment of their fare."""
    fares = Counter(Payment.objects.filter(kind=PaymentKind.FARE).values_list("ride_id", "amount"))
    rides = Ride.objects.filter(status=RideStatus.COMPLETED).values_list("pk", "fare_amount")
    payments: dict[Any, list[int]] = defaultdict(list)
    for (ride_id, amount), count in fares.items():
        payments[ride_id] += [amount] * count
    return len(rides), sum(payments[pk] == [amount] for pk, amount in rides)


# ---------------------------------------------------------------- what the clients were told


def _compare_events(facts: Facts, feeds: list[Feed]) -> None:
    """Check that each client received every event of its recipient, unchanged, or the state after it in its place.

    Only events logged before the end of the load count: payments may settle after the clients have left.
    """
    for feed in feeds:
        recipient = recipient_of(feed.account.email)
        if feed.since is None or recipient is None:
            continue
        events = Event.objects.filter(recipient=recipient, seq__gt=feed.since)
        if feed.upto is not None:
            events = events.filter(seq__lte=feed.upto)
        for event in events.order_by("seq"):
            facts.events += 1
            heard = feed.heard.get(event.seq)
            written = digest(json.loads(frame(event)))
            if event.seq <= feed.state_at:
                heard = written
            if heard is None:
                facts.missing.append(f"{recipient} was never told {event.type} {event.seq} of {event.created_at}")
            facts.events_different += heard is not None and heard != written
            facts.delivered += heard == written and event.type == "offer"


def recipient_of(email: str) -> str | None:
    """The recipient of an account's events; None if there is no such account."""
    user = User.objects.filter(email=email).first()
    if user is None:
        return None
    partner = Partner.objects.filter(user=user).first()
    return partner_recipient(partner.pk) if partner else user_recipient(user.pk)


def _requests_differ(asked: dict[str, Any]) -> list[str]:
    held = {str(pk): status for pk, status in CheerRequest.objects.values_list("pk", "status")}
    return [
        f"request {pk}: told {story.status}, held {held.get(pk, 'nothing')}"
        for pk, story in asked.items()
        if held.get(pk) != story.status
    ]


def _rides_differ(rides: dict[str, str], fares: dict[str, int]) -> list[str]:
    held = {str(row.pk): row for row in Ride.objects.all()}
    wrong = [f"ride {pk} was confirmed and is not held" for pk in (rides.keys() | fares.keys()) - held.keys()]
    wrong += [
        f"ride {pk}: told of request {request_id}, held {held[pk].request_id}"
        for pk, request_id in rides.items()
        if pk in held and str(held[pk].request_id) != request_id
    ]
    return wrong + [
        f"ride {pk}: told a fare of {amount}, held {held[pk].fare_amount}"
        for pk, amount in fares.items()
        if pk in held and held[pk].fare_amount != amount
    ]
