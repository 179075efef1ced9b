"""Web pushes for events that no socket acknowledges in time.

A deferred push is a row, written in the transaction of its event, with the time at which it is due. The sweep enqueues
due pushes, except those acknowledged or withdrawn by then. Every step is safe to run twice.
"""

import hashlib
import json
import logging
import time
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from api.idempotency import effect
from core import clock
from core.jobs import BATCH, DueRows, retry_delay
from core.metrics import DELIVERY
from notifications import push_service
from notifications.models import DeferredPush, PushSubscription, Stream
from notifications.push_kinds import composed, told_otherwise
from notifications.push_service import Message, Outcome

log = logging.getLogger(__name__)

DEVICES_MAX = 10  # per recipient; older ones are deleted
PUSHES = DueRows(DeferredPush, "due_at", "send_push")
TRY_AGAIN = timedelta(seconds=3)  # and later each time

ACKNOWLEDGED = Exists(Stream.objects.filter(pk=OuterRef("recipient"), acked_seq__gte=OuterRef("seq")))


# ---------------------------------------------------------------- devices


def subscribe(
    recipient: str, *, endpoint: str, p256dh: str, auth: str, credential: str, now: datetime
) -> PushSubscription:
    """Subscribe a browser to the web pushes of a recipient until the credential ends.

    An earlier subscription of the same browser, perhaps by another account, is replaced. Raises `Invalid`.
    """
    push_service.check_endpoint(endpoint)
    known = {"recipient": recipient, "endpoint": endpoint, "p256dh": p256dh, "auth": auth, "credential": credential}
    digest = _digest(endpoint)
    with effect() as answer:
        found, _ = PushSubscription.objects.update_or_create(digest=digest, defaults={**known, "created_at": now})
        newest = PushSubscription.objects.filter(recipient=recipient).order_by("-created_at", "-pk")
        PushSubscription.objects.filter(pk__in=list(newest.values_list("pk", flat=True)[DEVICES_MAX:])).delete()
        answer.result()
    return found


def unsubscribe(recipient: str, endpoint: str) -> None:
    """Delete a browser's subscription; does nothing if it isn't this recipient's."""
    with effect() as answer:
        PushSubscription.objects.filter(recipient=recipient, digest=_digest(endpoint)).delete()
        answer.result()


def forget_devices(*, recipient: str = "", credential: str = "", except_of: str = "") -> None:
    """Delete the subscriptions of a recipient, or those made with a token or session.

    Those made with the credential `except_of` stay.
    """
    if recipient or credential:
        found = PushSubscription.objects.filter(Q(recipient=recipient) if recipient else Q(credential=credential))
        (found.exclude(credential=except_of) if except_of else found).delete()


def hand_over_devices(credential: str, successor: str) -> None:
    """Let the subscriptions made with a session end with the key that it has now."""
    PushSubscription.objects.filter(credential=credential).update(credential=successor)


def withdraw_pushes(recipient: str) -> None:
    """Delete the pushes that wait for a recipient."""
    DeferredPush.objects.filter(recipient=recipient).delete()


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()


# ---------------------------------------------------------------- due pushes


def sweep_pushes(now: datetime) -> None:
    """Enqueue the due pushes, and delete those that are acknowledged or too late."""
    if not DeferredPush.objects.filter(Q(due_at__lte=now) | Q(until__lte=now)).exists():
        return  # no write, which on SQLite would block others twice a second
    late = DeferredPush.objects.filter(until__lte=now)
    for pk in list(late.filter(tries__gt=0).values_list("pk", flat=True)[:BATCH]):
        _give_up_if_late(pk, now=now)
    late.filter(tries=0).delete()
    DeferredPush.objects.filter(ACKNOWLEDGED, due_at__lte=now).delete()
    PUSHES.enqueue_due(now)


def _give_up_if_late(push_id: int | str, *, now: datetime) -> None:
    """Delete a push that no push service took in time, and keep that."""
    with transaction.atomic():
        if DeferredPush.objects.filter(pk=push_id, until__lte=now, tries__gt=0).delete()[0]:
            PUSHES.given_up(push_id)


def send(push_id: str) -> None:
    """Send one push to each device of its recipient.

    The row remembers the devices that have it. A worker that dies between a push service's answer and that note leaves
    one device that gets the push again, and shows it once, because it has the same tag.
    """
    with PUSHES.leased(push_id) as mine:
        if mine:
            _send(push_id, now=clock.now())


def _send(push_id: str, *, now: datetime) -> None:
    push = DeferredPush.objects.filter(~ACKNOWLEDGED, pk=push_id, until__gt=now).first()
    payload = composed(push) if push else None
    if push is None or payload is None:  # withdrawn, acknowledged, overtaken or too late
        _give_up_if_late(push_id, now=now)
        DeferredPush.objects.filter(pk=push_id).delete()
        return
    devices = PushSubscription.objects.filter(recipient=push.recipient).exclude(digest__in=push.taken_by)
    outcomes = {_send_to(device, push, payload) for device in devices}
    untaken = not push.taken_by and outcomes <= {Outcome.GONE, Outcome.FAILED}
    if not (untaken and told_otherwise(push, at=now)) and Outcome.FAILED in outcomes:
        wait = max(TRY_AGAIN, retry_delay(push.tries))
        PUSHES.failed(push_id, "not_taken", clock.now() + wait, tries=push.tries + 1)
    else:
        DeferredPush.objects.filter(pk=push_id).delete()


def _send_to(device: PushSubscription, push: DeferredPush, payload: dict[str, Any]) -> Outcome | None:
    # Checked before each device: the push may have been withdrawn while an earlier push service was slow.
    if not DeferredPush.objects.filter(~ACKNOWLEDGED, pk=push.pk).exists():
        return None
    seconds_left = ceil((push.until - clock.now()).total_seconds())
    if seconds_left <= 0:
        return None
    begun = time.perf_counter()
    outcome = push_service.send(device, Message(json.dumps(payload), ttl_s=seconds_left, topic=push.topic))
    DELIVERY.observe(time.perf_counter() - begun, "push", outcome.value)
    if outcome is Outcome.GONE:
        PushSubscription.objects.filter(pk=device.pk).delete()
    elif outcome is Outcome.SENT:
        push.taken_by.append(device.digest)
        DeferredPush.objects.filter(pk=push.pk).update(taken_by=push.taken_by)
    return outcome
