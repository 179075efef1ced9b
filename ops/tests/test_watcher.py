"""The watcher: from a cause in the database or in Valkey to an alert that is told, within 30 s."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import Error

from accounts.models import DeferredMail, Partner, User
from accounts.states import PartnerStatus
from alerts.evaluating import HISTORY
from alerts.models import Alert
from alerts.states import AlertStatus
from core import metric_totals, metrics, valkey, vitals
from core.metrics import DELIVERY, STAGE
from core.vitals import Vitals
from ops import gauges, watcher
from ops.watcher import EVERY_S, Watcher, look_around
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.wakeups import match_queue
from tests.cast import Clock

KEYS = (gauges.KEY, f"{gauges.KEY}:by", metric_totals.KEY, HISTORY)


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "ALERT_MAIL_TO", ["ops@cheers.test"])
    monkeypatch.setattr(metrics, "_counted", {})
    valkey.client().delete(*KEYS)
    vitals.tell(Vitals("worker", "one", 1, {"cpu": 0.1}))
    yield
    valkey.client().delete(*KEYS)


def take_tasks() -> None:
    """Let the workers take what waits, and the next sweep count."""
    valkey.client().delete(f"{gauges.KEY}:by", match_queue("nyc"), settings.CELERY_TASK_DEFAULT_QUEUE)
    DeferredMail.objects.update(due_at=None)


def watch(watching: Watcher, clock: Clock, seconds: float) -> None:
    """Let the watcher evaluate the rules for some seconds."""
    for _ in range(int(seconds // EVERY_S)):
        take_tasks()
        watching.look(clock.advance(EVERY_S))


def names() -> set[tuple[str, str]]:
    return set(Alert.objects.exclude(status=AlertStatus.RESOLVED).values_list("rule", "scope"))


def test_a_region_loses_its_partners(partner: Partner, pending: CheerRequest, clock: Clock, nyc: Region) -> None:
    watching = Watcher()
    watch(watching, clock, 60)
    assert names() == set()
    Partner.objects.update(status=PartnerStatus.OFFLINE)
    watch(watching, clock, 30)
    assert names() == {("RequestsWithoutPartners", "nyc")}
    alert = Alert.objects.get()
    assert alert.region == nyc
    assert [sent.subject for sent in mail.outbox] == ["[SpeedyCheers] page RequestsWithoutPartners (nyc): it fires"]
    Partner.objects.update(status=PartnerStatus.AVAILABLE)
    watch(watching, clock, 10)
    assert Alert.objects.get().status == AlertStatus.RESOLVED
    assert len(mail.outbox) == 2


def test_the_last_worker_dies(nyc: Region, clock: Clock) -> None:
    watching = Watcher()
    watch(watching, clock, 30)
    assert names() == set()
    valkey.client().delete(f"{vitals.KNOWN}:one:1")
    watch(watching, clock, 30)
    assert names() == {("NoWorker", "")}
    assert len(mail.outbox) == 1


def test_the_mail_server_refuses(nyc: Region, clock: Clock) -> None:
    watching = Watcher()
    watch(watching, clock, 30)
    for _ in range(5):
        DELIVERY.observe(0.1, "mail", "failed")
    metric_totals.tell()
    watch(watching, clock, 10)
    assert names() == {("MailsFail", "")}


def test_valkey_is_away(nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable

    watching = Watcher()
    watch(watching, clock, 10)
    vitals.tell(Vitals("worker", "one", 1, {"cpu": 0.1}))
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        for _ in range(6):
            watching.look(clock.advance(EVERY_S))
    assert names() == {("ValkeyAway", "")}  # what is not known fires nothing
    watch(watching, clock, 5)
    assert names() == set()


def test_what_is_not_known_resolves_nothing(nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable

    watching = Watcher()
    valkey.client().delete(f"{vitals.KNOWN}:one:1")
    watch(watching, clock, 30)
    assert names() == {("NoWorker", "")}
    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        watching.look(clock.advance(EVERY_S))
    assert ("NoWorker", "") in names()


def test_a_second_sweep_evaluates_what_the_first_has_counted(
    pending: CheerRequest, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Partner.objects.update(status=PartnerStatus.OFFLINE)
    first, second = Watcher(), Watcher()
    for _ in range(5):
        take_tasks()
        first.look(clock.advance(EVERY_S))
        with monkeypatch.context() as patch:
            patch.setattr(gauges, "count_rows", lambda _: pytest.fail("it was counted a moment ago"))
            second.look(clock.now)
    assert names() == {("RequestsWithoutPartners", "nyc")}
    assert Alert.objects.count() == len(mail.outbox) == 1


def test_no_notice_names_anybody(user: User, pending: CheerRequest, clock: Clock) -> None:
    Partner.objects.update(status=PartnerStatus.OFFLINE)
    watch(Watcher(), clock, 30)
    text = " ".join(f"{sent.subject} {sent.body} {sent.extra_headers}" for sent in mail.outbox)
    assert "nyc" in text
    for secret in ("Ada", user.email, str(user.pk), str(pending.pk), "40.7", "Third floor"):
        assert secret not in text


def test_the_samples_are_those_of_a_scrape(nyc: Region, clock: Clock) -> None:
    STAGE.observe(2.0, "offered", "nyc")
    STAGE.observe(3.0, "offered", "nyc")
    metric_totals.tell()
    samples = look_around(clock.now)
    assert samples["stage_seconds_count"] == [({"stage": "offered", "region": "nyc"}, 2)]
    assert ({"kind": "worker"}, 1) in samples["processes"]
    assert samples["valkey_up"] == [({}, 1)]
    assert samples["transitions_total"] == []


def test_trouble_of_the_database_ends_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, looks = Event(), []

    def fail(self: Watcher, now: Any) -> None:
        looks.append(now)
        if len(looks) == 3:
            stop.set()
        raise (Error("no") if len(looks) == 1 else RuntimeError("no"))

    monkeypatch.setattr(watcher, "EVERY_S", 0.0)
    monkeypatch.setattr(Watcher, "look", fail)
    watcher.start(stop).join(10)
    assert len(looks) == 3
