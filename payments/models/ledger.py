"""The ledger: double-entry and append-only."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ids import new_id


class LedgerAccount(models.TextChoices):
    """The accounts, one of each per currency; those of partners and credits are one per partner and user besides."""

    RECEIVABLE = "receivable", "Owed by users"
    SALES = "sales", "Sales, and with them our commission"
    PARTNERS = "partners", "Owed to partners"
    PROVIDER = "provider", "With the payment provider"
    CASH = "cash", "Cash, and what is paid outside of the provider"
    DISPUTED = "disputed", "Withheld over disputes"
    FEES = "fees", "Fees of the payment provider"
    WRITTEN_OFF = "written_off", "Written off"
    CREDITS = "credits", "Owed to users as credit"
    PROMOTIONS = "promotions", "Cost of credit given"
    TAX = "tax", "Tax that we owe"
    BANK = "bank", "In our bank account"


class EntryKind(models.TextChoices):
    OWED = "owed", _("A user owes")
    SHARE = "share", _("The partner's share")
    TAXED = "taxed", _("Tax of what a user owes")
    TAX_REVERSED = "tax_reversed", _("Tax of a refund")
    TAX_RESTORED = "tax_restored", _("Tax of a refund returned by the bank")
    COLLECTED = "collected", _("Collected")
    REFUNDED = "refunded", _("Refunded")
    REFUND_FAILED = "refund_failed", _("Refund returned by the bank")
    SHARE_REVERSED = "share_reversed", _("The partner's share taken back")
    SHARE_RESTORED = "share_restored", _("The partner's share given again")
    PAID_OUT = "paid_out", _("Paid out to the partner")
    PAYOUT_REVERSED = "payout_reversed", _("Payout taken back")
    DISPUTED = "disputed", _("Withheld over a dispute")
    DISPUTE_WON = "dispute_won", _("Dispute won")
    DISPUTE_FEE = "dispute_fee", _("Fee of a dispute")
    FEE_RETURNED = "fee_returned", _("Fee of a dispute returned")
    DISPUTE_LOST = "dispute_lost", _("Dispute lost")
    LOSS_APPEALED = "loss_appealed", _("Lost dispute open again")
    WRITTEN_OFF = "written_off", _("Debt of the user written off")
    RECOVERED = "recovered", _("Written-off debt of the user paid")
    USER_CREDITED = "user_credited", _("Given to the user by hand")
    USER_CHARGED = "user_charged", _("Taken from the user by hand")
    PARTNER_CREDITED = "partner_credited", _("The partner's share raised")
    PARTNER_CHARGED = "partner_charged", _("The partner's share lowered")
    DEBT_REPAID = "debt_repaid", _("Debt repaid by the partner")
    DEBT_WRITTEN_OFF = "debt_written_off", _("Debt of the partner written off")
    FEE_BY_HAND = "fee_by_hand", _("Fee paid by hand")
    CREDIT_GIVEN = "credit_given", _("Credit given")
    CREDIT_ENDED = "credit_ended", _("Credit expired or taken back")
    PROVIDER_FEE = "provider_fee", _("Fee of the payment provider")
    FEE_GIVEN_BACK = "fee_given_back", _("Fee of the payment provider given back")
    BANKED = "banked", _("Paid out to our bank")
    BANK_RETURNED = "bank_returned", _("Returned by our bank, or paid in by us")


class Entry(models.Model):
    """An amount moved from one account (credited) to another (debited).

    A row has both sides, so no statement can leave the books unbalanced. A trigger of the database rejects every change
    and deletion. `source` names the row behind the entry, which is booked once for each kind.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=16, choices=EntryKind.choices)
    source = models.CharField(max_length=255)
    debit = models.CharField(max_length=12, choices=LedgerAccount.choices)
    credit = models.CharField(max_length=12, choices=LedgerAccount.choices)
    amount = models.PositiveIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    payment = models.ForeignKey(
        "payments.Payment",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="entries",
        help_text="Empty for what concerns no single one, such as a bank's fee.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The user whose credit it is about.",
    )
    partner = models.ForeignKey(
        "accounts.Partner", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "entries"
        indexes = (
            models.Index(fields=["at"], name="entry_by_time"),
            # With all that a partner's statement is the sum of, so that no row is read for it.
            models.Index(
                fields=["partner", "-at", "-id"],
                include=["currency", "kind", "amount", "debit", "credit"],
                name="entry_in_statement",
            ),
            models.Index(fields=["user"], condition=Q(user__isnull=False), name="entry_of_user"),
        )
        constraints = (
            models.UniqueConstraint(fields=["kind", "source"], name="entry_once_per_kind_and_source"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="entry_amount_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="entry_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(debit__in=LedgerAccount.values, credit__in=LedgerAccount.values),
                name="entry_accounts_known",
            ),
            models.CheckConstraint(
                condition=Q(partner__isnull=False)
                | ~(Q(debit=LedgerAccount.PARTNERS) | Q(credit=LedgerAccount.PARTNERS)),
                name="entry_partners_account_names_partner",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | ~(Q(debit=LedgerAccount.CREDITS) | Q(credit=LedgerAccount.CREDITS)),
                name="entry_credits_account_names_user",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
