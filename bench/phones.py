"""Phones that lose their sockets in the same moment and come back as those of static/js/socket.js do.

    python -m bench.phones < plan.json

Reads its plan as one line of JSON, connects every phone at the time given, and prints what happened as JSON once all
have their `hello` or the time is up. It stays connected until its standard input is closed.
"""

import base64
import contextlib
import heapq
import json
import os
import random
import selectors
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.crowd import Member
from core.come_again import asked_wait_s

FIRST_S, LONGEST_S = 0.5, 20.0  # static/js/backoff.js
OPENING_S = 10.0  # static/js/pulse.js
LOOK_EVERY_S = 0.5
OPENED = b" 101 "


@dataclass
class Plan:
    """The task of one process of phones."""

    port: int
    path: str
    tokens: list[str]
    begin_at: float  # by `time.time()`
    within_s: float
    waves: int = 1  # the phones of each begin together
    wave_every_s: float = 0.0


@dataclass
class Phone:
    """One phone: its connection, or the time of its next try."""

    token: str
    failures: int = 0
    link: socket.socket | None = None
    member: Member | None = None  # once the handshake is answered
    head: bytes = b""
    begun: float = 0.0
    back_after_s: float | None = None


@dataclass
class Phones:
    """All phones of this process, on one selector."""

    plan: Plan
    rng: random.Random = field(default_factory=random.Random)
    counts: Counter[str] = field(default_factory=Counter)
    due: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.phones = [Phone(token) for token in self.plan.tokens]
        self.selector = selectors.DefaultSelector()
        self.begun = time.monotonic()

    def run(self, ended: threading.Event) -> dict[str, object]:
        """Bring every phone back, and return what that took. Ends early once told to."""
        self.begun = time.monotonic()
        self.due = [(self.begun + self.wave_s(number), number) for number in range(len(self.phones))]
        heapq.heapify(self.due)
        while not ended.is_set() and time.monotonic() - self.begun < self.plan.within_s:
            self.turn()
            if self.counts["back"] == len(self.phones):
                break
        return {"after_s": [phone.back_after_s for phone in self.phones], "counts": self.counts}

    def wave_s(self, number: int) -> float:
        """Return when a phone's wave begins, from the first one's beginning."""
        return number * self.plan.waves // len(self.phones) * self.plan.wave_every_s

    def turn(self) -> None:
        """Connect phones that are due, take what has arrived, and give up handshakes that take too long."""
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            self.connect(heapq.heappop(self.due)[1])
        wait_s = min(LOOK_EVERY_S, self.due[0][0] - now) if self.due else LOOK_EVERY_S
        for key, _ in self.selector.select(max(0.0, wait_s)):
            self.take(key.data)
        if now - getattr(self, "looked", 0.0) >= LOOK_EVERY_S:
            self.looked = now
            for number, phone in enumerate(self.phones):
                if phone.link and phone.back_after_s is None and now - phone.begun > OPENING_S:
                    self.fail(number, "given up")

    def connect(self, number: int) -> None:
        """Begin one try."""
        phone = self.phones[number]
        self.counts["tries"] += 1
        phone.begun, phone.head, phone.member = time.monotonic(), b"", None
        phone.link = socket.socket()
        phone.link.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            phone.link.connect(("127.0.0.1", self.plan.port))
        self.selector.register(phone.link, selectors.EVENT_WRITE, number)

    def take(self, number: int) -> None:
        """Send the handshake if connected, else read."""
        phone = self.phones[number]
        if phone.link is None:
            return
        try:
            if self.selector.get_key(phone.link).events == selectors.EVENT_WRITE:
                phone.link.sendall(self.handshake(phone))
                self.selector.modify(phone.link, selectors.EVENT_READ, number)
                return
            data = phone.link.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail(number, type(error).__name__)
            return
        if not data:
            self.fail(number, "closed without a code")
            return
        self.read(number, phone, data)

    def handshake(self, phone: Phone) -> bytes:
        """The request that opens a socket."""
        key = base64.b64encode(os.urandom(16)).decode()
        return (
            f"GET {self.plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {phone.token}\r\n\r\n"
        ).encode()

    def read(self, number: int, phone: Phone, data: bytes) -> None:
        """Take what a phone has received."""
        assert phone.link is not None
        if phone.member is None:
            phone.head += data
            if b"\r\n\r\n" not in phone.head:
                return
            head, _, data = phone.head.partition(b"\r\n\r\n")
            if OPENED not in head[:20]:
                self.fail(number, head[:12].decode())
                return
            phone.member = Member(phone.link)
        phone.member.take(data)
        if phone.member.closed is not None:
            code, reason = phone.member.closed
            self.fail(number, f"closed with {code}", reason)
        elif phone.member.frames and phone.back_after_s is None:
            phone.back_after_s = round(time.monotonic() - self.begun - self.wave_s(number), 3)
            phone.failures = 0
            self.counts["back"] += 1

    def fail(self, number: int, what: str, reason: str = "") -> None:
        """Note a failed try, and wait for the next as the project's own client does."""
        phone = self.phones[number]
        self.counts[what] += 1
        if phone.back_after_s is not None:
            self.counts["back"] -= 1
            self.counts["lost again"] += 1
            phone.back_after_s = None
        if phone.link is not None:
            with contextlib.suppress(KeyError):
                self.selector.unregister(phone.link)
            phone.link.close()
            phone.link = None
        pause_s = asked_wait_s(reason, self.rng)
        if pause_s is None:
            pause_s = self.rng.random() * min(LONGEST_S, FIRST_S * 2 ** min(phone.failures, 30))
            phone.failures += 1
        heapq.heappush(self.due, (time.monotonic() + pause_s, number))


def main() -> None:
    """Carry out the plan on standard input, and stay until it is closed."""
    plan = Plan(**json.loads(sys.stdin.readline()))
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    time.sleep(max(0.0, plan.begin_at - time.time()))
    phones = Phones(plan)
    print(json.dumps(phones.run(ended)), flush=True)
    while not ended.is_set():
        phones.turn()


if __name__ == "__main__":
    main()
