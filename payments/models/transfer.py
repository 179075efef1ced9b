"""Transfers to partners, and reversals of them."""

from django.db import models
from django.db.models import F, Q

from core.transitions import Transition
from payments.models.operation import ProviderOperation
from payments.states import TRANSFER_GRAPH, TransferStatus


class TransferTransition(Transition):
    subject = models.ForeignKey("payments.Transfer", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Transfer(ProviderOperation):
    """A partner's share of one payment, paid out to their account with the provider."""

    graph = TRANSFER_GRAPH
    history = TransferTransition

    payment = models.OneToOneField("payments.Payment", on_delete=models.PROTECT, related_name="transfer")
    partner = models.ForeignKey("accounts.Partner", on_delete=models.PROTECT, related_name="transfers")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    reversed_amount = models.PositiveIntegerField(default=0, help_text="Minor units taken back, or about to be.")
    status = models.CharField(max_length=10, choices=TransferStatus.choices, default=TransferStatus.PLANNED)
    account_reference = models.CharField(max_length=255)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(status__in=TransferStatus.values), name="transfer_status_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, reversed_amount__gte=0, reversed_amount__lte=F("amount")),
                name="transfer_reversals_within_amount",
            ),
        )

    def __str__(self) -> str:
        return f"Transfer {self.id}"


class ReversalTransition(Transition):
    subject = models.ForeignKey("payments.Reversal", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Reversal(ProviderOperation):
    """A part of a transfer that is taken back after a refund to the user."""

    graph = TRANSFER_GRAPH
    history = ReversalTransition

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="reversals")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    status = models.CharField(max_length=10, choices=TransferStatus.choices, default=TransferStatus.PLANNED)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(status__in=TransferStatus.values), name="reversal_status_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="reversal_amount_positive"),
        )

    def __str__(self) -> str:
        return f"Reversal {self.id}"
