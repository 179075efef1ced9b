"""What goes out as a web push where no socket took it.

A push that may become necessary is a row, written in the transaction of its event, with the time at which it is due.
The sweep looks for those; what was acknowledged by then, or withdrawn, is not sent. Every step is safe to run twice.
"""

import hashlib
import json
import logging
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from api.idempotency import effect
from core.jobs import DueRows
from notifications import push_service
from notifications.models import DeferredPush, PushSubscription, Stream
from notifications.push_service import Message, Outcome

log = logging.getLogger(__name__)

DEVICES_MAX = 10  # for each recipient; the oldest makes way
PUSHES = DueRows(DeferredPush, "due_at", "send_push")
TRY_AGAIN = timedelta(seconds=3)

ACKNOWLEDGED = Exists(Stream.objects.filter(pk=OuterRef("recipient"), acked_seq__gte=OuterRef("seq")))


# ---------------------------------------------------------------- devices


def subscribe(
    recipient: str, *, endpoint: str, p256dh: str, auth: str, credential: str, now: datetime
) -> PushSubscription:
    """Send this browser what no socket of the recipient takes, for as long as the credential lives.

    The same browser again, perhaps of another account by now, replaces what was known of it. Raises `Invalid`.
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
    """Send this browser nothing more; nothing happens where it isn't this recipient's."""
    with effect() as answer:
        PushSubscription.objects.filter(recipient=recipient, digest=_digest(endpoint)).delete()
        answer.result()


def forget_devices(*, recipient: str = "", credential: str = "") -> None:
    """Forget the browsers of a recipient, or those that a token or session has subscribed."""
    if recipient or credential:
        PushSubscription.objects.filter(Q(recipient=recipient) if recipient else Q(credential=credential)).delete()


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()


# ---------------------------------------------------------------- what is due


def sweep_pushes(now: datetime) -> None:
    """Enqueue the pushes to be sent now, and delete those that are acknowledged or worth nothing any more."""
    if not DeferredPush.objects.filter(Q(due_at__lte=now) | Q(until__lte=now)).exists():
        return  # without a write, which on SQLite would hold up others twice a second
    DeferredPush.objects.filter(until__lte=now).delete()
    DeferredPush.objects.filter(ACKNOWLEDGED, due_at__lte=now).delete()
    PUSHES.enqueue_due(now)


def send(push_id: str) -> None:
    """Send one push to each device of its recipient. One left half sent is repeated: browsers show a topic once."""
    with PUSHES.leased(push_id) as mine:
        if mine:
            _send(push_id, now=timezone.now())


def _send(push_id: str, *, now: datetime) -> None:
    push = DeferredPush.objects.filter(pk=push_id, until__gt=now).first()
    if push is None:
        return  # its matter has ended
    outcomes = [_send_to(device, push) for device in PushSubscription.objects.filter(recipient=push.recipient)]
    if Outcome.FAILED in outcomes and Outcome.SENT not in outcomes:
        PUSHES.postpone(push_id, timezone.now() + TRY_AGAIN)
    else:
        DeferredPush.objects.filter(pk=push_id).delete()


def _send_to(device: PushSubscription, push: DeferredPush) -> Outcome | None:
    # Looked at before each device: what it told of may have ended while another's push service took its time.
    if not DeferredPush.objects.filter(~ACKNOWLEDGED, pk=push.pk).exists():
        return None
    seconds_left = ceil((push.until - timezone.now()).total_seconds())
    if seconds_left <= 0:
        return None
    outcome = push_service.send(device, Message(json.dumps(push.payload), ttl_s=seconds_left, topic=push.topic))
    if outcome is Outcome.GONE:
        PushSubscription.objects.filter(pk=device.pk).delete()
    return outcome
