"""Sends events, signed as the provider signs them, and repeats each until the answer is 200 or its tries are used."""

import hashlib
import hmac
import json
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

RETRY_S = 2.0
TRIES = 30


def signature(raw: bytes, secret: str, at: float | None = None) -> str:
    """The `Stripe-Signature` header of a body (docs.stripe.com/webhooks#verify-manually)."""
    moment = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that gets events, and the secret with which they are signed for it."""

    url: str
    secret: str


class Sender:
    """Posts events one after the other, from a thread of its own.

    Events of connected accounts go to an endpoint of their own, with a secret of its own
    (docs.stripe.com/connect/webhooks).
    """

    def __init__(self, own: Endpoint, connected: Endpoint) -> None:
        self.own, self.connected = own, connected
        self.waiting: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()

    def __call__(self, event: dict[str, Any]) -> None:
        self.waiting.put((TRIES, event))

    def start(self) -> None:
        """Start the thread that sends."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            tries, event = self.waiting.get()
            if not self.send(event) and tries > 1:
                threading.Timer(RETRY_S, self.waiting.put, [(tries - 1, event)]).start()

    def send(self, event: dict[str, Any]) -> bool:
        """Post one event. Returns whether the answer was 200."""
        raw = json.dumps(event).encode()
        endpoint = self.connected if event.get("account") else self.own
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(raw, endpoint.secret)}
        try:
            with urlopen(Request(endpoint.url, raw, headers), timeout=10) as answer:  # noqa: S310  # our own address
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
