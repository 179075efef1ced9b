"""The audit's checks of money."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat

from backoffice.audit import (
    GRACE,
    ODD,
    OVERDUE,
    Checks,
    Result,
    add_history_checks,
    one_each,
    unless,
    walked,
    wrong_rows,
)
from payments.books.ledger import PARTNERS
from payments.books.payouts import OF_SHARES
from payments.books.status import derived_status
from payments.models import (
    Attempt,
    Dispute,
    Entry,
    Hold,
    Payment,
    PayoutAccount,
    PayoutHold,
    ProviderEvent,
    Refund,
    Reversal,
    Transfer,
)
from payments.models.ledger import EntryKind
from payments.states import (
    DISPUTES_CLOSED,
    DISPUTES_LOST,
    DISPUTES_TO_ANSWER,
    OPEN_ATTEMPTS,
    AttemptStatus,
    DisputeStatus,
    HoldStatus,
    PaymentStatus,
    PayoutHoldStatus,
    RefundStatus,
    TransferStatus,
)

CHECKS = Checks()
STUCK_AFTER = timedelta(hours=1)
EVIDENCE_BEFORE = timedelta(days=3)
# The statuses in which an operation waits for nothing but the provider's answer.
WAITING: dict[type[models.Model], list[str]] = {
    Attempt: [AttemptStatus.PLANNED, AttemptStatus.CLOSING],
    Hold: [HoldStatus.PLANNED, HoldStatus.CLOSING],
    Refund: [RefundStatus.PLANNED],
    Transfer: [TransferStatus.PLANNED],
    Reversal: [TransferStatus.PLANNED],
}


@CHECKS
def refunds_fit_the_status(now: datetime) -> Result:
    """A refunded payment is refunded in full, a partially refunded one in part, and any other not at all."""
    some = Q(refunded_amount__gt=0, refunded_amount__lt=F("amount"))
    whole = Q(status=PaymentStatus.REFUNDED, refunded_amount=F("amount"))
    none = Q(refunded_amount=0) & ~Q(status__in=[PaymentStatus.REFUNDED, PaymentStatus.PARTIALLY_REFUNDED])
    return unless(Payment.objects.all(), whole | (some & Q(status=PaymentStatus.PARTIALLY_REFUNDED)) | none)


@CHECKS
def one_payment_per_provider_reference(now: datetime) -> Result:
    """A provider reference belongs to one payment."""
    return one_each(Payment.objects.exclude(third_party_reference_id=""), "third_party_reference_id")


@CHECKS.of_kind(OVERDUE)
def provider_events_are_processed(now: datetime) -> Result:
    """The provider's events have been acted on."""
    events = ProviderEvent.objects.all()
    return wrong_rows(events, events.filter(processed_at__isnull=True, received_at__lt=now - GRACE))


@CHECKS
def payments_follow_from_their_attempts(now: datetime) -> Iterator[Result]:
    """A payment's status follows from its attempts and refunds."""
    attempted = Payment.objects.filter(Exists(Attempt.objects.filter(payment=OuterRef("pk"))))
    return walked(attempted.prefetch_related("attempts"), lambda payment: payment.status != derived_status(payment))


@CHECKS
def nothing_is_collected_twice(now: datetime) -> Result:
    """Open and successful attempts add up to their payment's reserved amount, and at most to its amount."""
    counted = _sum(Attempt.objects.filter(payment=OuterRef("pk"), status__in=[*OPEN_ATTEMPTS, AttemptStatus.SUCCEEDED]))
    return unless(
        Payment.objects.annotate(_counted=counted),
        Q(collecting_amount=F("_counted")) & Q(collecting_amount__lte=F("amount")),
    )


@CHECKS
def what_is_owed_is_booked(now: datetime) -> Result:
    """The ledger has each payment's amount, once."""
    booked = _sum(Entry.objects.filter(payment=OuterRef("pk"), kind=EntryKind.OWED))
    return unless(Payment.objects.annotate(_booked=booked), Q(amount=F("_booked")))


@CHECKS
def what_is_collected_is_booked(now: datetime) -> Result:
    """The ledger has the amount of each successful attempt, and nothing else."""
    booked = _sum(Entry.objects.filter(payment=OuterRef("pk"), kind=EntryKind.COLLECTED))
    taken = _sum(Attempt.objects.filter(payment=OuterRef("pk"), status=AttemptStatus.SUCCEEDED))
    return unless(Payment.objects.annotate(_booked=booked, _taken=taken), Q(_booked=F("_taken")))


@CHECKS
def refunds_add_up(now: datetime) -> Result:
    """A payment's refunded amount is the sum of its refunds, and the ledger has it."""
    booked = _sum(Entry.objects.filter(payment=OuterRef("pk"), kind=EntryKind.REFUNDED))
    returned = _sum(Entry.objects.filter(payment=OuterRef("pk"), kind=EntryKind.REFUND_FAILED))
    given = _sum(Refund.objects.filter(attempt__payment=OuterRef("pk"), status=RefundStatus.SUCCEEDED))
    refunded = Payment.objects.annotate(_booked=booked - returned, _given=given)
    return unless(refunded, Q(refunded_amount=F("_given")) & Q(refunded_amount=F("_booked")))


@CHECKS
def refunds_are_reserved(now: datetime) -> Result:
    """An attempt counts the refunds made and planned, so that nothing is given back twice."""
    counted = _sum(Refund.objects.filter(attempt=OuterRef("pk")).exclude(status=RefundStatus.FAILED))
    return unless(Attempt.objects.annotate(_counted=counted), Q(refunded_amount=F("_counted")))


@CHECKS
def payouts_are_booked(now: datetime) -> Result:
    """The ledger has the transfers and reversals that were made for each payment, and nothing else."""
    entries = Entry.objects.filter(payment=OuterRef("pk"))
    made = {"status": TransferStatus.SUCCEEDED}
    paid = Payment.objects.filter(Exists(Transfer.objects.filter(payment=OuterRef("pk")))).annotate(
        _out=_sum(entries.filter(kind=EntryKind.PAID_OUT)),
        _back=_sum(entries.filter(kind=EntryKind.PAYOUT_REVERSED)),
        _paid=_sum(Transfer.objects.filter(payment=OuterRef("pk"), **made)),
        _reversed=_sum(Reversal.objects.filter(transfer__payment=OuterRef("pk"), **made)),
    )
    return unless(paid, Q(_out=F("_paid"), _back=F("_reversed")))


@CHECKS
def transfers_count_their_reversals(now: datetime) -> Result:
    """A transfer counts what was taken back of it, or is about to be."""
    counted = _sum(Reversal.objects.filter(transfer=OuterRef("pk")))
    asked = Transfer.objects.exclude(status=TransferStatus.NETTED)
    return unless(asked.annotate(_counted=counted), Q(reversed_amount=F("_counted")))


@CHECKS
def payouts_stay_within_shares(now: datetime) -> Result:
    """A payment's transfers, less what is taken back of them, pay at most the partner's share that refunds left."""
    entries = Entry.objects.filter(payment=OuterRef("pk"))
    transfers = Transfer.objects.filter(payment=OuterRef("pk")).exclude(status=TransferStatus.FAILED)
    of_share = entries.filter(kind__in=OF_SHARES)
    paid = Payment.objects.filter(Exists(transfers)).annotate(
        _share=_sum(of_share.filter(credit=PARTNERS)) - _sum(of_share.filter(debit=PARTNERS)),
        _out=_sum(transfers) - _sum(transfers, "reversed_amount"),
    )
    return unless(paid, Q(_out__lte=F("_share")))


@CHECKS
def held_payouts_are_not_made(now: datetime) -> Result:
    """A payout that is held or refused has no transfer."""
    released = Q(status=PayoutHoldStatus.RELEASED)
    return unless(PayoutHold.objects.all(), released | Q(payment__transfers__isnull=True))


@CHECKS.of_kind(OVERDUE)
def held_payouts_are_seen_to(now: datetime) -> Result:
    """The rules are applied again to a held payout when its time has come."""
    holds = PayoutHold.objects.all()
    return wrong_rows(holds, holds.filter(due_at__lt=now - GRACE))


@CHECKS.of_kind(ODD)
def refunds_need_nobody(now: datetime) -> Result:
    """No refund waits for staff: the provider gave back the amount that was asked for."""
    return unless(Refund.objects.all(), ~Q(status=RefundStatus.ATTENTION))


@CHECKS.of_kind(ODD)
def partners_owe_nothing(now: datetime) -> Result:
    """No partner owes a part of a payout that could not be taken back."""
    return unless(Reversal.objects.all(), Q(debt=0))


@CHECKS.of_kind(OVERDUE)
def payout_accounts_are_looked_at(now: datetime) -> Result:
    """The provider is asked in time how each partner's account stands."""
    accounts = PayoutAccount.objects.all()
    return wrong_rows(accounts, accounts.filter(next_step_at__lt=now - GRACE))


@CHECKS.of_kind(ODD)
def payout_accounts_need_nobody(now: datetime) -> Result:
    """No partner's account is cut off, and no bank has returned a payment to a partner."""
    return unless(PayoutAccount.objects.all(), Q(disconnected_at__isnull=True, payout_failure=""))


@CHECKS
def disputes_are_booked(now: datetime) -> Result:
    """The ledger withholds the amount that an open dispute has withdrawn, and has written off that of a lost one."""
    about = Q(source=OuterRef("pk")) | Q(source__startswith=Concat(OuterRef("pk"), Value(":")))
    entries = Entry.objects.filter(about, payment=OuterRef("attempt__payment"))

    def booked(more: EntryKind, less: EntryKind) -> Any:
        return _sum(entries.filter(kind=more)) - _sum(entries.filter(kind=less))

    disputes = Dispute.objects.exclude(asked_at=None).annotate(
        _taken=booked(EntryKind.DISPUTED, EntryKind.DISPUTE_WON),
        _lost=booked(EntryKind.DISPUTE_LOST, EntryKind.LOSS_APPEALED),
        _fee=booked(EntryKind.DISPUTE_FEE, EntryKind.FEE_RETURNED),
    )
    lost = Q(status__in=DISPUTES_LOST, _lost=F("withdrawn")) | (~Q(status__in=DISPUTES_LOST) & Q(_lost=0))
    return unless(disputes, lost & Q(_taken=F("withdrawn"), _fee=F("fee")))


@CHECKS.of_kind(ODD)
def disputes_end_with_nothing_withheld(now: datetime) -> Result:
    """A dispute that was won, or an inquiry that was closed, has given everything back."""
    over = [status for status in DISPUTES_CLOSED if status not in DISPUTES_LOST]
    return unless(Dispute.objects.all(), ~Q(status__in=over) | Q(withdrawn=0))


@CHECKS.of_kind(ODD)
def disputes_are_answered(now: datetime) -> Result:
    """No dispute waits for evidence that is due within three days, and no evidence was refused."""
    waiting = Q(status__in=DISPUTES_TO_ANSWER, submitted_at=None)
    disputes = Dispute.objects.all()
    late = waiting & (Q(evidence_due_by__lt=now + EVIDENCE_BEFORE) | ~Q(failure=""))
    return wrong_rows(disputes, disputes.filter(late))


@CHECKS.of_kind(ODD)
def disputes_have_known_statuses(now: datetime) -> Result:
    """The provider has given no dispute a status that this release does not know."""
    return unless(Dispute.objects.all(), Q(status__in=DisputeStatus.values))


@CHECKS.of_kind(OVERDUE)
def evidence_is_submitted(now: datetime) -> Result:
    """Evidence that staff have submitted goes to the bank in time."""
    disputes = Dispute.objects.all()
    return wrong_rows(disputes, disputes.filter(next_step_at__lt=now - GRACE))


def _sum(rows: QuerySet[Any, Any], of: str = "amount") -> Coalesce:
    """Returns the sum of the amounts that a subquery about an outer row finds."""
    summed = rows.order_by().annotate(_one=Value(1)).values("_one").annotate(_sum=Sum(of)).values("_sum")
    return Coalesce(Subquery(summed, output_field=models.IntegerField()), 0)


@CHECKS.of_kind(OVERDUE)
def attempts_are_seen_to(now: datetime) -> Result:
    """The next step of every attempt is done in time."""
    attempts = Attempt.objects.all()
    return wrong_rows(attempts, attempts.filter(next_step_at__lt=now - GRACE))


@CHECKS.of_kind(OVERDUE)
def operations_come_to_an_end(now: datetime) -> Result:
    """No hold, capture, charge, refund, payout or closing waits for the provider for longer than an hour."""
    result = Result(0)
    for model, waiting in WAITING.items():
        rows = model._default_manager.all()
        found = wrong_rows(rows, rows.filter(status__in=waiting, created_at__lt=now - STUCK_AFTER))
        result.looked_at += found.looked_at
        result.wrong += found.wrong
        result.examples += found.examples
    return result


for _model in (Attempt, Refund, Payment, Hold, Transfer, PayoutHold, Reversal):
    _name = str(_model._meta.verbose_name).replace(" ", "_")
    add_history_checks(CHECKS, _name, _model, _model.history, _model.graph)
