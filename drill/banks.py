"""The banks in a drill: those of users decide the disputes at its end, those of partners are owed nothing then."""

from collections.abc import Mapping
from typing import Any

import httpx
from django.db.models import Sum

from drill.lines import Line, equal, zero
from payments.books import payouts
from payments.models import Dispute, Entry, Payment, PayoutHold, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.states import DISPUTES_CLOSED, PayoutHoldStatus, TransferStatus
from risk.states import FlagKind

Book = Mapping[str, Mapping[str, Any]]
DECISIONS = ("lost", "won")  # in turn
MOVEMENTS = "balance_transactions"


def of_kind(book: Book, kind: str) -> list[Mapping[str, Any]]:
    """The things of a kind in the provider's book."""
    return [thing for thing in book.values() if thing["object"] == kind]


def moved(book: Book) -> int:
    """The minor units that payouts and disputes have moved our balance by: less than 0, if nothing comes back."""
    movements = [move for dispute in of_kind(book, "dispute") for move in dispute[MOVEMENTS]]
    return sum(int(move["amount"] - move["fee"]) for move in movements) - sent(book)


def sent(book: Book) -> int:
    """The minor units that partners were paid, less what was taken back."""
    return sum(int(transfer["amount"] - transfer["amount_reversed"]) for transfer in of_kind(book, "transfer"))


def decide(provider: str, book: Book) -> None:
    """Decide every dispute, by the form that stands for the card's bank."""
    with httpx.Client(base_url=provider, trust_env=False) as http:
        for number, dispute in enumerate(of_kind(book, "dispute")):
            answer = http.post(f"/bank/{dispute['id']}", data={"then": DECISIONS[number % len(DECISIONS)]})
            if answer.is_error:
                answer.raise_for_status()


def under_way() -> bool:
    """Whether a transfer or a reversal waits for the provider, or a dispute for its bank, or a partner for a share."""
    return (
        Transfer.objects.filter(status=TransferStatus.PLANNED).exists()
        or Reversal.objects.filter(status=TransferStatus.PLANNED).exists()
        or Dispute.objects.exclude(status__in=DISPUTES_CLOSED).exists()
        or bool(unpaid())
    )


def unpaid() -> list[Payment]:
    """The payments of which partners with an account are owed something, and which no review keeps back."""
    collected = Payment.objects.filter(status__in=payouts.COLLECTED, partner__payout_account__ready=True)
    kept_back = {hold.payment_id for hold in under_review()}
    owed = (payment for payment in collected if payouts.share_of(payment) != payouts.outstanding(payment))
    return [payment for payment in owed if payment.pk not in kept_back]


def under_review() -> list[PayoutHold]:
    """The holds of payouts that staff release, and not the decision of a bank."""
    held = PayoutHold.objects.filter(status=PayoutHoldStatus.HELD)
    return [hold for hold in held if set(hold.reasons) != {FlagKind.PAYMENT_DISPUTED}]


def measures(book: Book) -> list[Line]:
    """The measures of disputes and payouts. Call it once nothing is under way."""
    disputes = of_kind(book, "dispute")
    withdrawn = -sum(move["amount"] for dispute in disputes for move in dispute[MOVEMENTS])
    decided = Dispute.objects.filter(status__in=DISPUTES_CLOSED)
    return [
        equal("disputes / known and decided", len(disputes), decided.count()),
        equal("  withdrawn / booked, minor units", withdrawn, _of(Dispute.objects.all(), "withdrawn")),
        equal(
            "paid to partners / booked", sent(book), _booked(EntryKind.PAID_OUT) - _booked(EntryKind.PAYOUT_REVERSED)
        ),
        zero("shares not paid out", len(unpaid())),
        Line("  kept back for a review", str(len(under_review()))),
    ]


def _booked(kind: EntryKind) -> int:
    return _of(Entry.objects.filter(kind=kind), "amount")


def _of(rows: Any, column: str) -> int:
    return int(rows.aggregate(sum=Sum(column, default=0))["sum"])
