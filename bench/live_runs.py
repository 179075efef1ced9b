"""The measurements of `bench.live` on the running program. Import it after the settings are loaded."""

import argparse
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from random import Random
from typing import Any
from uuid import UUID

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import positions
from accounts.demo import PASSWORD
from accounts.models import Partner
from bench.accounts import make_accounts, make_crowd
from bench.city import CENTRE
from bench.live_browser import Drawn, watched
from bench.measuring import machine
from bench.program import Program
from core import clock
from ops.live.board import DIGITS, STEP_LEAST, UNIT
from ops.seed import STAFF
from regions.models import Region

SLUG = "nyc"
SLICES = 20  # in which the partners report, one after the other
STEP = (STEP_LEAST + 1) * UNIT  # of the partner who is waited for, in degrees: some 17 m
REPORT_EVERY_S = 2.0
WAIT_S = 20.0
SPREAD = 0.05  # degrees around the centre
FAR_S, PAGE_KB, TASK_MS = 1.5, 30.0, 50.0  # the goals


class Page:
    """The socket of an open page. It counts what comes, and tells when a mark has changed."""

    def __init__(self, program: Program, token: str) -> None:
        self._socket = connect(
            f"{program.ws_url}/staff/notification",
            additional_headers={"Authorization": f"Bearer {token}"},
            max_size=None,
            compression=None,
        )
        self.received = self.changes = self.largest = 0
        self.slots: dict[str, int] = {}  # by the short id
        self._awaited: int | None = None
        self._seen = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while True:
                text = str(self._socket.recv())
                self.received += len(text)
                if text.startswith('{"type":"map"') or '"maps"' in text:
                    self._take(json.loads(text), len(text))
        except ConnectionClosed:
            return

    def _take(self, frame: dict[str, Any], size: int) -> None:
        if "maps" in frame:
            ids = frame["maps"].get(SLUG, {}).get("ids", "")
            self.slots = {ids[at : at + 22]: at // 22 for at in range(0, len(ids), 22)}
            return
        if frame["region"] != SLUG:
            return
        self.changes += 1
        self.largest = max(self.largest, size)
        for slot, _, *more in frame["rows"]:
            if len(more) > 1:
                self.slots[more[1]] = slot
        if self._awaited is not None and self._awaited in changed(frame):
            self._awaited = None
            self._seen.set()

    def wait_for(self, short: str) -> None:
        """Begin to wait for a change of this mark."""
        self._seen.clear()
        self._awaited = self.slots[short]

    def came(self) -> bool:
        """Wait until it has come; False after `WAIT_S`."""
        return self._seen.wait(WAIT_S)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        self._thread.join(WAIT_S)


def changed(frame: dict[str, Any]) -> set[int]:
    """The slots of the marks that a change moves or sets."""
    slots, slot, index, steps = {row[0] for row in frame["rows"]}, 0, 0, frame["steps"]
    while index < len(steps):
        if steps[index] == ".":
            slot, index = slot + 1, index + 1
        elif steps[index] == "~":
            slot += DIGITS.index(steps[index + 1]) * 64 + DIGITS.index(steps[index + 2])
            index += 3
        else:
            slots.add(slot)
            slot, index = slot + 1, index + 2
    return slots


class Crowd:
    """Partners who all move, until it is closed."""

    def __init__(self, ids: Sequence[UUID], every_s: float) -> None:
        draw = Random(1)
        self._ids, self._every_s, self._draw = ids, every_s, draw
        self._places = [[CENTRE[0] + draw.gauss(0, SPREAD), CENTRE[1] + draw.gauss(0, SPREAD)] for _ in ids]
        self._ended = threading.Event()
        self.late_s = 0.0  # how far it has fallen behind
        self._report(range(len(ids)))
        positions.enter(SLUG, ids)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Let them move."""
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        for part in cycle(range(SLICES)):
            due += self._every_s / SLICES
            self.late_s = max(self.late_s, time.monotonic() - due)
            if self._ended.wait(max(0.0, due - time.monotonic())):
                return
            self._report(range(part, len(self._ids), SLICES))

    def _report(self, numbers: range) -> None:
        now, reports = clock.now(), []
        for number in numbers:
            place = self._places[number]
            place[0] += self._draw.choice((-1, 1)) * STEP
            place[1] += self._draw.choice((-1, 1)) * STEP
            at = positions.Position(place[0], place[1], now)
            reports.append(positions.Report(self._ids[number], at, now))
        positions.record_many(SLUG, reports)

    def close(self) -> None:
        """Let them stand."""
        self._ended.set()
        self._thread.join()


def make_partners(count: int) -> list[UUID]:
    """Create partners who are online."""
    make_crowd("partner", count)
    region, now = Region.objects.get(slug=SLUG), clock.now()
    crowd = Partner.objects.filter(user__email__startswith="crowd-partner-")
    crowd.update(status="available", status_since=now, region=region, position_at=now, lat=CENTRE[0], lng=CENTRE[1])
    return list(crowd.order_by("pk").values_list("pk", flat=True))


def delays(program: Program, page: Page, token: str, partner: str, lasts_s: float) -> list[float]:
    """Report by HTTP every `REPORT_EVERY_S` and return the seconds from each call to its frame."""
    headers = {"Authorization": f"Bearer {token}"}
    lat, lng = CENTRE
    short = urlsafe_b64encode(UUID(partner).bytes).decode().rstrip("=")
    taken = []
    with httpx.Client(base_url=program.url, headers=headers) as phone:
        place = {"location": {"lat": lat, "lng": lng}}
        phone.post("/updateLocation", json=place).raise_for_status()
        phone.post("/partner/status", json={"status": "available", **place}).raise_for_status()
        until = time.monotonic() + WAIT_S
        while short not in page.slots:
            if time.monotonic() > until:
                raise SystemExit("The partner does not appear on the map.")
            time.sleep(0.1)
        until = time.monotonic() + lasts_s
        while time.monotonic() < until:
            time.sleep(REPORT_EVERY_S + Random().uniform(0, 1))
            lat += STEP
            page.wait_for(short)
            begun = time.monotonic()
            phone.post("/updateLocation", json={"location": {"lat": lat, "lng": lng}}).raise_for_status()
            taken.append(time.monotonic() - begun if page.came() else float("inf"))
    return sorted(taken)


@contextmanager
def opened(program: Program, count: int) -> Iterator[list[Page]]:
    """Pages of staff."""
    answer = httpx.post(f"{program.url}/login", json={"email": STAFF, "password": PASSWORD}, timeout=WAIT_S)
    answer.raise_for_status()
    pages = [Page(program, answer.json()["token"]) for _ in range(count)]
    try:
        yield pages
    finally:
        for page in pages:
            page.close()


def carry_out(program: Program, options: argparse.Namespace) -> int:
    """Measure and print the figures beside the goals. Returns 1 if one is missed."""
    print(f"\n{machine()}\n")
    crowd = Crowd(make_partners(options.partners), options.every)
    ((partner, token),) = make_accounts("partner", 1)
    with ExitStack() as stack:
        pages = stack.enter_context(opened(program, options.pages))
        drawn = stack.enter_context(watched(program.url)) if options.browser else Drawn()
        stack.callback(crowd.close)
        crowd.start()
        time.sleep(options.every)
        before, begun = pages[0].received, time.monotonic()
        drawn.begin()
        taken = delays(program, pages[0], token, partner, options.seconds)
        lasted = time.monotonic() - begun
        drawn.end()
        kb = (pages[0].received - before) / lasted / 1000
    show(taken, drawn, kb, pages[0], crowd)
    far = taken[-1] + max(drawn.ms, default=0) / 1000
    return int(far > FAR_S or kb > PAGE_KB or bool(drawn.long_ms and max(drawn.long_ms) > TASK_MS))


def show(taken: Sequence[float], drawn: Drawn, kb: float, page: Page, crowd: Crowd) -> None:
    """Print the table."""
    rows = [
        (f"report to frame, p50 of {len(taken)}", f"{taken[len(taken) // 2]:.2f} s", ""),
        ("report to frame, longest", f"{taken[-1]:.2f} s", f"on screen ≤ {FAR_S} s"),
        ("a page receives", f"{kb:.1f} kB/s", f"≤ {PAGE_KB:g} kB/s"),
        ("the largest change", f"{page.largest / 1000:.1f} kB", ""),
        ("the partners' reports were late by", f"{crowd.late_s:.2f} s", "else it is too much for this machine"),
    ]
    if drawn.ms:
        rows += [
            ("frame to screen, longest", f"{max(drawn.ms):.0f} ms", f"with the report ≤ {FAR_S} s"),
            ("long tasks", f"{len(drawn.long_ms)}", f"none over {TASK_MS:g} ms"),
            ("the longest task", f"{max(drawn.long_ms, default=0):.0f} ms", ""),
        ]
    for what, figure, goal in rows:
        print(f"{what:44} {figure:>12}   {goal}", flush=True)
