"""Provider operations in the admin: attempts, holds, refunds and payouts."""

from datetime import datetime

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from accounts.models import User
from backoffice.base import HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import amount, amount_text, badge, identity, moment, related, shown
from backoffice.growing import Growing
from backoffice.regional import InRegion
from backoffice.steps import Step
from payments.books.payouts import needing_staff, plan_again
from payments.models import (
    Attempt,
    AttemptTransition,
    Hold,
    Refund,
    Reversal,
    Transfer,
)
from payments.states import AttemptStatus, HoldStatus, RefundStatus, TransferStatus

ATTEMPT_COLOURS = {
    AttemptStatus.SUCCEEDED: "success",
    AttemptStatus.DECLINED: "danger",
    AttemptStatus.REQUIRES_ACTION: "warning",
}
REFUND_COLOURS = {
    RefundStatus.SUCCEEDED: "success",
    RefundStatus.FAILED: "danger",
    RefundStatus.ATTENTION: "danger",
}
PAYOUT_COLOURS = {
    TransferStatus.SUCCEEDED: "success",
    TransferStatus.FAILED: "danger",
    TransferStatus.NETTED: "info",
}


def _again(transfer: Transfer, actor: User, reason: str, now: datetime) -> None:
    plan_again(transfer, actor=actor, now=now)


AGAIN = Step(
    "again",
    "Pay again",
    _again,
    "What is due to the partner for this payment is paid by another transfer. Put the reason right before.",
    fits=lambda transfer: needing_staff(Transfer.objects.filter(pk=transfer.pk)).exists(),
    icon="send_money",
    sensitive=True,
)


class _Operation:
    linked = identity()
    created = moment("created_at", "Created")
    next_step = moment("next_step_at", "Next step")


class _OfAttempt(_Operation):
    @shown("Amount", ordering="amount")
    def attempt_money(self, row: Attempt) -> str:
        return amount_text(row.amount, row.payment.currency)

    status_badge = badge("status", "Status", ATTEMPT_COLOURS)


class AttemptInline(_OfAttempt, ReadOnlyInline):
    """The attempts to collect a payment."""

    model = Attempt
    fields = ("linked", "number", "kind", "attempt_money", "status_badge", "failure", "card_last4", "created")
    selected = ("payment",)
    ordering = ("-number",)


class RefundInline(_Operation, ReadOnlyInline):
    """The refunds of an attempt."""

    model = Refund
    fields = ("linked", "amount", "status", "reason", "actor", "created")


class AttemptHistoryInline(HistoryInline):
    model = AttemptTransition


@admin.register(Attempt)
class AttemptAdmin(Growing, _OfAttempt, ReadOnlyAdmin):
    """Attempts to collect money."""

    reach = InRegion("payment__ride__request__region")
    inlines = (RefundInline, AttemptHistoryInline)
    payment_link = related("payment", "Payment")
    list_display = ("created", "kind", "attempt_money", "status_badge", "failure", "payment_link", "reference")
    list_filter = (("status", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("payment",)
    came_at = "created_at"
    search_fields = ("reference__exact", "key__exact")
    search_ids = ("pk", "payment_id")
    fields = (
        "payment_link",
        ("kind", "attempt_money", "status_badge"),
        ("failure", "tries", "next_step"),
        ("key", "reference"),
        ("card_brand", "card_last4", "off_session"),
    )
    readonly_fields = ("payment_link", "attempt_money", "status_badge", "next_step")


@admin.register(Hold)
class HoldAdmin(Growing, _Operation, ReadOnlyAdmin):
    """Amounts reserved on cards while requests are open."""

    reach = InRegion("request__region")
    money = amount("amount", "Amount")
    status_badge = badge("status", "Status", {HoldStatus.AUTHORIZED: "info", HoldStatus.DECLINED: "danger"})
    request_link = related("request", "Request")
    user_link = related("user", "User", named=True)
    list_display = ("created", "money", "status_badge", "failure", "user_link", "request_link", "reference")
    list_filter = (("status", ChoicesDropdownFilter),)
    list_select_related = ("user",)
    came_at = "created_at"
    search_fields = ("reference__exact", "key__exact", "user")
    search_ids = ("pk", "request_id", "user_id")
    fields = (
        ("request_link", "user_link"),
        ("number", "money", "status_badge"),
        ("failure", "tries", "next_step"),
        ("key", "reference"),
        ("card_brand", "card_last4", "off_session"),
    )
    readonly_fields = ("request_link", "user_link", "money", "status_badge", "next_step")


@admin.register(Refund)
class RefundAdmin(Growing, _Operation, ReadOnlyAdmin):
    """Refunds, also those that the provider refused."""

    reach = InRegion("attempt__payment__ride__request__region")
    status_badge = badge("status", "Status", REFUND_COLOURS)
    list_display = ("created", "amount", "status_badge", "reason", "failure", "reference")
    list_filter = (("status", ChoicesDropdownFilter),)
    came_at = "created_at"
    search_fields = ("reference__exact", "key__exact")
    search_ids = ("pk", "attempt_id", "attempt__payment_id")
    fields = (("amount", "status_badge"), "reason", "failure", ("key", "reference"), ("tries", "next_step"))
    readonly_fields = ("status_badge", "next_step")


@admin.register(Reversal)
class ReversalAdmin(Growing, _Operation, ReadOnlyAdmin):
    """Parts of transfers that were taken back."""

    reach = InRegion("transfer__payment__ride__request__region")
    status_badge = badge("status", "Status", PAYOUT_COLOURS)
    transfer_link = related("transfer", "Transfer")
    list_display = ("created", "amount", "debt", "status_badge", "failure", "refusals", "transfer_link", "reference")
    list_filter = (("status", ChoicesDropdownFilter),)
    came_at = "created_at"
    search_fields = ("reference__exact", "key__exact")
    search_ids = ("pk", "transfer_id")
    fields = (
        "transfer_link",
        ("amount", "debt", "settled", "status_badge"),
        ("failure", "refusals"),
        ("key", "reference"),
        ("tries", "next_step"),
    )
    readonly_fields = ("transfer_link", "status_badge", "next_step")


@admin.register(Transfer)
class TransferAdmin(Growing, _Operation, ReadOnlyAdmin):
    """Payouts to partners. Those that have failed and wait for staff are `Failed` and not `seen to`."""

    reach = InRegion("payment__ride__request__region")
    act_right = "payments.release_payout"
    steps = (AGAIN,)
    partner_link = related("partner", "Partner", named=True)
    payment_link = related("payment", "Payment")
    status_badge = badge("status", "Status", PAYOUT_COLOURS)
    list_display = (
        "created",
        "partner_link",
        "amount",
        "reversed_amount",
        "status_badge",
        "failure",
        "refusals",
        "payment_link",
    )
    list_filter = (("status", ChoicesDropdownFilter),)
    list_select_related = ("partner",)
    came_at = "created_at"
    search_fields = ("reference__exact", "key__exact")
    search_ids = ("pk", "payment_id", "partner_id")
    by_hand_link = related("by_hand", "Paid by hand")
    fields = (
        ("partner_link", "payment_link", "by_hand_link"),
        ("amount", "reversed_amount", "status_badge"),
        ("failure", "refusals", "seen_to"),
        ("tries", "next_step"),
        ("key", "reference"),
    )
    readonly_fields = ("partner_link", "payment_link", "by_hand_link", "status_badge", "next_step")
