"""The bugs that the random lives of money must find."""

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Sum

from core.prices import COMMISSION_WHOLE, TAX_WHOLE, Tax
from payments.books import payouts
from payments.books.billing import Bill
from payments.models import Attempt, Credit, Dispute, Payment, Transfer
from payments.models.ledger import EntryKind
from payments.states import AttemptKind, PaymentKind, TransferStatus
from payments.tests.planted.planting import (
    Bug,
    another_key,
    billing,
    instead,
    kind_without,
    nothing,
    share_of_bill,
    swapped,
    twice,
    without,
)
from regions.models import Prices
from rides.models import Ride

# ---------------------------------------------------------------- prices


def _commission_rounded_up(net: int, bps: int, *currency: str) -> int:
    return -(-net * bps // COMMISSION_WHOLE)


def _tax_rounded_down(tax: Tax, price: int) -> int:
    return price * tax.rate // (TAX_WHOLE + tax.rate if tax.inclusive else TAX_WHOLE)


def _one_increment_more(duration: Any, increment_s: int) -> int:
    return int(duration.total_seconds() // increment_s) + 1


def _commission_of_tips(bill: Bill) -> Bill:
    return share_of_bill(bill, bill.amount * 8 // 10) if bill.kind == PaymentKind.TIP else bill


def _no_share_of_fees(bill: Bill) -> Bill:
    return bill if bill.kind in (PaymentKind.FARE, PaymentKind.TIP) else share_of_bill(bill, 0)


def _tax_for_the_partner(bill: Bill) -> Bill:
    return share_of_bill(replace(bill, tax=0), bill.tax + bill.share.amount) if bill.share else bill


def _always_a_fee(ride: Ride, prices: Prices, now: Any) -> int:
    return prices.cancellation_fee_amount


PRICING = [
    Bug("commission_rounded_up", "core.prices.commission", instead(_commission_rounded_up)),
    Bug("tax_rounded_down", "core.prices.Tax.of", instead(_tax_rounded_down)),
    Bug("tips_are_taxed", "rides.services.NO_TAX", instead(Tax(10_000))),
    Bug("commission_of_tips", "rides.services.open_payment", billing(_commission_of_tips)),
    Bug("no_share_of_fees", "rides.services.open_payment", billing(_no_share_of_fees)),
    Bug("tax_for_the_partner", "rides.services.open_payment", billing(_tax_for_the_partner)),
    Bug("bills_in_dollars", "rides.services.open_payment", billing(lambda bill: replace(bill, currency="usd"))),
    Bug("one_increment_more_at_its_end", "core.prices.increments", instead(_one_increment_more)),
    Bug("fee_within_the_grace", "rides.services.cancellation_fee", instead(_always_a_fee)),
    Bug(
        "prices_of_now",
        "requests_app.serving.fulfilment.prices_of requests_app.services.prices_of"
        " requests_app.serving.arrival.prices_of requests_app.bookings.prices_of",
        instead(lambda request: request.region),
    ),
]

# ---------------------------------------------------------------- collecting


def _closed_by_us_alone(row: Any, *, now: Any) -> dict[str, Any]:
    return {"id": row.reference, "status": "canceled", "metadata": {"key": row.key}}


def _after_the_commit(original: Any) -> Any:
    return lambda rows, **named: transaction.on_commit(lambda: original(rows, **named))


def _also_of_tips(original: Any) -> Any:
    def take(payment: Payment, **named: Any) -> list[tuple[Credit, int]]:
        kind, payment.kind = payment.kind, PaymentKind.FARE
        found: list[tuple[Credit, int]] = original(payment, **named)
        payment.kind = kind
        return found

    return take


def _without_cash(original: Any) -> Any:
    return {way: account for way, account in original.items() if way != AttemptKind.CASH}


def _any_fare(payment: Payment) -> bool:
    return payment.kind == PaymentKind.FARE


COLLECTING = [
    Bug("another_key_for_a_repeated_charge", "payments.provider.collecting.provider_call", another_key),
    Bug("a_hold_is_captured_whole", "payments.provider.parameters.of_capture", instead(lambda amount: {})),
    Bug("holds_are_never_let_go_of", "payments.books.holds.release", nothing),
    Bug("declined_charges_stay_open", "payments.provider.collecting._cancelled", instead(_closed_by_us_alone)),
    Bug("booked_after_the_commit", "payments.books.ledger.insert_all", _after_the_commit),
    Bug("cash_booked_as_the_providers", "payments.books.ledger.INSTEAD_OF_PROVIDER", _without_cash),
    Bug("credit_pays_tips", "payments.books.credits.take", _also_of_tips),
    Bug("expired_credit_unbooked", "payments.books.credits.book_credit", kind_without(EntryKind.CREDIT_ENDED)),
    Bug("referrers_are_given_nothing", "payments.books.referrals._referrer_within_limit", nothing),
    Bug("cheers_paid_by_credit_count_as_paid", "payments.books.first_cheers._is_paid_cheer", instead(_any_fare)),
    Bug("written_off_and_paid_all_the_same", "payments.books.attempts._recover", nothing),
]

# ---------------------------------------------------------------- refunds


def _share_rounded_up(payment: Payment, whole: int, refunded: int) -> int:
    return -(-whole * refunded // payment.amount) if payment.amount else 0


def _each_refund_by_itself(payment: Payment, whole: int, before: int) -> int:
    return whole * abs(payment.refunded_amount - before) // payment.amount


def _unreserved(original: Any) -> Any:
    def save(attempt: Attempt, *arguments: Any, **named: Any) -> None:
        if named.get("update_fields") != ["refunded_amount"]:
            original(attempt, *arguments, **named)

    return save


REFUNDING = [
    Bug("another_key_for_a_repeated_refund", "payments.provider.refunds.provider_call", another_key),
    Bug("a_planned_refund_unreserved", "payments.models.Attempt.save", _unreserved),
    Bug("share_of_refunds_rounded_up", "payments.models.Payment.part_of_refunds", instead(_share_rounded_up)),
    Bug("each_refund_rounded_by_itself", "payments.books.refunds._part", instead(_each_refund_by_itself)),
    Bug("tax_of_refunds_kept", "payments.books.refunds.book_all", without(EntryKind.TAX_REVERSED)),
    Bug("share_of_returned_refunds_lost", "payments.books.refunds.book_all", without(EntryKind.SHARE_RESTORED)),
    Bug("credit_of_refunds_lost", "payments.books.credits.give_back", nothing),
    Bug("credit_of_refunds_given_twice", "payments.books.credits.give_back", twice),
]

# ---------------------------------------------------------------- payouts


def _with_the_refunded_part(original: Any) -> Any:
    def plan(payment: Payment, **named: Any) -> None:
        share_of = payouts.share_of
        payouts.share_of = lambda payment: payment.partner_share
        try:
            original(payment, **named)
        finally:
            payouts.share_of = share_of

    return plan


def _without_what_was_paid_by_hand(payment: Payment) -> int:
    made = Transfer.objects.filter(payment=payment, by_hand=None).exclude(status=TransferStatus.FAILED)
    return int(made.aggregate(sum=Sum(payouts.KEPT, default=0))["sum"])


def _transfer_in_dollars(original: Any) -> Any:
    return lambda **named: original(**{**named, "currency": "usd"})


PAYING = [
    Bug("payout_with_the_refunded_part", "payments.books.payouts.plan", _with_the_refunded_part),
    Bug("another_key_for_a_repeated_payout", "payments.provider.payouts.provider_call", another_key),
    Bug("payouts_are_never_taken_back", "payments.books.payouts.reverse", nothing),
    Bug("debts_are_never_kept", "payments.books.payouts._net", instead(lambda payment, due, *, now: 0)),
    Bug("paid_by_hand_and_again", "payments.books.payouts.outstanding", instead(_without_what_was_paid_by_hand)),
    Bug("payouts_in_dollars", "payments.provider.parameters.of_transfer", _transfer_in_dollars),
    Bug("no_payout_of_what_waited", "payments.books.payouts.plan_all", nothing),
]

# ---------------------------------------------------------------- disputes, staff, and what is shown


def _borne_by_the_partner(row: Dispute, payment: Payment, booked: Any, lost: int) -> int:
    taken: int = booked["share_reversed"] - booked["share_restored"]
    part = payment.part_of_refunds(payment.partner_share, row.withdrawn)
    return min(part - taken, payouts.share_of(payment)) if lost > 0 else (-taken if lost < 0 else 0)


def _credited_as_earned(original: Any) -> Any:
    return lambda kind, debit, credit: "given" if kind == EntryKind.PARTNER_CREDITED else original(kind, debit, credit)


def _nothing_due(payments: Any) -> int:
    return 0


REST = [
    Bug("lost_disputes_not_written_off", "payments.books.disputes.book_all", without(EntryKind.DISPUTE_LOST)),
    Bug("fees_of_disputes_unbooked", "payments.books.disputes.book_all", without(EntryKind.DISPUTE_FEE)),
    Bug("won_disputes_unbooked", "payments.books.disputes.book_all", without(EntryKind.DISPUTE_WON)),
    Bug("appealed_losses_stay_written_off", "payments.books.disputes.book_all", without(EntryKind.LOSS_APPEALED)),
    Bug("losses_always_the_partners", "payments.books.disputes._share_to_take", instead(_borne_by_the_partner)),
    Bug("given_by_hand_the_wrong_way", "payments.books.ledger.SIDES", swapped(EntryKind.USER_CREDITED)),
    Bug("debts_repaid_the_wrong_way", "payments.books.ledger.SIDES", swapped(EntryKind.DEBT_REPAID)),
    Bug("adjustments_stated_as_fares", "payments.books.statement._part", _credited_as_earned),
    Bug("receipts_with_nothing_due", "rides.receipts._due", instead(_nothing_due)),
    Bug("receipts_with_all_the_tax", "payments.models.Payment.tax_kept", instead(property(lambda it: it.tax_amount))),
]

BUGS = [*PRICING, *COLLECTING, *REFUNDING, *PAYING, *REST]
