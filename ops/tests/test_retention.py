"""No table grows without end: each says how long its rows are kept, and is pruned beside the deadlines."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from knox.models import AuthToken

from accounts.authentication import session_credential
from accounts.models import DeferredMail, User
from accounts.tests.test_push_subscription import FCM
from core import pruning
from core.pruning import Aged, Batch, Place, Walked, delete, kept_for
from notifications.models import Event, PushSubscription
from ops import pruner, watcher
from ops.pruner import Pruner, prune, prune_all
from ops.retention import KEPT, PRUNED
from ops.sweep import Sweeper
from requests_app.models import Offer
from requests_app.states import OfferStatus
from tests.cast import Clock, fresh, in_threads, token_of
from tests.planning import by_index
from web.tests.browse import by_password
from web.tests.test_credentials_changed import subscribe

MANUAL = Path("docs/production.md")
AGED = [each for prunings in PRUNED.values() for each in prunings if isinstance(each, Aged)]


def events(number: int, *, days: int, first: int = 1) -> None:
    """Events of this age."""
    at = timezone.now() - timedelta(days=days)
    Event.objects.bulk_create(
        Event(recipient="user:a", seq=first + n, type="x", payload={}, created_at=at) for n in range(number)
    )


# ---------------------------------------------------------------- the list


def test_every_table_says_how_long_its_rows_are_kept() -> None:
    """A new table fails this until it is pruned, or until `KEPT` says why it need not be."""
    every = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert sorted(every - set(PRUNED) - set(KEPT)) == []
    assert sorted((set(PRUNED) | set(KEPT)) - every) == []
    assert sorted(set(PRUNED) & set(KEPT)) == []
    for label, reason in KEPT.items():
        assert reason.startswith(("with its account", "for ever", "until ", "none: ")), label


@pytest.mark.parametrize("setting", sorted({each.setting for each in AGED} - {"SOCKET_TICKET_TTL_S"}))
def test_every_time_is_a_setting_that_operators_can_read_about(setting: str) -> None:
    assert kept_for(setting) > timedelta()
    assert f"`{setting}`" in MANUAL.read_text()


@pytest.mark.parametrize("each", AGED, ids=lambda each: each.model._meta.label)
def test_the_oldest_rows_are_found_by_an_index(db: None, each: Aged) -> None:
    with by_index():
        column = each.model._meta.get_field(each.column).column
        old = each.model._default_manager.filter(**{f"{each.column}__lt": timezone.now()})
        plan = old.order_by(each.column).values_list(each.column, "pk")[:1].explain()
    assert "Index Cond" in plan if connection.vendor == "postgresql" else f"({column}<?)" in plan, plan


# ---------------------------------------------------------------- batches


def test_a_backlog_goes_in_batches_and_what_is_young_stays(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 4)
    events(10, days=settings.EVENTS_KEPT_DAYS + 1)
    events(3, days=settings.EVENTS_KEPT_DAYS - 1, first=11)
    each = Aged(Event, "created_at", "EVENTS_KEPT_DAYS")
    place: Place | None = None
    sizes = []
    while True:
        pruned, place = each.batch(timezone.now(), place)
        sizes.append(pruned)
        if place is None:
            break
    assert sizes == [4, 4, 2]
    assert [row.seq for row in Event.objects.order_by("seq")] == [11, 12, 13]


@pytest.mark.django_db(transaction=True)
def test_two_processes_prune_each_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 7)
    events(200, days=settings.EVENTS_KEPT_DAYS + 1)
    counts: list[int] = []

    def one() -> None:
        counts.append(prune("notifications.Event", timezone.now()))

    assert in_threads(one, one) == [None] * 2
    prune("notifications.Event", timezone.now())  # a row that the other had locked may be left
    assert sum(counts) <= 200
    assert not Event.objects.exists()


def test_a_walk_acts_on_the_spent_rows_of_every_slice(
    user: User, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    for _ in range(7):
        token_of(user)
    old = list(AuthToken.objects.order_by("pk").values_list("pk", flat=True))[::2]
    AuthToken.objects.filter(pk__in=old).update(expiry=clock.now - timedelta(seconds=1))
    walk = Walked(AuthToken, PRUNED["knox.AuthToken"][0].spent, delete, size=2)  # type: ignore[attr-defined]
    place: Place | None = None
    slices = 0
    while True:
        _, place = walk.batch(clock.now, place)
        slices += 1
        if place is None:
            break
    assert slices == 4
    assert AuthToken.objects.count() == 3
    assert not AuthToken.objects.filter(pk__in=old).exists()


# ---------------------------------------------------------------- beside the deadlines


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flag, Flag]]:
    """A pruner in the middle of its backlog, with its transaction open where others can write meanwhile."""
    begun, go_on, stop = Flag(), Flag(), Flag()
    events(3, days=settings.EVENTS_KEPT_DAYS + 1)

    class Endless:
        every_s = 0.0

        def batch(self, now: Any, after: Place | None) -> Batch:
            if connection.vendor == "postgresql":
                with transaction.atomic():
                    Event.objects.filter(recipient="user:a").delete()
                    begun.set()
                    go_on.wait(60)
            begun.set()
            go_on.wait(60)
            return Batch(1, Place(1, 1))

    monkeypatch.setattr(pruner, "PRUNED", {"notifications.Event": (Endless(),)})
    thread = pruner.start(stop)
    yield begun, go_on
    stop.set()
    go_on.set()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_long_backlog_holds_up_no_deadline(offer: Offer, clock: Clock, held: tuple[Flag, Flag]) -> None:
    begun, go_on = held
    assert begun.wait(60)
    clock.advance(settings.OFFER_TTL_S)
    Sweeper().run_due()
    assert not go_on.is_set()  # the pruner is where it was
    assert fresh(offer).status == OfferStatus.EXPIRED


def test_the_sweep_prunes_and_counts_in_threads(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Flag] = []

    def start(stop: Flag) -> None:
        started.append(stop)
        stop.set()

    monkeypatch.setattr("ops.management.commands.sweep.watch", lambda: None)
    monkeypatch.setattr("ops.management.commands.sweep.clock.follow", lambda: None)
    monkeypatch.setattr("ops.management.commands.sweep.vitals.begin", lambda: None)
    monkeypatch.setattr("ops.management.commands.sweep.signal.signal", lambda *_: None)
    monkeypatch.setattr(pruner, "start", start)
    monkeypatch.setattr(watcher, "start", started.append)
    events(1, days=settings.EVENTS_KEPT_DAYS + 1)
    call_command("sweep")
    assert len(started) == 2
    Sweeper().run_due()
    assert Event.objects.exists()  # no pass prunes


def test_one_table_does_not_keep_the_others_waiting(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[str] = []

    class Endless:
        every_s = 0.0

        def __init__(self, name: str) -> None:
            self.name = name

        def batch(self, now: Any, after: Place | None) -> Batch:
            turns.append(self.name)
            return Batch(1, Place(len(turns), 0))

    monkeypatch.setattr(pruner, "PRUNED", {"a": (Endless("a"),), "b": (Endless("b"),)})
    monkeypatch.setattr(pruner, "TURN_S", 0.0)
    of = Pruner()
    assert of.round(lambda _: False)  # behind: the next round begins without a wait
    assert of.round(lambda _: False)
    assert turns == ["a", "b", "a", "b"]


def test_a_failing_table_does_not_keep_the_others_waiting(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        every_s = 0.0

        def batch(self, now: Any, after: Place | None) -> Batch:
            raise RuntimeError("a fault of ours")

    monkeypatch.setattr(pruner, "PRUNED", {"a": (Failing(),), **PRUNED})
    events(1, days=settings.EVENTS_KEPT_DAYS + 1)
    Pruner().round(lambda _: False)
    assert "pruning a failed" in caplog.text
    assert not Event.objects.exists()


def test_a_stop_is_heeded_between_two_batches(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 1)
    events(3, days=settings.EVENTS_KEPT_DAYS + 1)
    Pruner().round(lambda _: Event.objects.count() < 3)
    assert Event.objects.count() == 2


# ---------------------------------------------------------------- what no pass deleted before


def test_sessions_that_have_expired_go_with_their_devices(user: User, clock: Clock) -> None:
    here, gone = by_password(user), by_password(user)
    subscribe(gone, FCM)
    key = str(gone.session.session_key)
    assert PushSubscription.objects.get().credential == session_credential(key)
    prune_all(clock.advance(7200))
    assert (Session.objects.count(), UserSession.objects.count(), PushSubscription.objects.count()) == (2, 2, 1)
    Session.objects.filter(session_key=key).update(expire_date=clock.now - timedelta(seconds=1))
    prune_all(clock.now)
    assert [row.session_key for row in Session.objects.all()] == [here.session.session_key]
    assert [row.session_key for row in UserSession.objects.all()] == [here.session.session_key]
    assert not PushSubscription.objects.exists()  # nobody else who opens that browser reads on


def test_a_mail_that_was_sent_stays_until_it_can_not_be_sent_twice(user: User, clock: Clock) -> None:
    mail = DeferredMail.objects.create(
        user=user, kind="receipt", about="1", created_at=clock.now, until=clock.now + timedelta(seconds=5)
    )
    prune_all(clock.now)
    assert DeferredMail.objects.filter(pk=mail.pk).exists()
    prune_all(clock.advance(6))
    assert not DeferredMail.objects.filter(pk=mail.pk).exists()
