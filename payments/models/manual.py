"""Manual entries: money that staff book, because it moved outside of the payment provider or was decided by people."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from core.transitions import REASON_MAX_CHARS, Stateful, Transition
from payments.states import MANUAL_GRAPH, MANUAL_OF_PARTNERS, MANUAL_OF_PAYMENTS, ManualKind, ManualStatus


class ManualEntryTransition(Transition):
    subject = models.ForeignKey("payments.ManualEntry", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class ManualEntry(Stateful):
    """An amount that a member of staff books, with the reason.

    Up to a limit it is booked immediately. Above it, the row waits for another member of staff, who approves or
    rejects it once; nothing is booked before.
    """

    graph = MANUAL_GRAPH
    history = ManualEntryTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=ManualKind.choices)
    status = models.CharField(max_length=10, choices=ManualStatus.choices, default=ManualStatus.PROPOSED)
    amount = models.PositiveIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    payment = models.ForeignKey(
        "payments.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="manual_entries"
    )
    partner = models.ForeignKey("accounts.Partner", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    attempt = models.OneToOneField(
        "payments.Attempt",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="manual_entry",
        help_text="The attempt that records the money of a user.",
    )
    reason = models.CharField(max_length=REASON_MAX_CHARS)
    needs_approval = models.BooleanField(help_text="It is above its author's limit: another person decides.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "manual entries"
        permissions = (("approve_manualentry", "Can approve and reject manual entries of others"),)
        indexes = (models.Index(fields=["status", "-created_at"], name="manual_status"),)
        constraints = (
            models.CheckConstraint(condition=Q(status__in=ManualStatus.values), name="manual_status_known"),
            models.CheckConstraint(condition=Q(kind__in=ManualKind.values), name="manual_kind_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="manual_amount_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="manual_reason_given"),
            models.CheckConstraint(
                condition=Q(approver__isnull=True) | ~Q(approver=F("author")), name="manual_two_people"
            ),
            models.CheckConstraint(
                condition=~Q(status=ManualStatus.BOOKED) | Q(needs_approval=False) | Q(approver__isnull=False),
                name="manual_approved_above_limit",
            ),
            models.CheckConstraint(
                condition=(Q(kind__in=MANUAL_OF_PAYMENTS) & Q(payment__isnull=False))
                | (Q(kind__in=MANUAL_OF_PARTNERS) & Q(payment__isnull=True, partner__isnull=False))
                | (Q(kind=ManualKind.FEE) & Q(payment__isnull=True, partner__isnull=True)),
                name="manual_names_its_subject",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.id}"
