"""The drill's own judgement: it must see what it is there to see."""

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Partner, User
from drill import judge
from drill.faults import chooser_of, faults_of
from drill.probe import Timeline
from drill.report import Aftermath, lines
from drill.run import Options, Outcome, Struck, plan_of
from drill.staff_pages import Shown, StaffPage, measures
from notifications.events import frame
from notifications.models import Event
from ops.live.counts import live_counts
from payments.models import Payment
from payments.states import PaymentKind
from requests_app.models import CheerRequest, Offer, OfferTransition
from rides.models import Ride, RideTransition
from simulator.feed import digest
from simulator.figures import spread_of
from simulator.ledger import Ledger, Story
from simulator.report import Sockets
from tests.cast import queue

NOTHING_LEFT = Aftermath(strays=0, orphans=0, audit="")

# ---------------------------------------------------------------- faults


def names(database: str, seed: int, count: int) -> list[str]:
    chooser = chooser_of(database, seed)
    return [chooser.next().name for _ in range(count)]


def test_the_payment_provider_has_faults_only_where_there_is_one() -> None:
    without = {fault.name for fault in faults_of("postgres", None)}  # type: ignore[arg-type]
    having = {fault.name for fault in faults_of("postgres", None, payments=True)}  # type: ignore[arg-type]
    assert having - without == {"payment provider killed", "payment provider stopped for 3 s"}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_seed_draws_the_same_faults_and_each_kind_once_a_round(database: str) -> None:
    kinds = {fault.name for fault in faults_of(database, None)}  # type: ignore[arg-type]
    drawn = names(database, 7, 2 * len(kinds))
    assert drawn == names(database, 7, 2 * len(kinds))
    assert drawn != names(database, 8, 2 * len(kinds))
    assert set(drawn[: len(kinds)]) == set(drawn[len(kinds) :]) == kinds


# ---------------------------------------------------------------- the load


@pytest.mark.parametrize(("rate", "partners", "requests"), [(0.5, 10, 30), (1.0, 10, 60), (4.0, 40, 240)])
def test_there_are_as_many_people_as_the_rate_needs(rate: float, partners: int, requests: int) -> None:
    system: Any = SimpleNamespace(url="", provider="")
    plan = plan_of(Options("postgres", 1, minutes=1, every_s=10, rate=rate), system)
    assert (len(plan.starts), len(plan.demands)) == (partners, requests)
    assert plan.users > partners


# ---------------------------------------------------------------- recovery


def test_recovery_counts_only_what_was_asked_after_the_fault() -> None:
    timeline = Timeline(offers=[(1.0, 1.5), (4.9, 5.2), (5.1, 7.0), (8.0, 8.2)], ready=[(4.0, 6.0)])
    assert timeline.offer_after(5.0) == 2.0
    assert timeline.ready_after(5.0) is None
    assert timeline.longest_gap_s() == pytest.approx(3.7)


# ---------------------------------------------------------------- nothing twice


def test_overlaps_are_seen_per_key() -> None:
    steps = [("a", "open"), ("b", "open"), ("a", "shut"), ("a", "open"), ("b", "open")]
    assert judge.overlaps(steps, "open", {"shut"}) == 1


class Seen:
    """A drill's clients, who have seen exactly what the database holds."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        for request in CheerRequest.objects.all():
            self.ledger.stories[str(request.pk)] = Story(str(request.pk), status=request.status, sent_at=0.0)
        for ride in Ride.objects.all():
            self.ledger.rides[str(ride.pk)] = str(ride.request_id)
            self.ledger.fares[str(ride.pk)] = ride.fare_amount or 0
        self.feeds = [self.feed(partner) for partner in Partner.objects.select_related("user")]

    def feed(self, partner: Partner) -> Any:
        events = Event.objects.filter(recipient=f"partner:{partner.pk}")
        heard = {event.seq: digest(json.loads(frame(event))) for event in events}
        return SimpleNamespace(
            account=SimpleNamespace(email=partner.user.email), since=0, upto=None, heard=heard, restarts=0, state_at=0
        )

    def outcome(self) -> Outcome:
        sockets = Sockets(count=len(self.feeds))
        report = SimpleNamespace(sockets=sockets, by_status=Counter(completed=1), to_offer=spread_of([0.1]))
        timeline = Timeline(offers=[(2.0, 3.0)], ready=[(2.0, 3.0)])
        return Outcome(report, self.ledger, self.feeds, timeline, [Struck("worker killed", 0.0, 1.0)], 0, 10.0)

    def failed(self, after: Aftermath = NOTHING_LEFT) -> list[str]:
        outcome = self.outcome()
        table = lines(outcome, judge.judge(outcome), after, within_s=30)
        return [line.name for line in table if line.kept is False]


@pytest.fixture
def seen(completed: Ride) -> Seen:
    return Seen()


def test_a_whole_world_passes(seen: Seen) -> None:
    assert seen.failed() == []


def test_an_event_that_never_came(seen: Seen) -> None:
    del seen.feeds[0].heard[1]
    assert seen.failed() == ["offers made / delivered", "events missing at a client"]


def test_an_event_of_after_the_end_is_nobodys_loss(seen: Seen) -> None:
    feed = seen.feeds[0]
    feed.upto = max(feed.heard) - 1
    del feed.heard[feed.upto + 1]
    assert "events missing at a client" not in seen.failed()


def test_the_state_after_a_failover_stands_in_for_earlier_events(seen: Seen) -> None:
    feed = seen.feeds[0]
    feed.state_at = 1
    del feed.heard[1]
    assert seen.failed() == []
    del feed.heard[2]
    assert "events missing at a client" in seen.failed()


def test_an_event_that_said_otherwise(seen: Seen) -> None:
    seen.feeds[0].heard[2] = "another"
    assert seen.failed() == ["events that said otherwise"]


def test_a_request_that_stands_otherwise(seen: Seen) -> None:
    next(iter(seen.ledger.stories.values())).status = "cancelled"
    assert seen.failed() == ["told otherwise than held"]


def test_a_confirmed_ride_that_is_gone(seen: Seen) -> None:
    seen.ledger.rides["0198-gone"] = "0198-request"
    assert seen.failed() == ["told otherwise than held"]


def test_another_fare(seen: Seen) -> None:
    seen.ledger.fares = {pk: fare + 1 for pk, fare in seen.ledger.fares.items()}
    assert seen.failed() == ["told otherwise than held"]


def test_a_ride_charged_not_once(seen: Seen) -> None:
    Payment.objects.update(kind=PaymentKind.TIP)
    assert seen.failed() == ["rides completed / charged once"]


def test_a_request_left_open(seen: Seen, other_user: Any) -> None:
    queue(other_user)
    assert seen.failed() == ["requests held / final"]


def test_two_open_offers_at_once(seen: Seen) -> None:
    offer = Offer.objects.get()
    OfferTransition.objects.filter(subject=offer, new="accepted").delete()
    OfferTransition.objects.create(subject=offer, new="pending", at=offer.created_at)
    assert seen.failed() == ["double offers"]


def test_two_rides_at_once(seen: Seen, completed: Ride) -> None:
    RideTransition.objects.filter(subject=completed, new="completed").delete()
    RideTransition.objects.create(subject=completed, new="en_route", at=completed.accepted_at)
    assert seen.failed() == ["double rides"]


def test_what_is_left_behind(seen: Seen) -> None:
    after = Aftermath(strays=1, orphans=2, audit="1 of 60 promises are broken.")
    assert seen.failed(after) == ["stray processes while it ran", "orphan processes after it", "manage.py audit"]


# ---------------------------------------------------------------- live pages of staff


def test_a_staff_page_that_shows_something_else_is_seen(user: User) -> None:
    page = StaffPage(SimpleNamespace(), 1, Counter())  # type: ignore[arg-type]  # it does not connect
    page.feed.on_frame({"type": "hello", "live": {"now": json.loads(json.dumps(live_counts(timezone.now())))}})
    assert page.shows(live_counts(timezone.now()))
    queue(user)
    counts = live_counts(timezone.now())
    assert not page.shows(counts)
    page.feed.on_frame({"type": "now", "region": "nyc", "counts": json.loads(json.dumps(counts["nyc"]))})
    assert page.shows(counts)
    assert [line.kept for line in measures(Shown(pages=3, right=2, returns=5))] == [False, None]
