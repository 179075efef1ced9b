"""The drill's judgement of pushes and mails: it must see each way in which somebody is untold, or told twice."""

import asyncio
import dataclasses
import smtplib
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from drill import outside, told
from drill.absent import Person
from drill.faults import faults_outside
from drill.notices import OFFER, RECEIPT, Notice, Telling, event_of, mails_of, notices, pushes_of
from drill.report import told_lines
from drill.run import Struck
from notifications.models import PushSubscription
from notifications.push_service import Message, public_key, send
from notifications.words import WordKind
from requests_app.models import CheerRequest
from rides.models import Ride
from testbed.mail_server import Mail, mail_server
from testbed.processes import listening
from testbed.push_service import Browser, PushService, push_service

pytestmark = pytest.mark.django_db
AFTER_DUE_S = 0.5
ALL_KINDS = {*told.KINDS, "spare"}


class World:
    """A ride that is over. Its user and partner had no page open, and were told of everything once."""

    def __init__(self, ride: Ride) -> None:
        self.devices, self.parts, self.services = PushService(), list[Struck](), list[Struck]()
        self.user = self.person(ride.user.email)
        self.partner = self.person(ride.partner.user.email)
        self.expected = [dataclasses.replace(notice, until=None) for notice in notices()]
        self.tellings = [self.telling(notice) for notice in self.expected if notice.kind != RECEIPT]

    def person(self, email: str) -> Person:
        account: Any = SimpleNamespace(email=email)
        return Person(account, [self.devices.browser()])

    def telling(self, notice: Notice, **changes: Any) -> Telling:
        person = self.partner if notice.kind == OFFER else self.user
        known = {"at": notice.due + AFTER_DUE_S, "same": notice.kind, "shown": "."} | changes
        known.setdefault("channel", person.devices[0].path if person.devices else "")
        return Telling(email=notice.email, kind=notice.kind, about=notice.about, **known)

    def of(self, kind: str) -> Notice:
        return next(notice for notice in self.expected if notice.kind == kind)

    def judged(self) -> told.Told:
        result = told.Told()
        comparison = told.Comparison([self.user, self.partner], self.parts, self.services, result)
        comparison.compare([dataclasses.replace(n, tellings=[]) for n in self.expected], self.tellings)
        return result

    def failed(self) -> list[str]:
        result = self.judged()
        result.kinds.update(ALL_KINDS)
        return [line.name for line in told_lines(result, charged=True) if line.kept is False]


@pytest.fixture
def world(completed: Ride) -> World:
    return World(completed)


UNTOLD, TWICE = "notices without a socket / told", "told twice"


def test_everybody_was_told_once(world: World) -> None:
    assert {notice.kind for notice in world.expected} >= {"coming", "over", OFFER, RECEIPT}
    assert world.failed() == []
    assert world.judged().told == len(world.tellings)


@pytest.mark.parametrize("kind", ["coming", "over", OFFER])
def test_a_word_that_never_came(world: World, kind: str) -> None:
    world.tellings = [telling for telling in world.tellings if telling.kind != kind]
    assert world.failed() == [UNTOLD]


def test_a_device_of_two_that_was_not_told(world: World) -> None:
    world.user.devices.append(world.devices.browser())
    assert world.failed() == [UNTOLD]


def test_somebody_without_a_device_who_got_no_mail(world: World) -> None:
    world.user.devices.clear()
    world.user.mailed = True
    world.tellings = [t for t in world.tellings if t.kind == OFFER]
    untold = world.judged().untold
    assert len([text for text in untold if "over" in text]) == 0  # by mail it is the receipt
    assert [any(kind in text for text in untold) for kind in ("coming", RECEIPT)] == [True, True]
    world.tellings += [world.telling(n, channel="mail") for n in world.expected if n.kind not in (OFFER, "over")]
    assert world.failed() == []


def test_a_mail_where_the_device_took_nothing(world: World) -> None:
    world.user.mailed = True
    coming = world.of("coming")
    world.tellings = [t for t in world.tellings if t.kind != "coming"]
    world.tellings += [world.telling(coming, channel="mail"), world.telling(world.of(RECEIPT), channel="mail")]
    assert world.failed() == []


def fault_at(notice: Notice) -> Struck:
    return Struck("worker killed", notice.due, notice.due + 1)


@pytest.mark.parametrize(("later_s", "excused"), [(-1.0, False), (2.5, False), (1.0, True)])
def test_overtaken_before_it_was_sent(world: World, later_s: float, excused: bool) -> None:
    coming = world.of("coming")
    coming.until = coming.due + later_s
    world.tellings = [t for t in world.tellings if t.kind != "coming"]
    assert world.failed() == ([] if excused or later_s < 0 else [UNTOLD])
    world.parts.append(fault_at(coming))
    assert world.failed() == []


def test_told_twice(world: World) -> None:
    world.tellings.append(world.telling(world.of("over"), at=world.of("over").due + 4))
    assert world.failed() == [TWICE]


def test_told_twice_after_a_fault_in_a_form_that_shows_once(world: World) -> None:
    over = world.of("over")
    world.tellings.append(world.telling(over, at=over.due + 4))
    world.parts.append(fault_at(over))
    assert world.failed() == []
    assert world.judged().collapsed == 1


def test_told_twice_after_a_fault_in_a_form_that_shows_twice(world: World) -> None:
    over = world.of("over")
    world.tellings.append(world.telling(over, at=over.due + 4, same="another"))
    world.parts.append(fault_at(over))
    assert world.failed() == [TWICE]


def test_told_of_nothing_and_told_too_early(world: World) -> None:
    over = world.of("over")
    stray = dataclasses.replace(world.telling(over), about="another")
    early = world.telling(over, at=over.due - 1)
    for telling in (stray, early):
        world.tellings.append(telling)
        assert world.failed() == ["told without a cause"]
        world.tellings.remove(telling)


@pytest.mark.parametrize("shown", ["Ada is waiting", "ada@example.com", "at 40.74844", "Ring twice, please"])
def test_a_locked_screen_that_shows_too_much(world: World, shown: str) -> None:
    User.objects.filter(email=world.user.account.email).update(name="Ada")
    User.objects.filter(email=world.partner.account.email).update(email="ada@example.com")
    CheerRequest.objects.update(note="Ring twice, please")
    world.tellings[0] = dataclasses.replace(world.tellings[0], shown=shown)
    assert world.failed() == ["private on a locked screen"]


def test_told_though_a_page_had_acknowledged_it(world: World) -> None:
    over = world.of("over")
    seq = event_of(over)
    assert seq is not None
    feed: Any = SimpleNamespace(heard_at={seq: over.at + 0.1})
    world.user.feed = feed
    assert world.failed() == ["told though acknowledged"]
    feed.heard_at[seq] = over.due  # too late to keep it back
    assert world.failed() == []
    feed.heard_at[seq] = over.at + 0.1
    world.parts.append(fault_at(over))  # the acknowledgement may have been lost
    assert world.failed() == []


def test_a_kind_that_nobody_was_told_of(world: World) -> None:
    result = world.judged()
    result.kinds.update(ALL_KINDS - {WordKind.PAYMENT})
    assert [line.name for line in told_lines(result, charged=True) if line.kept is False] == [
        "kinds that nobody was told"
    ]
    assert [line.name for line in told_lines(result, charged=False) if line.kept is False] == []


def test_what_still_waits(completed: Ride) -> None:
    assert completed.receipt_due_at is not None
    assert told.waiting()["receipts"] == 1


# ---------------------------------------------------------------- the services outside


def test_a_fault_outside_is_over_when_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "AILING_S", 0.0)
    services = outside.Outside()
    services.start()
    try:
        system: Any = SimpleNamespace(outside=services)
        for fault in faults_outside():
            asyncio.run(fault.strike(system))
            well = (services.push.status, services.push.delay_s, services.mail.refuses, services.mail.hangs_up)
            assert (*well, services.mail.delay_s) == (0, 0.0, False, False, 0.0)
            assert listening(services.push.port)
            with smtplib.SMTP("127.0.0.1", services.mail.port, timeout=10) as client:
                assert client.noop()[0] == 250
    finally:
        services.stop()


# ---------------------------------------------------------------- what the services took


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    settings.OUTWARD_PRIVATE = ["127.0.0.1"]
    with push_service() as running:
        yield running


def push(browser: Browser, text: str, topic: str) -> None:
    keys = browser.subscription()["keys"]
    send(PushSubscription(endpoint=browser.endpoint, **keys), Message(text, ttl_s=60, topic=topic))


def phone(service: PushService) -> Person:
    account: Any = SimpleNamespace(email="ada@example.com")
    return Person(account, [service.browser()])


WORD = '{"type": "word", "kind": "over", "tag": "t1", "url": "/cheer/%s", "title": "T", "body": "B"}'
ABOUT = "01a21912-72a8-7377-9620-38071bd2b000"


def test_a_push_is_verified_and_decrypted(service: PushService) -> None:
    person = phone(service)
    push(person.devices[0], WORD % ABOUT, "t1")
    [telling], complaints = pushes_of(person, public_key())
    assert (telling.kind, telling.about, telling.shown.split()) == ("over", ABOUT, ["T", "B"])
    assert complaints == []


def broken_off(person: Person) -> None:
    message = person.devices[0].messages()[0]
    message.body = message.body[:-1]


def another_topic(person: Person) -> None:
    person.devices[0].messages()[0].headers["topic"] = "t2"


def unsigned(person: Person) -> None:
    person.devices[0].messages()[0].headers["authorization"] = "vapid t=a.b.c, k=x"


@pytest.mark.parametrize("harm", [broken_off, another_topic, unsigned], ids=lambda harm: str(harm.__name__))
def test_a_push_that_a_browser_would_not_show(service: PushService, harm: Callable[[Person], None]) -> None:
    person = phone(service)
    push(person.devices[0], WORD % ABOUT, "t1")
    harm(person)
    tellings, complaints = pushes_of(person, public_key())
    assert (tellings, len(complaints)) == ([], 1)


def test_a_push_that_was_refused_tells_nobody(service: PushService) -> None:
    person = phone(service)
    service.status = 500
    push(person.devices[0], WORD % ABOUT, "t1")
    assert pushes_of(person, public_key()) == ([], [])


def sent(mails: Iterable[Any]) -> list[Mail]:
    """Return what a mail server takes of these mails."""
    with mail_server() as server:
        backend = mail.get_connection(
            "django.core.mail.backends.smtp.EmailBackend", host="127.0.0.1", port=server.port, use_tls=False
        )
        backend.send_messages(list(mails))
        return list(server.received)


def test_words_and_receipts_are_found_among_mails() -> None:
    to = ["ada@example.com"]
    receipt = {"Message-ID": "<receipt-1@speedycheers>"}
    taken = sent(
        [
            mail.EmailMessage("Nobody could be found", f"B\n\nhttp://x.test/cheer/{ABOUT}\n", to=to),
            mail.EmailMessage("Your receipt", f"http://x.test/cheer/{ABOUT}", to=to, headers=receipt),
            mail.EmailMessage("Confirm your address", "B", to=to),
        ]
    )
    assert [(t.kind, t.about, t.channel) for t in mails_of(taken)] == [
        ("no_match", ABOUT, "mail"),
        (RECEIPT, ABOUT, "mail"),
    ]
    assert all(abs(taken_at.at - timezone.now().timestamp()) < 60 for taken_at in taken)
