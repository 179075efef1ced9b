"""Refunds: money given back to users."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.transitions import Transition
from payments.models.operation import ProviderOperation
from payments.states import REFUND_GRAPH, RefundStatus


class RefundTransition(Transition):
    subject = models.ForeignKey("payments.Refund", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Refund(ProviderOperation):
    """A part of one attempt, given back. Its amount counts in the attempt's `refunded_amount` unless it failed."""

    graph = REFUND_GRAPH
    history = RefundTransition

    attempt = models.ForeignKey("payments.Attempt", on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    reason = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=RefundStatus.choices, default=RefundStatus.PLANNED)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    manual_entry = models.ForeignKey(
        "payments.ManualEntry",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refunds",
        db_index=False,
        help_text="The decision of staff that it is a part of.",
    )

    class Meta:
        indexes = (
            models.Index(
                fields=["manual_entry"], condition=Q(manual_entry__isnull=False), name="refund_of_manual_entry"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference=""), name="refund_one_per_provider_reference"
            ),
            models.CheckConstraint(condition=Q(status__in=RefundStatus.values), name="refund_status_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
        )

    def __str__(self) -> str:
        return f"Refund {self.id}"
