"""What is always so of money, on our side and on the provider's, ride by ride.

Nothing here believes a status of ours: the provider's intents, refunds and transfers are read from the stand-in itself,
and ours from the rows. Every function gives its findings in words.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from payments.books import ledger
from payments.models import Attempt, Entry, Hold, Payment, Refund, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.states import (
    OPEN_ATTEMPTS,
    AttemptKind,
    AttemptStatus,
    HoldStatus,
    RefundStatus,
    TransferStatus,
)
from rides.models import Ride
from tests.online import Online

Thing = dict[str, Any]
NOT_THE_PROVIDERS = (AttemptKind.CASH, AttemptKind.CREDIT)
GONE_HOLDS = (HoldStatus.RELEASED, HoldStatus.DECLINED, HoldStatus.EXPIRED)
# The entries of what users owe, have paid and were given back through the provider, by credit or in cash.
OF_USERS = (EntryKind.OWED, EntryKind.COLLECTED, EntryKind.REFUNDED, EntryKind.REFUND_FAILED)


def stem(thing: Thing) -> str:
    """Which thing of ours an object of the provider is for: the key without the turn that follows a poisoned one."""
    return str(thing["metadata"].get("key", "")).partition("~")[0]


def stem_of(row: Attempt | Hold | Refund | Reversal | Transfer) -> str:
    """The same of a row of ours."""
    return row.key.partition("~")[0]


def given_back(provider: Online) -> list[Thing]:
    """The refunds that the provider has made and that hold."""
    return [thing for thing in provider.account.every("refund") if thing["status"] not in ("failed", "canceled")]


def has_moved(intent: Thing) -> bool:
    """Whether an intent has taken money, or holds it."""
    return bool(intent["amount_received"] or intent["amount_capturable"])


def every_difference(provider: Online) -> list[str]:
    """Everything below, in words; none of it may ever be said, whatever has failed or died before."""
    return [
        difference
        for look in (once_each, what_is_over, ride_by_ride, what_went_back, payouts)
        for difference in look(provider)
    ]


# ---------------------------------------------------------------- once


def once_each(provider: Online) -> Iterator[str]:
    """A thing of ours moves money once with the provider, and each thing that does is one of ours."""
    moving = {
        "intent": ([i for i in provider.intents() if has_moved(i)], [*Attempt.objects.all(), *Hold.objects.all()]),
        "refund": (given_back(provider), [*Refund.objects.all()]),
        "transfer": (provider.account.every("transfer"), [*Transfer.objects.all()]),
        "reversal": (provider.account.every("transfer_reversal"), [*Reversal.objects.all()]),
    }
    for name, (things, rows) in moving.items():
        ours = {stem_of(row): row for row in rows}
        for key, times in Counter(map(stem, things)).items():
            if key not in ours:
                yield f"{name} {key!r} is nothing of ours"
            elif times > 1:
                yield f"{name} {key} was made {times} times"
        for thing in things:
            row = ours.get(stem(thing))
            if row is not None and thing["amount"] != row.amount:
                yield f"{name} {stem(thing)} is {thing['amount']}, and ours {row.amount}"


# ---------------------------------------------------------------- over is over


def what_is_over(provider: Online) -> Iterator[str]:
    """What has ended for us has ended with the provider, too: nobody can confirm or capture it any more."""
    intents = {intent["id"]: intent for intent in provider.intents()}
    for attempt in Attempt.objects.exclude(reference=""):
        intent = intents[attempt.reference]
        if attempt.status == AttemptStatus.DECLINED and intent["status"] != "canceled":
            yield f"{attempt.key} was declined, and its intent is {intent['status']}"
        if attempt.status == AttemptStatus.SUCCEEDED and intent["amount_received"] != attempt.amount:
            yield f"{attempt.key} collected {attempt.amount}, and its intent {intent['amount_received']}"
    for hold in Hold.objects.exclude(reference=""):
        status = intents[hold.reference]["status"]
        if hold.status in GONE_HOLDS and status != "canceled":
            yield f"{hold.key} is {hold.status}, and its intent {status}"
        if hold.status == HoldStatus.CAPTURED and status != "succeeded":
            yield f"{hold.key} is captured, and its intent {status}"


# ---------------------------------------------------------------- ride by ride


def ride_by_ride(provider: Online, *, settled: bool = False) -> Iterator[str]:
    """For every ride: captured + pending = fare + fees + tips - refunds, in our books and in the provider's.

    The provider may have taken what we have not heard of yet, of an open attempt, unless all has `settled`.
    """
    taken = taken_by_ride(provider)
    if taken.get("", 0):
        yield f"{taken['']} were taken for no ride"
    succeeded = {intent["id"] for intent in provider.intents() if intent["status"] == "succeeded"}
    for ride in Ride.objects.all():
        payments = list(Payment.objects.filter(ride=ride))
        attempts = list(Attempt.objects.filter(payment__ride=ride))
        owed = sum(p.amount for p in payments)
        books = Entry.objects.filter(payment__ride=ride, kind__in=OF_USERS)
        elsewhere = sum(a.amount for a in attempts if a.kind in NOT_THE_PROVIDERS)
        pending = ledger.balance("receivable", books)
        captured = sum(ledger.balance(account, books) for account in ("provider", "cash", "credits"))
        refunded = sum(p.refunded_amount for p in payments)
        known = sum(a.amount for a in attempts if a.status == AttemptStatus.SUCCEEDED)
        # Taken, and the reply was lost, or the process that got it died.
        waiting = [a for a in attempts if a.status in OPEN_ATTEMPTS and not settled]
        unheard = sum(a.amount for a in waiting if a.reference in succeeded)
        unheard += sum(_unheard_charge(provider, a) for a in waiting if not a.reference)
        if captured + pending != owed - refunded or pending != owed - known or pending < 0:
            yield f"ride {ride.pk}: captured {captured}, pending {pending}, of {owed} less {refunded}"
        if taken.get(str(ride.pk), 0) + elsewhere + (pending - unheard) != owed:
            there = taken.get(str(ride.pk), 0)
            yield f"ride {ride.pk}: {there} were taken, {elsewhere} elsewhere, {known} known of {owed}"


def _unheard_charge(provider: Online, attempt: Attempt) -> int:
    """What a charge took whose intent we do not even know."""
    return sum(i["amount_received"] for i in provider.intents() if stem(i) == stem_of(attempt))


def taken_by_ride(provider: Online) -> dict[str, int]:
    """What the provider has taken for each ride, before refunds; under "" what is for none."""
    rides = {str(ride.request_id): str(ride.pk) for ride in Ride.objects.all()}
    taken: Counter[str] = Counter()
    for intent in provider.intents():
        metadata = intent["metadata"]
        taken[metadata.get("rideId") or rides.get(metadata.get("requestId"), "")] += intent["amount_received"]
    return taken


# ---------------------------------------------------------------- back, and out


def what_went_back(provider: Online) -> Iterator[str]:
    """Of every payment the provider has given back what our refunds say; at most, it is ahead of what we have heard."""
    theirs = given_back(provider)
    made = {stem(thing) for thing in theirs}
    for payment in Payment.objects.all():
        rows = list(Refund.objects.filter(attempt__payment=payment).exclude(attempt__kind__in=NOT_THE_PROVIDERS))
        intents = set(payment.attempts.exclude(reference="").values_list("reference", flat=True))
        back = sum(thing["amount"] for thing in theirs if thing["payment_intent"] in intents)
        # A bank may have returned one, and we have not heard of that yet.
        known = sum(row.amount for row in rows if row.status == RefundStatus.SUCCEEDED and stem_of(row) in made)
        unheard = sum(row.amount for row in rows if row.status == RefundStatus.PLANNED and stem_of(row) in made)
        if back != known + unheard:
            yield f"payment {payment.pk}: the provider gave back {back}, and we know of {known}"


def payouts(provider: Online) -> Iterator[str]:
    """Partners have been paid what our transfers say, but for those by hand, less what was taken back."""
    theirs = {stem(thing): thing for thing in provider.account.every("transfer")}
    for row in Transfer.objects.filter(by_hand=None):
        if (stem_of(row) in theirs) < (row.status == TransferStatus.SUCCEEDED):
            yield f"{row.key} is {row.status}, and the provider has none"
    reversed_there = {stem(thing) for thing in provider.account.every("transfer_reversal")}
    for reversal in Reversal.objects.filter(status=TransferStatus.SUCCEEDED):
        if stem_of(reversal) not in reversed_there:
            yield f"{reversal.key} is {reversal.status}, and the provider has none"
