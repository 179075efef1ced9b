"""Sends what is told about alerts, by mail, webhook and chat. The sweep does it, because the workers may be away.

A notice is a row, leased while it is sent, and tried again if nobody answers. It has the rule's name, figures and
scope, and nothing about a person.
"""

import hashlib
import hmac
import json
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from alerts.models import AlertNotice
from alerts.rules import BY_NAME
from alerts.states import Channel, Told
from core import clock, outward
from core.failures import code_of
from core.jobs import DueRows, retry_delay
from core.metrics import DELIVERY

log = logging.getLogger(__name__)

NOTICES = DueRows(AlertNotice, "due_at", "")  # without a task: the sweep sends them itself
SENT_WITHIN = timedelta(hours=6)  # then it tells nobody anything new
BATCH = 20  # notices a look
TURN_S = 5.0  # after which no other notice is begun, because the rules wait meanwhile
SIGNATURE = "SpeedyCheers-Signature"


class NotTaken(OSError):
    """A receiver answered, and did not take the notice."""


def channels_of(told: Told) -> list[Channel]:
    """Return the channels that are set up, of those by which a step is told."""
    addresses = {
        Channel.MAIL: settings.ALERT_MAIL_TO,
        Channel.WEBHOOK: settings.ALERT_WEBHOOK_URL,
        Channel.CHAT: settings.ALERT_CHAT_URL,
        Channel.ESCALATION: settings.ALERT_ESCALATION_MAIL_TO if told == Told.ESCALATED else "",
    }
    return [channel for channel, address in addresses.items() if address]


def send_due(now: datetime) -> None:
    """Send the notices that are due. Call it outside a transaction."""
    due = AlertNotice.objects.filter(due_at__lte=now).order_by("due_at")
    until = time.monotonic() + TURN_S
    for pk in list(due.values_list("pk", flat=True)[:BATCH]):
        if time.monotonic() > until:
            return
        with NOTICES.leased(pk) as mine:
            if mine:
                _send(AlertNotice.objects.select_related("alert").get(pk=pk))


def _send(notice: AlertNotice) -> None:
    now = clock.now()
    if now > notice.created_at + SENT_WITHIN:
        log.error("a notice about %s reached nobody by %s", notice.alert.rule, notice.channel)
        NOTICES.give_up(notice.pk)
        return
    begun = time.perf_counter()
    try:
        _by_channel(notice)
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors, and a bad address is a ValueError
        DELIVERY.observe(time.perf_counter() - begun, f"alert_{notice.channel}", "failed")
        log.warning("a notice about %s was not sent by %s: %s", notice.alert.rule, notice.channel, type(error).__name__)
        NOTICES.failed(notice.pk, code_of(error), now + retry_delay(notice.tries), tries=notice.tries + 1)
    else:
        DELIVERY.observe(time.perf_counter() - begun, f"alert_{notice.channel}", "sent")
        NOTICES.finish(notice.pk, sent_at=now)


def _by_channel(notice: AlertNotice) -> None:
    if notice.channel == Channel.WEBHOOK:
        body = json.dumps(as_json(notice), separators=(",", ":")).encode()
        _post(settings.ALERT_WEBHOOK_URL, body, signed(body, at=int(clock.now().timestamp())))
    elif notice.channel == Channel.CHAT:
        _post(settings.ALERT_CHAT_URL, json.dumps({"text": in_words(notice)}).encode(), {})
    else:
        to = settings.ALERT_MAIL_TO if notice.channel == Channel.MAIL else settings.ALERT_ESCALATION_MAIL_TO
        subject, _, body_text = in_words(notice).partition("\n")
        headers = {"Message-ID": f"<alert-{notice.pk}@speedycheers>"}
        EmailMessage(subject, body_text, to=list(to), headers=headers).send()


def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    answer = outward.post(url, body=body, headers={"Content-Type": "application/json", **headers})
    if not 200 <= answer.status_code < 300:
        raise NotTaken


def signed(body: bytes, *, at: int) -> dict[str, str]:
    """Return the header that proves a webhook's sender; none without `ALERT_WEBHOOK_SECRET`."""
    if not settings.ALERT_WEBHOOK_SECRET:
        return {}
    digest = hmac.new(settings.ALERT_WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {SIGNATURE: f"t={at},v1={digest}"}


def as_json(notice: AlertNotice) -> dict[str, Any]:
    """Return what a webhook is told."""
    alert, rule = notice.alert, BY_NAME.get(notice.alert.rule)
    return {
        "noticeId": str(notice.pk),
        "alertId": str(alert.pk),
        "told": notice.told,
        "rule": alert.rule,
        "scope": alert.scope,
        "severity": alert.severity,
        "status": alert.status,
        "value": alert.value,
        "limit": alert.limit,
        "summary": rule.summary if rule else "",
        "runbook": rule.runbook if rule else "",
        "firedAt": alert.fired_at.isoformat(),
        "resolvedAt": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "url": page_of(notice),
    }


def in_words(notice: AlertNotice) -> str:
    """Return what a mail and a chat are told; the first line is the subject."""
    alert, rule = notice.alert, BY_NAME.get(notice.alert.rule)
    lines = [f"[SpeedyCheers] {alert.severity} {alert}: {notice.get_told_display().lower()}"]
    if rule is not None:
        lines.append(rule.summary)
    lines.append(f"Found {alert.value:g}, the limit is {alert.limit:g}; since {alert.fired_at:%Y-%m-%d %H:%M:%S} UTC.")
    if rule is not None:
        lines.append(f"Runbook: {rule.runbook}")
    return "\n".join([*lines, page_of(notice)])


def page_of(notice: AlertNotice) -> str:
    """Return the address of the alert's page for staff."""
    return str(settings.SITE_URL + reverse("admin:alerts_alert_change", args=[notice.alert_id]))
