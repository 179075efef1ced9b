"""What a payment may become."""

from django.db import models

from speedycheers.transitions import Graph


class PaymentStatus(models.TextChoices):
    DUE = "due", "Due"
    PROCESSING = "processing", "Processing"
    REQUIRES_ACTION = "requires_action", "Waiting for the user"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    PARTIALLY_REFUNDED = "partially_refunded", "Partially refunded"
    REFUNDED = "refunded", "Refunded"


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
        PaymentStatus.PARTIALLY_REFUNDED: [PaymentStatus.REFUNDED],
    },
)
