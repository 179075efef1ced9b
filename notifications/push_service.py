"""Web push: our VAPID keys, and sending a message to a browser's push service (RFC 8030, 8291, 8292)."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from core import outward
from core.errors import Conflict, Invalid
from core.lazy import lazy_module
from core.transactions import require_no_transaction
from notifications.models import PushSubscription

if TYPE_CHECKING:
    from py_vapid import Vapid02

log = logging.getLogger(__name__)

# Processes that send no pushes never load these.
py_vapid = lazy_module("py_vapid")
vapid_text = lazy_module("py_vapid.utils")
pywebpush = lazy_module("pywebpush")

TIMEOUT_S = 5.0  # for one message to one service, from the resolver to the end of the answer
GONE = (404, 410)


class Outcome(Enum):
    """The result of sending one message."""

    SENT = "sent"
    GONE = "gone"  # the subscription has ended
    FAILED = "failed"  # another try may succeed


@dataclass(frozen=True)
class Message:
    """A message to one browser. The push service sees neither text nor sender, only how long to keep the message."""

    text: str
    ttl_s: int
    topic: str  # at most 32 letters of base64url; a newer message of the same topic replaces an undelivered one


# ---------------------------------------------------------------- keys


@cache
def keys() -> "Vapid02":
    """Return our key pair: VAPID_PRIVATE_KEY (base64url or PEM), or in development one generated once and stored."""
    if settings.VAPID_PRIVATE_KEY:
        kind = py_vapid.Vapid02
        make = kind.from_pem if "BEGIN" in settings.VAPID_PRIVATE_KEY else kind.from_raw
        return make(settings.VAPID_PRIVATE_KEY.encode())
    if settings.VAPID_KEY_FILE is None:
        raise Conflict("push_not_configured", "This installation sends no pushes.")
    return py_vapid.Vapid02.from_pem(_stored_key(settings.VAPID_KEY_FILE))


def _stored_key(path: Path) -> bytes:
    """Return the key in this file, as PEM; generate it if the file doesn't exist."""
    if not path.exists():
        made = py_vapid.Vapid02()
        made.generate_keys()
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent) as draft:  # of this thread alone, and readable by nobody else
            draft.write(made.private_pem())
            draft.flush()
            try:
                os.link(draft.name, path)  # atomic; the first of two wins
            except FileExistsError:
                log.info("another process or thread has just made the push keys")
    return path.read_bytes()


def public_key() -> str:
    """Return the public key as browsers expect it: an uncompressed point in base64url."""
    point = keys().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return str(vapid_text.b64urlencode(point))


# ---------------------------------------------------------------- known push services


def enabled() -> bool:
    """Return whether this installation can send pushes."""
    return bool(settings.VAPID_PRIVATE_KEY or settings.VAPID_KEY_FILE)


def check_endpoint(endpoint: str) -> None:
    """Raise `Invalid` unless this is an address of a known push service.

    Anybody may subscribe, so accepting any address would let them make our server call any host.
    """
    if not is_known_service(endpoint):
        raise Invalid("unknown_push_service", "This is not an address of a push service that we know.", "endpoint")


def is_known_service(endpoint: str) -> bool:
    """Return whether we send pushes to this address."""
    try:
        outward.check(endpoint, hosts=settings.WEB_PUSH_SERVICES)
    except outward.BadAddress:
        return False
    return True


# ---------------------------------------------------------------- sending


class Sender:
    """Sends for pywebpush, in the place of a session of `requests`."""

    def post(self, url: str, *, data: bytes, headers: Mapping[str, Any], timeout: float) -> outward.Answer:
        """Post a message to a known push service. Raises `BadAddress` and `Unreachable`."""
        texts = {name: str(value) for name, value in headers.items()}
        return outward.post(url, body=data, headers=texts, hosts=settings.WEB_PUSH_SERVICES, total_s=timeout)


def send(subscription: PushSubscription, message: Message) -> Outcome:
    """Encrypt one message for one browser and hand it to its push service. Failures of the service don't raise.

    Raises `InsideTransaction`.
    """
    require_no_transaction("A push service")
    if not is_known_service(subscription.endpoint):  # the list may have been shortened since
        return Outcome.GONE
    try:
        pywebpush.webpush(
            as_json(subscription),
            message.text,
            vapid_private_key=keys(),
            vapid_claims={"sub": settings.VAPID_SUBJECT},
            ttl=message.ttl_s,
            timeout=TIMEOUT_S,
            headers={"Urgency": "high", "Topic": message.topic},
            requests_session=Sender(),
        )
    except pywebpush.WebPushException as error:
        status = error.status_code
        log.warning("a push service answered %s", status)
        return Outcome.GONE if status in GONE else Outcome.FAILED
    except OSError as error:
        log.warning("a push service could not be reached (%s)", type(error).__name__)
        return Outcome.FAILED
    return Outcome.SENT


def as_json(subscription: PushSubscription) -> dict[str, Any]:
    """Return a subscription in the form that pywebpush expects."""
    return {
        "endpoint": subscription.endpoint,
        "keys": {"p256dh": subscription.p256dh, "auth": subscription.auth},
    }
