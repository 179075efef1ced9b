"""Webhook events and disputes."""

from django.db import models
from django.db.models import Q


class ProviderEvent(models.Model):
    """A webhook event of the payment provider, stored once under the provider's own id."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(max_length=100)
    payload = models.JSONField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often acting on it has failed.")
    next_step_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        indexes = (models.Index(fields=["received_at"], name="provider_event_received"),)

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class Dispute(models.Model):
    """A payment that the card's holder denies at their bank, which decides after hearing our evidence."""

    id = models.CharField(primary_key=True, max_length=255, help_text="The provider's id.")
    attempt = models.ForeignKey("payments.Attempt", on_delete=models.PROTECT, related_name="disputes")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60)
    status = models.CharField(max_length=40, help_text="As the provider names it.")
    evidence_due_by = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True, help_text="An appeal may open it again.")
    withdrawn = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Minor units that the provider has withdrawn and not given back."
    )
    fee = models.IntegerField(default=0, db_default=0, help_text="Minor units that the provider keeps of us for it.")
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the provider was asked for what is written here."
    )
    evidence = models.TextField(
        blank=True, default="", db_default="", help_text="What is to be submitted; emptied when it has been."
    )
    submitted_at = models.DateTimeField(null=True, blank=True, help_text="When our evidence was submitted.")
    failure = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="Why our evidence was refused."
    )
    tries = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="How often nobody answered.")
    next_step_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="When evidence is submitted.")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(
                condition=Q(next_step_at__isnull=True) | ~Q(evidence=""), name="dispute_step_submits_evidence"
            ),
        )

    def __str__(self) -> str:
        return f"Dispute {self.id}"
