"""Transfers to partners, reversals of them, and the holds that delay them."""

from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from core.transitions import Stateful, Transition
from payments.models.operation import ProviderOperation
from payments.states import PAYOUT_HOLD_GRAPH, TRANSFER_GRAPH, PayoutHoldStatus, TransferStatus


class PayoutHoldTransition(Transition):
    subject = models.ForeignKey("payments.PayoutHold", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class PayoutHold(Stateful):
    """A partner's share of one payment that is owed, but not transferred before a moment or a review.

    The sweep looks again at `due_at`; without one, only staff release the hold.
    """

    graph = PAYOUT_HOLD_GRAPH
    history = PayoutHoldTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.OneToOneField("payments.Payment", on_delete=models.PROTECT, related_name="payout_hold")
    partner = models.ForeignKey("accounts.Partner", on_delete=models.PROTECT, related_name="payout_holds")
    status = models.CharField(max_length=10, choices=PayoutHoldStatus.choices, default=PayoutHoldStatus.HELD)
    reasons = models.JSONField(help_text="The rules that hold it.")
    due_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When the rules are applied again; empty: after a review."
    )
    created_at = models.DateTimeField()

    class Meta:
        permissions = (("release_payout", "Can release and refuse held payouts"),)
        indexes = (models.Index(fields=["status", "-created_at"], name="payout_hold_status"),)
        constraints = (
            models.CheckConstraint(condition=Q(status__in=PayoutHoldStatus.values), name="payout_hold_status_known"),
            models.CheckConstraint(
                condition=Q(status=PayoutHoldStatus.HELD) | Q(due_at__isnull=True),
                name="payout_hold_due_only_while_held",
            ),
        )

    def __str__(self) -> str:
        return f"Held payout of {self.payment_id}"


class TransferTransition(Transition):
    subject = models.ForeignKey("payments.Transfer", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Transfer(ProviderOperation):
    """A partner's share of one payment, or a part of it, paid out to their account with the provider.

    It is drawn from one charge, whose money it doesn't wait for. A share that was taken back after a refund, and is
    owed again because the bank returned it, is another transfer. One that is `netted` is kept for a debt of the
    partner's, and one `by_hand` was paid by staff: neither is asked of the provider.
    """

    graph = TRANSFER_GRAPH
    history = TransferTransition

    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="transfers", db_index=False)
    partner = models.ForeignKey("accounts.Partner", on_delete=models.PROTECT, related_name="transfers")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    reversed_amount = models.PositiveIntegerField(default=0, help_text="Minor units taken back, or about to be.")
    status = models.CharField(max_length=10, choices=TransferStatus.choices, default=TransferStatus.PLANNED)
    account_reference = models.CharField(max_length=255)
    attempt = models.ForeignKey(
        "payments.Attempt",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transfers",
        db_index=False,
        help_text="The charge that it is drawn from; empty: our balance.",
    )
    settles = models.ForeignKey(
        "payments.Reversal",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="netted",
        db_index=False,
        help_text="The debt that it is kept for.",
    )
    by_hand = models.ForeignKey(
        "payments.ManualEntry",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transfers",
        db_index=False,
        help_text="What staff paid outside of the provider; empty: the provider pays it.",
    )
    refusals = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="How often it was refused.")
    seen_to = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Staff have dealt with its failure, or its reversal elsewhere: it may be planned again.",
    )

    class Meta:
        indexes = (
            models.Index(fields=["payment"], name="transfer_payment"),
            models.Index(fields=["by_hand"], condition=Q(by_hand__isnull=False), name="transfer_by_hand"),
            models.Index(
                fields=["partner", "created_at"],
                condition=Q(status=TransferStatus.NETTED),
                name="transfer_netted_of_partner",
            ),
        )
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
    """A part of a transfer that is taken back after a refund to the user.

    One may also be made in the provider's dashboard: it is followed, and what is owed again then waits for staff. If
    the provider can't take it back, because the partner's account doesn't have it any more or staff paid it by hand, it
    becomes a debt: what is due to the partner next is kept for it.
    """

    graph = TRANSFER_GRAPH
    history = ReversalTransition

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="reversals")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    status = models.CharField(max_length=10, choices=TransferStatus.choices, default=TransferStatus.PLANNED)
    refusals = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="How often it was refused.")
    made_elsewhere = models.BooleanField(
        default=False, db_default=False, help_text="It was made with the provider, and not by us."
    )
    debt = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Minor units that the partner still owes us because it failed."
    )
    settled = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Minor units of it that the partner has repaid, or that were written off."
    )

    class Meta:
        indexes = (models.Index(fields=["transfer"], condition=Q(debt__gt=0), name="reversal_in_debt"),)
        constraints = (
            models.CheckConstraint(condition=Q(status__in=TransferStatus.values), name="reversal_status_known"),
            models.CheckConstraint(
                condition=Q(debt=0, settled=0) | Q(amount__gte=F("debt") + F("settled"), status=TransferStatus.FAILED),
                name="reversal_debt_and_settled_within_amount",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="reversal_amount_positive"),
        )

    def __str__(self) -> str:
        return f"Reversal {self.id}"
