"""Attempts to collect money that is owed."""

from django.db import models
from django.db.models import F, Q

from core.transitions import Transition
from payments.models.operation import ProviderOperation
from payments.states import ATTEMPT_GRAPH, AttemptKind, AttemptStatus


class AttemptTransition(Transition):
    subject = models.ForeignKey("payments.Attempt", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Attempt(ProviderOperation):
    """One attempt to collect an amount for one payment: a hold's capture, a charge of the card, cash, or credit.

    While it is open or has succeeded, its amount counts in its payment's `collecting_amount`. That sum can't exceed the
    payment's amount, so two attempts can't collect the same money.
    """

    graph = ATTEMPT_GRAPH
    history = AttemptTransition

    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="attempts", db_index=False)
    kind = models.CharField(max_length=8, choices=AttemptKind.choices)
    hold = models.OneToOneField(
        "payments.Hold", null=True, blank=True, on_delete=models.PROTECT, related_name="capture"
    )
    credit = models.ForeignKey(
        "payments.Credit", null=True, blank=True, on_delete=models.PROTECT, related_name="uses", db_index=False
    )
    number = models.PositiveSmallIntegerField(help_text="Counts the attempts of a payment.")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    refunded_amount = models.PositiveIntegerField(default=0, help_text="Minor units given back, or about to be.")
    off_session = models.BooleanField(default=True, help_text="Whether the user is away.")
    status = models.CharField(max_length=16, choices=AttemptStatus.choices, default=AttemptStatus.PLANNED)
    card_reference = models.CharField(max_length=255, blank=True, help_text="The card that is charged.")
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)

    class Meta:
        indexes = (models.Index(fields=["credit"], condition=Q(credit__isnull=False), name="attempt_of_credit"),)
        constraints = (
            models.UniqueConstraint(fields=["payment", "number"], name="attempt_numbered_per_payment"),
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference=""), name="attempt_one_per_provider_reference"
            ),
            models.CheckConstraint(condition=Q(status__in=AttemptStatus.values), name="attempt_status_known"),
            models.CheckConstraint(condition=Q(kind__in=AttemptKind.values), name="attempt_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=AttemptKind.CAPTURE, hold__isnull=False)
                | (~Q(kind=AttemptKind.CAPTURE) & Q(hold__isnull=True)),
                name="attempt_capture_has_hold",
            ),
            models.CheckConstraint(
                condition=Q(kind=AttemptKind.CREDIT, credit__isnull=False)
                | (~Q(kind=AttemptKind.CREDIT) & Q(credit__isnull=True)),
                name="attempt_credit_is_named",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, refunded_amount__gte=0, refunded_amount__lte=F("amount")),
                name="attempt_refunds_within_amount",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
