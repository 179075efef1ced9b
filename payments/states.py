"""The states of payments, attempts, holds, refunds and payouts, and the moves between them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.transitions import Graph


class PaymentKind(models.TextChoices):
    FARE = "fare", _("Fare")
    CANCELLATION_FEE = "cancellation_fee", _("Cancellation fee")
    NO_SHOW_FEE = "no_show_fee", _("No-show fee")
    TIP = "tip", _("Tip")


class PaymentStatus(models.TextChoices):
    DUE = "due", _("Due")
    PROCESSING = "processing", _("Processing")
    REQUIRES_ACTION = "requires_action", _("Waiting for the user")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
    REFUNDED = "refunded", _("Refunded")


UNPAID = [PaymentStatus.DUE, PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION, PaymentStatus.FAILED]

PAYMENT_GRAPH = Graph(
    PaymentStatus,
    initial=PaymentStatus.DUE,
    edges={
        PaymentStatus.DUE: [
            PaymentStatus.PROCESSING,
            PaymentStatus.REQUIRES_ACTION,
            PaymentStatus.PAID,
            PaymentStatus.FAILED,
        ],
        PaymentStatus.PROCESSING: [PaymentStatus.REQUIRES_ACTION, PaymentStatus.PAID, PaymentStatus.FAILED],
        PaymentStatus.REQUIRES_ACTION: [PaymentStatus.PROCESSING, PaymentStatus.PAID, PaymentStatus.FAILED],
        # A later attempt may still succeed.
        PaymentStatus.FAILED: [PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION, PaymentStatus.PAID],
        PaymentStatus.PAID: [PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED],
        # Back, if a bank returns a refund that counted as made.
        PaymentStatus.PARTIALLY_REFUNDED: [PaymentStatus.REFUNDED, PaymentStatus.PAID],
        PaymentStatus.REFUNDED: [PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.PAID],
    },
)


class AttemptKind(models.TextChoices):
    CAPTURE = "capture", "Capture of a hold"
    CHARGE = "charge", "Charge"
    CASH = "cash", "Cash"
    CREDIT = "credit", "Credit"


class AttemptStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Waiting for its time"
    PLANNED = "planned", "Planned"
    PROCESSING = "processing", "Processing"
    REQUIRES_ACTION = "requires_action", "Waiting for the user"
    CLOSING = "closing", "Being closed"
    SUCCEEDED = "succeeded", "Succeeded"
    DECLINED = "declined", "Declined"


ATTEMPT_GRAPH = Graph(
    AttemptStatus,
    initial=AttemptStatus.PLANNED,
    edges={
        AttemptStatus.SCHEDULED: [AttemptStatus.PLANNED, AttemptStatus.DECLINED],
        AttemptStatus.PLANNED: [
            AttemptStatus.SCHEDULED,
            AttemptStatus.PROCESSING,
            AttemptStatus.REQUIRES_ACTION,
            AttemptStatus.CLOSING,
            AttemptStatus.SUCCEEDED,
            AttemptStatus.DECLINED,
        ],
        AttemptStatus.PROCESSING: [
            AttemptStatus.REQUIRES_ACTION,
            AttemptStatus.CLOSING,
            AttemptStatus.SUCCEEDED,
            AttemptStatus.DECLINED,
        ],
        AttemptStatus.REQUIRES_ACTION: [
            AttemptStatus.PROCESSING,
            AttemptStatus.CLOSING,
            AttemptStatus.SUCCEEDED,
            AttemptStatus.DECLINED,
        ],
        # A declined intent could still be confirmed, so it is closed with the provider before another attempt is made.
        AttemptStatus.CLOSING: [AttemptStatus.SUCCEEDED, AttemptStatus.DECLINED],
        # Only an intent made elsewhere comes back, of which we learn by its events.
        AttemptStatus.DECLINED: [
            AttemptStatus.PROCESSING,
            AttemptStatus.REQUIRES_ACTION,
            AttemptStatus.SUCCEEDED,
        ],
    },
)
OPEN_ATTEMPTS = [
    AttemptStatus.SCHEDULED,
    AttemptStatus.PLANNED,
    AttemptStatus.PROCESSING,
    AttemptStatus.REQUIRES_ACTION,
    AttemptStatus.CLOSING,
]


class CreditKind(models.TextChoices):
    APOLOGY = "apology", _("Apology")
    PROMOTION = "promotion", _("Promotion")
    REFERRAL = "referral", _("Invitation")


class ReferralStatus(models.TextChoices):
    WAITING = "waiting", "Waiting for the first cheer"
    GIVEN = "given", "Credit is given"
    VOID = "void", "Nothing is given"


class ReferralEnd(models.TextChoices):
    """Why a referral has ended without credit."""

    REFUNDED = "refunded", "The cheer was refunded or disputed"
    SAME_PERSON = "same_person", "The two are one person, or the newcomer was none"
    CLOSED = "closed", "The newcomer's account is closed"
    OFF = "off", "Nothing is given in this currency"


class HoldStatus(models.TextChoices):
    PLANNED = "planned", "Planned"
    REQUIRES_ACTION = "requires_action", "Waiting for the user"
    AUTHORIZED = "authorized", "Held"
    CLOSING = "closing", "Being released"
    CAPTURED = "captured", "Captured"
    RELEASED = "released", "Released"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"


HOLD_GRAPH = Graph(
    HoldStatus,
    initial=HoldStatus.PLANNED,
    edges={
        HoldStatus.PLANNED: [
            HoldStatus.REQUIRES_ACTION,
            HoldStatus.AUTHORIZED,
            HoldStatus.CLOSING,
            HoldStatus.DECLINED,
            HoldStatus.RELEASED,
        ],
        HoldStatus.REQUIRES_ACTION: [
            HoldStatus.AUTHORIZED,
            HoldStatus.CLOSING,
            HoldStatus.DECLINED,
            HoldStatus.RELEASED,
        ],
        HoldStatus.AUTHORIZED: [
            HoldStatus.CLOSING,
            HoldStatus.CAPTURED,
            HoldStatus.RELEASED,
            HoldStatus.EXPIRED,
        ],
        HoldStatus.CLOSING: [HoldStatus.RELEASED, HoldStatus.DECLINED, HoldStatus.EXPIRED, HoldStatus.CAPTURED],
    },
)
OPEN_HOLDS = [HoldStatus.PLANNED, HoldStatus.REQUIRES_ACTION, HoldStatus.AUTHORIZED, HoldStatus.CLOSING]


class RefundStatus(models.TextChoices):
    PLANNED = "planned", "Planned"
    SUCCEEDED = "succeeded", "Refunded"
    FAILED = "failed", "Failed"
    ATTENTION = "attention", "Needs attention"


REFUND_GRAPH = Graph(
    RefundStatus,
    initial=RefundStatus.PLANNED,
    edges={
        RefundStatus.PLANNED: [RefundStatus.SUCCEEDED, RefundStatus.FAILED, RefundStatus.ATTENTION],
        # The user's bank may return it for a month.
        RefundStatus.SUCCEEDED: [RefundStatus.FAILED],
        # The provider gave back another amount: staff find out why, and nothing is given back twice meanwhile.
        RefundStatus.ATTENTION: [RefundStatus.FAILED],
    },
)


class TransferStatus(models.TextChoices):
    PLANNED = "planned", "Planned"
    SUCCEEDED = "succeeded", "Paid"
    FAILED = "failed", "Failed"
    NETTED = "netted", "Kept for a debt"


class PayoutHoldStatus(models.TextChoices):
    HELD = "held", "Held"
    RELEASED = "released", "Released"
    REFUSED = "refused", "Refused"


PAYOUT_HOLD_GRAPH = Graph(
    PayoutHoldStatus,
    initial=PayoutHoldStatus.HELD,
    edges={
        PayoutHoldStatus.HELD: [PayoutHoldStatus.RELEASED, PayoutHoldStatus.REFUSED],
        PayoutHoldStatus.REFUSED: [PayoutHoldStatus.RELEASED],
    },
)


TRANSFER_GRAPH = Graph(
    TransferStatus,
    initial=TransferStatus.PLANNED,
    edges={TransferStatus.PLANNED: [TransferStatus.SUCCEEDED, TransferStatus.FAILED, TransferStatus.NETTED]},
)


class ManualKind(models.TextChoices):
    """The kinds of manual entries; "user" and "partner" say whom the money comes from or goes to."""

    REFUNDED = "refunded", "Refunded to the user"
    RECEIVED = "received", "Received from the user, outside of the provider"
    WRITTEN_OFF = "written_off", "User's debt written off"
    USER_CREDITED = "user_credited", "Given to the user, outside of the provider"
    USER_CHARGED = "user_charged", "Taken from the user in addition, outside of the provider"
    PARTNER_CREDITED = "partner_credited", "Partner's share raised"
    PARTNER_CHARGED = "partner_charged", "Partner's share lowered"
    PAID_BY_HAND = "paid_by_hand", "Paid to the partner, outside of the provider"
    DEBT_REPAID = "debt_repaid", "Debt repaid by the partner"
    DEBT_WRITTEN_OFF = "debt_written_off", "Partner's debt written off"
    FEE = "fee", "Fee paid"


MANUAL_OF_PAYMENTS = [
    ManualKind.REFUNDED,
    ManualKind.RECEIVED,
    ManualKind.WRITTEN_OFF,
    ManualKind.USER_CREDITED,
    ManualKind.USER_CHARGED,
    ManualKind.PARTNER_CREDITED,
    ManualKind.PARTNER_CHARGED,
]
MANUAL_OF_PARTNERS = [ManualKind.PAID_BY_HAND, ManualKind.DEBT_REPAID, ManualKind.DEBT_WRITTEN_OFF]


class ManualStatus(models.TextChoices):
    PROPOSED = "proposed", "Waits for approval"
    BOOKED = "booked", "Booked"
    REJECTED = "rejected", "Rejected"


MANUAL_GRAPH = Graph(
    ManualStatus,
    initial=ManualStatus.PROPOSED,
    edges={ManualStatus.PROPOSED: [ManualStatus.BOOKED, ManualStatus.REJECTED]},
)


class DisputeStatus(models.TextChoices):
    """The provider's statuses of a dispute. One that is not among these is stored and shown as it comes."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response", "Inquiry: needs a response"
    WARNING_UNDER_REVIEW = "warning_under_review", "Inquiry: under review"
    WARNING_CLOSED = "warning_closed", "Inquiry closed"
    NEEDS_RESPONSE = "needs_response", "Needs a response"
    UNDER_REVIEW = "under_review", "Under review"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response", "Appeal: needs a response"
    APPEAL_UNDER_REVIEW = "appeal_under_review", "Appeal: under review"
    WON = "won", "Won"
    LOST = "lost", "Lost"
    PREVENTED = "prevented", "Prevented"


DISPUTES_TO_ANSWER = [
    DisputeStatus.WARNING_NEEDS_RESPONSE,
    DisputeStatus.NEEDS_RESPONSE,
    DisputeStatus.APPEAL_NEEDS_RESPONSE,
]
# What a dispute in one of these has withdrawn and not given back is lost.
DISPUTES_LOST = [DisputeStatus.LOST, DisputeStatus.PREVENTED]
DISPUTES_CLOSED = [DisputeStatus.WARNING_CLOSED, DisputeStatus.WON, *DISPUTES_LOST]
# The provider refunds no charge that has been charged back: that of any other dispute.
DISPUTES_REFUNDABLE = [
    DisputeStatus.WARNING_NEEDS_RESPONSE,
    DisputeStatus.WARNING_UNDER_REVIEW,
    DisputeStatus.WARNING_CLOSED,
    DisputeStatus.WON,
    DisputeStatus.PREVENTED,
]
