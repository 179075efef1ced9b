"""Notices about alerts, by mail, webhook and chat."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from alerts import notices
from alerts.models import Alert, AlertNotice
from alerts.notices import SENT_WITHIN, send_due
from alerts.rules import BY_NAME
from alerts.services import fire, resolve
from alerts.tests.scenes import receiver
from core import outward
from tests.cast import Clock, unchanged

RULE = BY_NAME["RequestsWithoutPartners"]
pytestmark = pytest.mark.django_db


def fired(clock: Clock) -> Alert:
    assert fire(RULE, "nyc", 3, now=clock.now)
    return Alert.objects.latest("fired_at")


def test_by_mail(clock: Clock, settings: Settings) -> None:
    settings.ALERT_MAIL_TO = ["one@ops.test", "two@ops.test"]
    alert = fired(clock)
    send_due(clock.now)
    (sent,) = mail.outbox
    assert sent.subject == "[SpeedyCheers] page RequestsWithoutPartners (nyc): it fires"
    assert sent.to == ["one@ops.test", "two@ops.test"]
    assert str(alert.pk) in sent.body
    assert "docs/run/alerts.md#requestswithoutpartners" in sent.body
    with unchanged():
        send_due(clock.advance(600))
    assert len(mail.outbox) == 1


def test_by_webhook(clock: Clock, settings: Settings) -> None:
    settings.OUTWARD_PRIVATE, settings.ALERT_WEBHOOK_SECRET = ["127.0.0.1"], "of-the-test"
    with receiver() as (settings.ALERT_WEBHOOK_URL, calls):
        alert = fired(clock)
        send_due(clock.now)
        resolve(alert, now=clock.advance(60))
        send_due(clock.now)
    (headers, body), (_, second) = calls
    told = json.loads(body)
    assert (told["told"], told["rule"], told["scope"], told["value"]) == ("fired", RULE.name, "nyc", 3)
    assert json.loads(second)["told"] == "resolved"
    at, digest = (part.partition("=")[2] for part in headers["SpeedyCheers-Signature"].split(","))
    assert digest == hmac.new(b"of-the-test", f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def test_by_chat(clock: Clock, settings: Settings) -> None:
    settings.OUTWARD_PRIVATE = ["127.0.0.1"]
    with receiver() as (settings.ALERT_CHAT_URL, calls):
        fired(clock)
        send_due(clock.now)
    ((headers, body),) = calls
    assert "SpeedyCheers-Signature" not in headers
    assert json.loads(body)["text"].startswith("[SpeedyCheers] page RequestsWithoutPartners (nyc): it fires\n")


@pytest.mark.parametrize("failure", [500, outward.Unreachable("TimeoutError"), outward.BadAddress("not https")])
def test_a_receiver_that_does_not_take_it_is_tried_again(
    clock: Clock, settings: Settings, monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    settings.ALERT_WEBHOOK_URL, settings.ALERT_MAIL_TO = "https://hooks.test/x", ["one@ops.test"]

    def post(*_: Any, **__: Any) -> outward.Answer:
        if isinstance(failure, Exception):
            raise failure
        return outward.Answer(failure, "", {}, b"")

    monkeypatch.setattr(notices.outward, "post", post)
    fired(clock)
    send_due(clock.now)
    assert len(mail.outbox) == 1  # the other channel goes on
    waiting = AlertNotice.objects.get(sent_at=None)
    assert (waiting.tries, waiting.due_at and waiting.due_at > clock.now) == (1, True)
    monkeypatch.setattr(notices.outward, "post", lambda *_, **__: outward.Answer(204, "", {}, b""))
    send_due(clock.advance(5))
    assert not AlertNotice.objects.filter(sent_at=None).exists()


def test_a_notice_that_nobody_takes_is_given_up(clock: Clock, settings: Settings) -> None:
    settings.ALERT_MAIL_TO = ["one@ops.test"]
    fired(clock)
    send_due(clock.advance(SENT_WITHIN.total_seconds() + 1))
    notice = AlertNotice.objects.get()
    assert (notice.due_at, notice.sent_at, mail.outbox) == (None, None, [])


def test_two_sweeps_send_it_once(clock: Clock, settings: Settings) -> None:
    settings.ALERT_MAIL_TO = ["one@ops.test"]
    fired(clock)
    with notices.NOTICES.leased(AlertNotice.objects.get().pk) as mine:
        assert mine
        send_due(clock.now)
    assert mail.outbox == []
