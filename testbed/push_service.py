"""A push service on this machine, and browsers that subscribe to it and decrypt what arrives."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from py_vapid.utils import b64urldecode, b64urlencode

REDIRECTS = (301, 302, 307, 308)


@dataclass
class Received:
    """One message as the push service got it, and the status of the answer."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.time)
    status: int = 201


@dataclass
class PushService:
    """Takes messages. A path in `answers` is answered with that status.

    `status`, if not 0, answers every message, and each answer comes `delay_s` seconds after its message.
    """

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    status: int = 0
    delay_s: float = 0.0
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._server: ThreadingHTTPServer | None = None
        self._thread = threading.Thread()

    def browser(self) -> "Browser":
        return Browser(self, f"/push/{uuid4().hex}")

    def take(self, message: Received) -> int:
        """Keep a message; returns the status of its answer."""
        message.status = self.status or self.answers.get(message.path, 201)
        with self.arrived:
            self.received.append(message)
            self.arrived.notify_all()
        if self.delay_s:
            time.sleep(self.delay_s)
        return message.status

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler_of(self))
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


@dataclass
class Browser:
    """One subscription, with the keys that only the browser has."""

    service: PushService
    path: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.service.port}{self.path}"

    def subscription(self) -> dict[str, Any]:
        """The result of `PushSubscription.toJSON()`."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": b64urlencode(point), "auth": b64urlencode(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def messages(self) -> list[Received]:
        return [message for message in self.service.received if message.path == self.path]

    def shown(self) -> list[dict[str, Any]]:
        """The messages that have arrived for this browser, decrypted."""
        return [self.read(message) for message in self.messages()]

    def read(self, message: Received) -> dict[str, Any]:
        """Decrypt one message. Raises if it is encrypted for another browser."""
        clear = http_ece.decrypt(message.body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        content: dict[str, Any] = json.loads(clear)
        return content

    def wait(self, count: int, timeout_s: float) -> None:
        """Wait until so many messages have arrived for this browser."""
        with self.service.arrived:
            assert self.service.arrived.wait_for(lambda: len(self.messages()) >= count, timeout_s), count


def signed_claims(message: Received, public_key: str) -> dict[str, Any]:
    """Return the claims of a message's VAPID token. Raises unless this key has signed it."""
    scheme, _, rest = message.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", public_key)
    content, _, signature = parts["t"].rpartition(".")
    verifier = Vapid02.from_raw_public(public_key.encode())
    assert verifier.verify_token(content.encode(), signature)
    claims: dict[str, Any] = json.loads(b64urldecode(content.split(".")[1].encode()))
    assert claims["exp"] > time.time()
    return claims


def _handler_of(service: PushService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = service.take(Received(self.path, headers, body))
            with suppress(ConnectionError):  # the sender may have given up waiting
                self.send_response(status)
                if status in REDIRECTS:
                    self.send_header("Location", f"http://127.0.0.1:{service.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def push_service() -> Iterator[PushService]:
    """A push service that listens until the end."""
    service = PushService()
    service.start()
    try:
        yield service
    finally:
        service.stop()
