"""The loss by an asynchronous replica: what the dead primary had stored, and the primary after it has not.

The dead server's data is started once more, by itself, and compared with the database of the program.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any

import environ
from django.db import connections

from drill.judge import recipient_of
from drill.notices import Notice, notices
from drill.run import Outcome
from notifications.models import Event
from notifications.selectors import stream_of
from payments.models import Attempt, Hold, Payment, Reconciliation
from requests_app.models import CheerRequest, Offer
from rides.models import Ride
from simulator.ledger import GONE, Ledger

TAKES_MONEY = ("succeeded", "requires_capture", "processing")
Ids = frozenset[Any]


@dataclass(frozen=True)
class Held:
    """The rows that a database holds, or of them those that are lost, by id."""

    requests: Ids = frozenset()
    rides: Ids = frozenset()
    offers: Ids = frozenset()
    payments: Ids = frozenset()
    events: Ids = frozenset()  # (recipient, number, epoch)
    operations: Ids = frozenset()  # keys of holds and attempts
    notices: list[Notice] = field(default_factory=list)

    def __str__(self) -> str:
        counted = [(one.name, getattr(self, one.name)) for one in fields(self)]
        return ", ".join(f"{len(ids)} {name}" for name, ids in counted if isinstance(ids, frozenset))

    def without(self, other: "Held") -> "Held":
        """Return what this has and the other has not; all of the notices, since another may be one of the same."""
        names = [one.name for one in fields(self) if one.name != "notices"]
        return Held(**{name: getattr(self, name) - getattr(other, name) for name in names}, notices=self.notices)


def held() -> Held:
    """Return what the database of this process holds."""

    def ids(model: Any) -> Ids:
        return frozenset(map(str, model.objects.values_list("pk", flat=True)))

    return Held(
        requests=ids(CheerRequest),
        rides=ids(Ride),
        offers=ids(Offer),
        payments=ids(Payment),
        events=frozenset(Event.objects.values_list("recipient", "seq", "epoch")),
        operations=frozenset(key for rows in (Hold, Attempt) for key in rows.objects.values_list("key", flat=True)),
        notices=notices(),
    )


@contextmanager
def database_at(url: str) -> Iterator[None]:
    """Read the database at this address in the block, in place of the program's."""
    usual = connections["default"]
    address = environ.Env.db_url_config(url)
    connections.settings["other"] = {**connections.settings["default"], **address}
    other = connections.create_connection("other")
    connections["default"] = other
    try:
        yield
    finally:
        connections["default"] = usual
        other.close()
        del connections.settings["other"]


def loss_against(url: str) -> Held:
    """Return what the database at this address holds and the program's does not."""
    with database_at(url):
        had = held()
    return had.without(held())


# ---------------------------------------------------------------- the judgement


@dataclass(frozen=True)
class Verdict:
    """The counts of a loss; all but the first must be 0."""

    acknowledged: int  # requests and rides that were confirmed to a client and are lost
    unexplained: list[str]  # confirmed and gone, although the dead primary did not have them either
    unaware: list[str]  # clients that still hold what is lost
    unnamed: list[str]  # intents at the provider without a row, that the reconciler does not name


def judge(outcome: Outcome, lost: Held, book: Mapping[str, Mapping[str, Any]]) -> Verdict:
    """Judge a loss by what clients were told and by the provider's book, after the reconciler has run."""
    now = held()
    told = _told(outcome.ledger)
    gone = {pk: kind for pk, kind in told.items() if pk not in now.requests and pk not in now.rides}
    named = {line.partition(":")[0] for line in Reconciliation.objects.order_by("-pk")[:1].get().differences}
    orphans = orphans_in(book)
    stray = [intent for intent, key in orphans.items() if key not in lost.operations]
    return Verdict(
        acknowledged=len(gone),
        unexplained=[f"{kind} {pk}" for pk, kind in gone.items() if pk not in lost.requests | lost.rides]
        + [f"intent {intent}" for intent in stray],
        unaware=[*_requests_held(outcome.ledger, lost.requests), *_streams_ahead(outcome)],
        unnamed=sorted(named ^ orphans.keys()),
    )


def _told(ledger: Ledger) -> dict[str, str]:
    requests = {story.request_id: "request" for story in ledger.asked}
    return requests | dict.fromkeys(ledger.rides.keys() | ledger.fares.keys(), "ride")


def _requests_held(ledger: Ledger, lost: Ids) -> Iterable[str]:
    for story in ledger.asked:
        if story.request_id in lost and story.status != GONE:
            yield f"the user of request {story.request_id} holds it for {story.status}"


def _streams_ahead(outcome: Outcome) -> Iterable[str]:
    """The clients whose newest event is not in the log."""
    for feed in outcome.feeds:
        recipient = recipient_of(feed.account.email)
        newest = stream_of(recipient).last_seq if recipient else 0
        if (feed.numbering.last or 0) > newest:
            yield f"{feed.account.email} is at event {feed.numbering.last} of {newest}"


def excused(lost: Held) -> Callable[[str], bool]:
    """Tell whether a request or ride may be gone."""
    may = lost.requests | lost.rides
    return lambda pk: pk in may


def orphans_in(book: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The provider's intents that hold or took money and that no row of ours knows, each with its key."""
    intents = [row for row in book.values() if row["object"] == "payment_intent" and row["status"] in TAKES_MONEY]
    keys = {key for rows in (Hold, Attempt) for key in rows.objects.values_list("key", flat=True)}
    references = {known for rows in (Hold, Attempt) for known in rows.objects.values_list("reference", flat=True)}
    return {
        row["id"]: row["metadata"].get("key", "")
        for row in intents
        if row["id"] not in references and row["metadata"].get("key") not in keys
    }


def book_without(book: Mapping[str, Mapping[str, Any]], orphans: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The book without these intents and their charges."""
    gone = set(orphans)
    return {id: row for id, row in book.items() if id not in gone and row.get("payment_intent") not in gone}
