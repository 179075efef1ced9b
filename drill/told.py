"""Checks at the end of a drill that everybody was told once, by pushes and mails, of what no socket had told them."""

import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from accounts.models import DeferredMail
from drill.absent import Person
from drill.notices import OFFER, RECEIPT, Key, Notice, Telling, event_of, mails_of, notices, private_texts, pushes_of
from drill.outside import Outside
from drill.run import Outcome, Struck
from notifications.models import DeferredPush
from notifications.words import WordKind
from payments.models import Payment
from rides.models import Ride

CLOCK_S = 0.2  # how far a stored time may lie after the push of it
MISSABLE_S = 2.0  # a notice that stands shorter than this after it is due may be overtaken before it is sent
ACK_STORED_S = 1.0
LEASE_S = 4.0  # the time after a fault within which a worker may die between sending and its note of that
RECOVERY_S, CALM_S = 5.0, 2.0  # how long a fault delays a telling at most, and the figures of those near it
SETTLES_WITHIN_S = 60.0
POLL_S = 0.5
SPOKEN = [str(kind) for kind in WordKind if kind != WordKind.MESSAGE]  # nobody in a drill writes to the other side
KINDS = [*SPOKEN, OFFER, RECEIPT]
COORDINATE = re.compile(r"-?\d{1,3}\.\d{3,}")


@dataclass
class Told:
    """The result. The lists of texts must be empty."""

    waiting: Counter[str] = field(default_factory=Counter)  # still to be sent, by kind
    due: int = 0
    told: int = 0
    overtaken: int = 0
    acknowledged: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    untold: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    groundless: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)  # of events that a socket had acknowledged
    indiscreet: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    of_lost: int = 0  # told of what a failover has lost since
    collapsed: int = 0  # repeated after a fault, in a form that its receiver shows once
    # From the moment at which an acknowledgement is missing to the telling, with the fault near, or "".
    waits_s: list[tuple[float, str]] = field(default_factory=list)

    def findings(self, most: int) -> list[str]:
        """The first of each kind of finding."""
        kinds = (self.untold, self.doubled, self.groundless, self.needless, self.indiscreet, self.unreadable)
        return [finding for kind in kinds for finding in kind[:most]]


# ---------------------------------------------------------------- the comparison


class Comparison:
    """Compares the notices to some people with the tellings that they got."""

    def __init__(
        self,
        people: Sequence[Person],
        parts: Sequence[Struck],
        services: Sequence[Struck],
        told: Told,
        lost: Sequence[Notice] = (),
    ) -> None:
        self.people = {person.account.email: person for person in people}
        self.parts, self.faults, self.told = parts, [*parts, *services], told
        self.secrets = private_texts()
        self.lost = {notice.key: notice.due for notice in lost}

    def compare(self, expected: Iterable[Notice], tellings: Iterable[Telling]) -> None:
        """Give each word to its notice, and look at each notice."""
        by_key: dict[Key, list[Notice]] = defaultdict(list)
        for notice in sorted(expected, key=lambda notice: notice.at):
            if notice.email in self.people:
                by_key[notice.key].append(notice)
        for telling in sorted(tellings, key=lambda telling: telling.at):
            if telling.email in self.people:
                self._give(telling, by_key[telling.email, telling.kind, telling.about])
        for notice in (notice for same in by_key.values() for notice in same):
            person = self.people[notice.email]
            self._look_for_doubles(notice)
            if person.feed is None:
                self._look(notice, person)
            elif notice.tellings:
                self._look_at_page(notice, person)

    def _give(self, telling: Telling, causes: Sequence[Notice]) -> None:
        if any(secret in telling.shown for secret in self.secrets) or COORDINATE.search(telling.shown):
            self.told.indiscreet.append(f"{telling.kind} to {telling.email} by {telling.channel}")
        earlier = [notice for notice in causes if notice.due - CLOCK_S <= telling.at]
        if earlier:
            earlier[-1].tellings.append(telling)
        elif telling.at >= self.lost.get((telling.email, telling.kind, telling.about), math.inf) - CLOCK_S:
            self.told.of_lost += 1
        else:
            self.told.groundless.append(
                f"{telling.email} was told {telling.kind} of {telling.about} by {telling.channel}"
            )

    def _look_for_doubles(self, notice: Notice) -> None:
        by_channel: dict[str, list[Telling]] = defaultdict(list)
        for telling in notice.tellings:
            by_channel[telling.channel].append(telling)
        for channel, tellings in by_channel.items():
            for earlier, later in pairwise(tellings):
                if earlier.same == later.same and near(self.faults, earlier.at, earlier.at, after_s=LEASE_S):
                    self.told.collapsed += 1
                else:
                    self.told.doubled.append(f"{notice} twice by {channel}")

    def _look(self, notice: Notice, person: Person) -> None:
        """Look whether somebody without a page was told."""
        by_device = {telling.channel for telling in notice.tellings} - {"mail"}
        mailed = any(telling.channel == "mail" for telling in notice.tellings)
        can_mail = person.mailed and notice.kind not in (WordKind.OVER, OFFER)
        can_push = bool(person.devices) and notice.kind != RECEIPT
        if not (can_mail or can_push):
            return
        everywhere = can_push and by_device == {device.path for device in person.devices}
        if everywhere or (can_mail and mailed):
            self.told.due += 1
            self.told.told += 1
            self.told.kinds[notice.kind] += 1
            if notice.kind != RECEIPT:
                first = min(telling.at for telling in notice.tellings)
                self.told.waits_s.append((first - notice.due, near(self.faults, notice.at, first, after_s=CALM_S)))
        elif notice.until is not None and self._was_missable(notice, notice.until):
            self.told.overtaken += 1
        else:
            self.told.due += 1
            self.told.untold.append(f"{notice} never")

    def _was_missable(self, notice: Notice, until: float) -> bool:
        stood_s = until - notice.due
        return stood_s < MISSABLE_S or bool(near(self.faults, notice.at, until, after_s=RECOVERY_S))

    def _look_at_page(self, notice: Notice, person: Person) -> None:
        """Look whether somebody with a page was told although their socket had acknowledged the event."""
        assert person.feed is not None
        seq = event_of(notice)
        heard = person.feed.heard_at.get(seq) if seq is not None else None
        first = min((telling.at for telling in notice.tellings if telling.kind != RECEIPT), default=None)
        if heard is None or first is None:
            return
        self.told.acknowledged += 1
        if heard + ACK_STORED_S < notice.due and not near(self.parts, notice.at, first, after_s=CALM_S):
            self.told.needless.append(f"{notice} after an acknowledgement")


def near(faults: Iterable[Struck], begin: float, end: float, *, after_s: float) -> str:
    """The name of a fault between two moments, or whose consequences may last `after_s` into that time; else ""."""
    return next((f.name for f in faults if f.began - 1.0 <= end and begin <= f.ended + after_s), "")


def judge(outcome: Outcome, outside: Outside, public_key: str, lost: Sequence[Notice] = ()) -> Told:
    """Compare the database with what the outside services took. Call it once the system is idle.

    `lost`: notices of a database whose last commits are lost.
    """
    told = Told(waiting=waiting())
    tellings = mails_of(outside.mail.received)
    for person in outcome.people:
        pushed, unreadable = pushes_of(person, public_key)
        tellings += pushed
        told.unreadable += unreadable
    parts, services = since_epoch(outcome.struck), since_epoch(outcome.struck_outside)
    Comparison(outcome.people, parts, services, told, lost).compare(notices(), tellings)
    return told


def since_epoch(faults: Iterable[Struck]) -> list[Struck]:
    """Faults with their times in seconds since the epoch."""
    zero = time.time() - time.perf_counter()
    return [Struck(fault.name, fault.began + zero, fault.ended + zero) for fault in faults]


def settle(within_s: float = SETTLES_WITHIN_S) -> None:
    """Wait until no push, mail or receipt is waiting, at most `within_s` seconds; `judge` reports the rest."""
    end = time.monotonic() + within_s
    while waiting() and time.monotonic() < end:
        time.sleep(POLL_S)


def waiting() -> Counter[str]:
    """How many pushes, mails and receipts are still to be sent, by kind."""
    rows = {
        "pushes": DeferredPush.objects.all(),
        "mails": DeferredMail.objects.exclude(due_at=None),
        "receipts": Ride.objects.exclude(receipt_due_at=None),
        "corrected receipts": Payment.objects.exclude(receipt_due_at=None),
    }
    return +Counter({kind: found.count() for kind, found in rows.items()})
