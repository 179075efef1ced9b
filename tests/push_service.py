"""A push service on this machine, and browsers that subscribe to it and decrypt what arrives."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from py_vapid.utils import b64urldecode, b64urlencode


@dataclass
class Received:
    """One message as the push service got it."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """Takes messages. A path in `answers` is answered with that status."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def browser(self) -> "Browser":
        return Browser(self, f"/push/{uuid4().hex}")

    def take(self, message: Received) -> int:
        with self.arrived:
            self.received.append(message)
            self.arrived.notify_all()
        return self.answers.get(message.path, 201)


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
        """What `PushSubscription.toJSON()` gives."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": b64urlencode(point), "auth": b64urlencode(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def messages(self) -> list[Received]:
        return [message for message in self.service.received if message.path == self.path]

    def shown(self) -> list[dict[str, Any]]:
        """What has arrived for this browser, decrypted."""
        return [self.read(message) for message in self.messages()]

    def read(self, message: Received) -> dict[str, Any]:
        """Decrypt one message. Raises where it was not meant for this browser."""
        clear = http_ece.decrypt(message.body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        content: dict[str, Any] = json.loads(clear)
        return content

    def wait(self, count: int, timeout_s: float) -> None:
        """Until so many messages have arrived for this browser."""
        with self.service.arrived:
            assert self.service.arrived.wait_for(lambda: len(self.messages()) >= count, timeout_s), count


def signed_claims(message: Received, public_key: str) -> dict[str, Any]:
    """The claims of a message's VAPID token, which this key has signed."""
    scheme, _, rest = message.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", public_key)
    content, _, signature = parts["t"].rpartition(".")
    verifier = Vapid02.from_raw_public(public_key.encode())
    assert verifier.verify_token(content.encode(), signature)
    claims: dict[str, Any] = json.loads(b64urldecode(content.split(".")[1].encode()))
    assert claims["exp"] > time.time()
    return claims


@contextmanager
def push_service() -> Iterator[PushService]:
    """A push service that listens until the end."""
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = service.take(Received(self.path, headers, body))
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", f"http://127.0.0.1:{service.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
