"""Users and partners as the payment provider knows them. Of a card only the details of a receipt are kept."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Customer(models.Model):
    """A user as the provider's customer, and the card that is charged."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.PROTECT, related_name="customer"
    )
    reference = models.CharField(max_length=255, unique=True, help_text="The provider's id.")
    set_up_at = models.DateTimeField(null=True, blank=True, help_text="When the user began to save the card.")
    card_reference = models.CharField(max_length=255, blank=True, help_text="The provider's id of the saved card.")
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    card_exp_month = models.PositiveSmallIntegerField(null=True, blank=True)
    card_exp_year = models.PositiveSmallIntegerField(null=True, blank=True)
    card_declines = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many cards were declined since one was saved."
    )
    cards_blocked_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when no card can be saved, because many were declined in a row."
    )
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer.")
    next_step_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When the provider is to be asked to delete them."
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.card_brand} {self.card_last4}" if self.card_reference else "no card"


class PayoutAccount(models.Model):
    """A partner's account with the provider, to which they are paid."""

    partner = models.OneToOneField(
        "accounts.Partner", primary_key=True, on_delete=models.PROTECT, related_name="payout_account"
    )
    reference = models.CharField(max_length=255, unique=True, help_text="The provider's id.")
    ready = models.BooleanField(default=False, help_text="Whether the provider would pay them.")
    destination = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="A digest of the bank account or card that the provider pays to.",
    )
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When the destination changed last.")
    trouble = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="Why the provider has restricted it, in its words.",
    )
    payout_failure = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="Why the partner's bank returned the provider's last payment.",
    )
    disconnected_at = models.DateTimeField(null=True, blank=True, help_text="When the partner cut it off from us.")
    tries = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="How often nobody answered.")
    next_step_at = models.DateTimeField(
        null=True, blank=True, db_index=True, db_default=Now(), help_text="When the provider is asked again."
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.reference
