"""Payments: amounts that users owe for rides."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.currencies import currency_of
from core.ids import new_id
from core.transitions import Stateful, Transition
from payments.states import PAYMENT_GRAPH, UNPAID, PaymentKind, PaymentStatus


class PaymentTransition(Transition):
    subject = models.ForeignKey("payments.Payment", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Payment(Stateful):
    """One amount that one user owes for one ride. At most one of each kind per ride."""

    graph = PAYMENT_GRAPH
    history = PaymentTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # By name only: the table refers to its ride, but no code in this app imports that one.
    ride = models.ForeignKey("rides.Ride", on_delete=models.PROTECT, related_name="payments", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    kind = models.CharField(max_length=20, choices=PaymentKind.choices)
    amount = models.PositiveIntegerField(help_text="Minor units.")
    collecting_amount = models.PositiveIntegerField(
        default=0, help_text="Minor units that open and successful attempts collect: never more than is owed."
    )
    credit_amount = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Minor units paid with credit, before refunds."
    )
    refunded_amount = models.PositiveIntegerField(default=0, help_text="Minor units given back so far.")
    written_off = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Minor units that the user owes, but that we no longer expect."
    )
    partner = models.ForeignKey(
        "accounts.Partner", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    partner_share = models.PositiveIntegerField(default=0, help_text="Minor units of the amount for the partner.")
    tax_amount = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Minor units of the amount for the tax office."
    )
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=PaymentStatus.choices, default=PaymentStatus.DUE)
    third_party_reference_id = models.CharField(max_length=255, blank=True, db_index=True)
    frozen = models.BooleanField(
        default=False, help_text="The user disputes the session: nothing is collected until staff decide."
    )
    created_at = models.DateTimeField()
    receipt_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When a receipt of what has changed is to be mailed; empty once one was."
    )
    told_amount = models.PositiveIntegerField(
        null=True, blank=True, help_text="Minor units that the last mailed bill says are paid and not given back."
    )

    reminders = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often its user was reminded that it is not paid."
    )
    reminder_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When its user is reminded again, or it is given up."
    )
    given_up_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when nothing is tried by itself any more: staff decide."
    )

    class Meta:
        indexes = (
            models.Index(
                fields=["reminder_due_at"], condition=Q(reminder_due_at__isnull=False), name="payment_reminder_due"
            ),
            models.Index(fields=["given_up_at"], condition=Q(given_up_at__isnull=False), name="payment_given_up"),
            models.Index(
                fields=["receipt_due_at"], condition=Q(receipt_due_at__isnull=False), name="payment_receipt_due"
            ),
            models.Index(fields=["user", "-created_at"], name="payment_user"),
            models.Index(fields=["status"], name="payment_status"),
            # With all that a partner's earnings are the sum of, so that no row is read for them.
            models.Index(
                fields=["partner", "created_at"],
                include=["kind", "currency", "amount", "tax_amount", "partner_share"],
                name="payment_in_statement",
            ),
            models.Index(
                fields=["partner", "currency"],
                include=("partner_share",),
                condition=Q(status__in=UNPAID),
                name="payment_unpaid_of_partner",
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["ride", "kind"], name="payment_one_per_ride_and_kind"),
            models.CheckConstraint(condition=Q(status__in=PaymentStatus.values), name="payment_status_known"),
            models.CheckConstraint(condition=Q(kind__in=PaymentKind.values), name="payment_kind_known"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, refunded_amount__gte=0, refunded_amount__lte=models.F("amount")),
                name="payment_money_sane",
            ),
            models.CheckConstraint(
                condition=Q(collecting_amount__gte=0, collecting_amount__lte=models.F("amount")),
                name="payment_collected_once",
            ),
            models.CheckConstraint(
                condition=Q(written_off__lte=models.F("amount")), name="payment_written_off_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(credit_amount__gte=0, credit_amount__lte=models.F("collecting_amount")),
                name="payment_credit_is_collected",
            ),
            models.CheckConstraint(
                condition=Q(partner_share=0)
                | Q(partner__isnull=False, partner_share__gte=0, partner_share__lte=models.F("amount")),
                name="payment_share_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(tax_amount=0) | Q(tax_amount__lte=models.F("amount") - models.F("partner_share")),
                name="payment_tax_within_amount",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}"

    @property
    def kept_amount(self) -> int:
        """Minor units that the user has paid and not been given back; zero until all of the payment has come in."""
        return 0 if self.status in UNPAID else self.amount - self.refunded_amount

    def part_of_refunds(self, whole: int, refunded: int) -> int:
        """The part of `whole` (the partner's share, or the tax) that goes with `refunded` minor units.

        It is rounded down to what can be moved, but for the refund of everything.
        """
        if refunded == self.amount:
            return whole
        return currency_of(self.currency).whole(whole * refunded // self.amount)

    @property
    def tax_kept(self) -> int:
        """Minor units of tax that refunds have left."""
        return self.tax_amount - self.part_of_refunds(self.tax_amount, self.refunded_amount)
