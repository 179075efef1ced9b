"""The drill's judgement of a loss by an asynchronous replica: it must excuse what died with it, and no more."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from drill import judge as judging
from drill import lost
from drill.report import loss_lines
from notifications.events import user_recipient
from notifications.models import Event
from payments.models import Hold, Reconciliation
from requests_app.models import CheerRequest
from rides.models import Ride
from simulator.ledger import GONE, Ledger, Story
from tests.cast import queue

pytestmark = pytest.mark.django_db


class Failover:
    """A request that its user was told of, and that the new primary lacks."""

    def __init__(self, request: CheerRequest) -> None:
        self.pk = str(request.pk)
        self.story = Story(self.pk, status="pending", sent_at=0.0)
        self.ledger = Ledger({self.pk: self.story})
        self.feed: Any = SimpleNamespace(
            account=SimpleNamespace(email=request.user.email), numbering=SimpleNamespace(last=1), restarts=1
        )
        before = lost.held()
        Event.objects.filter(recipient=user_recipient(request.user_id)).delete()
        CheerRequest.objects.filter(pk=request.pk).delete()
        self.loss = before.without(lost.held())
        self.book: dict[str, Any] = {}
        Reconciliation.objects.create(started_at=timezone.now())

    def learn(self) -> None:
        self.story.told(GONE, attempts=0, reason=None, now=1.0)

    def verdict(self) -> lost.Verdict:
        outcome: Any = SimpleNamespace(ledger=self.ledger, feeds=[self.feed])
        return lost.judge(outcome, self.loss, self.book)

    def failed(self) -> list[str]:
        return [line.name for line in loss_lines(self.loss, self.verdict(), self.feed.restarts) if line.kept is False]

    def intent(self, key: str) -> None:
        """Let the provider hold money under a key that no row of ours has."""
        metadata = {"key": key}
        self.book["pi_1"] = {
            "id": "pi_1",
            "object": "payment_intent",
            "status": "requires_capture",
            "metadata": metadata,
        }
        self.loss = dataclasses.replace(self.loss, operations=frozenset({"hold:known"}))

    def name(self, intent: str) -> None:
        differences = [f"{intent}: no row of ours knows it"]
        Reconciliation.objects.create(started_at=timezone.now(), differences=differences)


@pytest.fixture
def failover(user: Any, nyc: Any) -> Failover:
    return Failover(queue(user))


def test_a_loss_that_everybody_has_learnt_of_is_stated_and_passes(failover: Failover) -> None:
    failover.learn()
    assert failover.failed() == []
    assert failover.verdict().acknowledged == 1
    assert failover.loss.requests == {failover.pk}
    assert len(failover.loss.events) == 1


def test_a_user_who_still_holds_a_lost_request(failover: Failover) -> None:
    assert failover.failed() == ["clients that hold what is lost"]


def test_a_client_ahead_of_the_log(failover: Failover) -> None:
    failover.learn()
    failover.feed.numbering.last = 2
    assert failover.failed() == ["clients that hold what is lost"]


def test_a_confirmed_request_that_the_dead_primary_did_not_have_either(failover: Failover) -> None:
    failover.learn()
    failover.ledger.rides["0198-gone"] = failover.pk
    assert failover.failed() == ["acknowledged and gone otherwise"]


def test_a_drill_that_lost_nothing_has_not_tried_it(failover: Failover) -> None:
    failover.learn()
    failover.loss = lost.Held(requests=failover.loss.requests)
    failover.feed.restarts = 0
    assert failover.failed() == ["streams that started over", "events lost with the primary"]


def test_money_of_a_lost_row_must_be_named_by_the_reconciler(failover: Failover) -> None:
    failover.learn()
    failover.intent("hold:known")
    assert failover.failed() == ["orphans at the provider, unnamed"]
    failover.name("pi_1")
    assert failover.failed() == []
    assert lost.book_without(failover.book, ["pi_1"]) == {}


def test_money_of_a_row_that_was_never_there(failover: Failover) -> None:
    failover.learn()
    failover.intent("hold:unknown")
    failover.name("pi_1")
    assert failover.failed() == ["acknowledged and gone otherwise"]


def test_what_the_reconciler_finds_beyond_the_loss(failover: Failover) -> None:
    failover.learn()
    failover.name("pi_other")
    assert failover.failed() == ["orphans at the provider, unnamed"]


def test_what_a_row_knows_is_no_orphan(failover: Failover, pending: CheerRequest) -> None:
    failover.intent("hold:known")
    Hold.objects.create(
        request=pending,
        user=pending.user,
        number=1,
        key="hold:known",
        amount=100,
        currency="usd",
        card_reference="pm_1",
        created_at=timezone.now(),
    )
    assert lost.orphans_in(failover.book) == {}


def test_only_what_is_lost_may_be_gone(completed: Ride) -> None:
    may_be_gone = lost.excused(lost.Held(requests=frozenset({"r1"}), rides=frozenset({"d1"})))
    assert [may_be_gone(pk) for pk in ("r1", "d1", "r2")] == [True, True, False]
    ledger = Ledger({"r1": Story("r1", sent_at=0.0), "r2": Story("r2", sent_at=0.0)})
    outcome: Any = SimpleNamespace(ledger=ledger, feeds=[], people=[])
    facts = judging.judge(outcome, may_be_gone)
    assert facts.told_otherwise == ["request r2: told pending, held nothing"]
    assert facts.lost == 1


def test_without_a_loss_no_stream_may_start_over() -> None:
    assert [line.kept for line in loss_lines(lost.Held(), None, 1)] == [False]
    assert [line.kept for line in loss_lines(lost.Held(), None, 0)] == [True]


def test_a_database_that_was_read_is_forgotten() -> None:
    """A test that runs later in the same process may have a database of this name."""
    usual = list(connections)
    with lost.database_at("sqlite:///:memory:"):
        assert list(connections) != usual
    assert list(connections) == usual
