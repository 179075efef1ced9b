"""The tables of money. docs/payments.md explains how they work together. Amounts are integer minor units."""

from payments.models.attempt import Attempt, AttemptTransition
from payments.models.credit import Credit
from payments.models.hold import Hold, HoldTransition
from payments.models.ledger import Entry
from payments.models.manual import ManualEntry, ManualEntryTransition
from payments.models.payment import Payment, PaymentTransition
from payments.models.people import Customer, PayoutAccount
from payments.models.period import CountedDay, Period, PeriodTotal
from payments.models.promotion import PromotionCode
from payments.models.provider import Dispute, ProviderEvent
from payments.models.reconciling import BankPayout, Difference, DifferenceTransition, Movement, Reconciliation
from payments.models.referral import Referral, ReferralCode
from payments.models.refund import Refund, RefundTransition
from payments.models.transfer import (
    PayoutHold,
    PayoutHoldTransition,
    Reversal,
    ReversalTransition,
    Transfer,
    TransferTransition,
)

__all__ = [
    "Attempt",
    "AttemptTransition",
    "BankPayout",
    "CountedDay",
    "Credit",
    "Customer",
    "Difference",
    "DifferenceTransition",
    "Dispute",
    "Entry",
    "Hold",
    "HoldTransition",
    "ManualEntry",
    "ManualEntryTransition",
    "Movement",
    "Payment",
    "PaymentTransition",
    "PayoutAccount",
    "PayoutHold",
    "PayoutHoldTransition",
    "Period",
    "PeriodTotal",
    "PromotionCode",
    "ProviderEvent",
    "Reconciliation",
    "Referral",
    "ReferralCode",
    "Refund",
    "RefundTransition",
    "Reversal",
    "ReversalTransition",
    "Transfer",
    "TransferTransition",
]
