"""Which passes a round of the sweep runs, and what it deletes."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from knox.models import AuthToken

from accounts.models import SocketTicket, User
from accounts.socket_tickets import issue_socket_ticket
from notifications.models import Event
from ops import sweep
from ops.pruner import prune_all
from ops.sweep import Sweeper, sweep_deadlines
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus
from tests.cast import (
    Clock,
    fresh,
    token_of,
)


def test_leftovers_are_deleted(user: User, pending: CheerRequest, clock: Clock) -> None:
    token_of(user)
    issue_socket_ticket(user, now=clock.now)
    prune_all(clock.advance(29))
    assert (SocketTicket.objects.count(), AuthToken.objects.count(), Event.objects.count()) == (1, 1, 1)
    prune_all(clock.advance(2))
    assert (SocketTicket.objects.count(), AuthToken.objects.count(), Event.objects.count()) == (0, 1, 1)
    clock.advance(3 * 86_400)
    Event.objects.update(created_at=clock.now - timedelta(days=3, seconds=1))
    prune_all(clock.now)
    assert (AuthToken.objects.count(), Event.objects.count()) == (1, 0)
    prune_all(clock.advance(27 * 86_400))
    assert AuthToken.objects.count() == 0


def test_a_pass_that_fails_does_not_stop_the_others(
    offer: Offer, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("no")

    clock.advance(settings.OFFER_TTL_S)
    monkeypatch.setattr(sweep, "PASSES", [(fail, 0.0), (sweep_deadlines, 0.0)])
    sweeper = Sweeper()
    for _ in range(2):
        sweeper.run_due()
    assert fresh(offer).status == OfferStatus.EXPIRED
    assert caplog.text.count("fail failed") == 2


def test_each_pass_runs_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(sweep, "PASSES", [(lambda _: ran.append("often"), 1.0), (lambda _: ran.append("rarely"), 3.0)])
    seconds = iter(range(100, 1000))
    monkeypatch.setattr("ops.sweep.time.monotonic", lambda: next(seconds) // 4)  # about four looks a tick
    sweeper = Sweeper()
    for _ in range(12):
        sweeper.run_due()
    assert ran.count("often") > ran.count("rarely") >= 2


def test_the_command_runs_every_pass_once(offer: Offer, clock: Clock) -> None:
    clock.advance(settings.OFFER_TTL_S)
    call_command("sweep", "--once")
    assert fresh(offer).status == OfferStatus.EXPIRED
    assert timezone.now() == clock.now
