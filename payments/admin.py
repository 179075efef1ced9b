"""Money in the admin: what is owed, what became of it, and what the provider said."""

from datetime import datetime

from django.contrib import admin
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, ChoicesDropdownFilter
from unfold.enums import ActionVariant

from accounts.models import User
from api.admin.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from api.admin.columns import amount, badge, identity, moment, pretty_json, related
from api.admin.steps import Step
from payments.models import Payment, PaymentTransition, ProviderEvent
from payments.services import settle_in_cash
from payments.states import UNPAID, PaymentStatus

STATUS_COLOURS = {
    PaymentStatus.DUE: "warning",
    PaymentStatus.PROCESSING: "info",
    PaymentStatus.REQUIRES_ACTION: "info",
    PaymentStatus.PAID: "success",
    PaymentStatus.FAILED: "danger",
}


def _settle(payment: Payment, actor: User, reason: str, now: datetime) -> None:
    settle_in_cash(payment, actor=actor, now=now)


SETTLE = Step(
    "settle",
    "Settle in cash",
    _settle,
    "You have taken the money in another way; the payment counts as paid.",
    fits=lambda payment: payment.status in UNPAID,
    icon="payments",
    variant=ActionVariant.SUCCESS,
)


class _Columns:
    linked = identity()
    created = moment("created_at", "Created")
    status_badge = badge("status", "Status", STATUS_COLOURS)
    money = amount("amount", "Amount")
    refunded = amount("refunded_amount", "Refunded")
    ride_link = related("ride", "Ride")
    user_link = related("user", "User", named=True)


class PaymentInline(_Columns, ReadOnlyInline):
    """A ride's payments."""

    model = Payment
    fields = ("linked", "kind", "money", "refunded", "status_badge", "created")


class PaymentHistoryInline(HistoryInline):
    model = PaymentTransition


@admin.register(Payment)
class PaymentAdmin(_Columns, ReadOnlyAdmin):
    """What users owe."""

    steps = (SETTLE,)
    inlines = (PaymentHistoryInline,)

    list_display = ("created", "kind", "money", "refunded", "status_badge", "user_link", "ride_link")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
    )
    list_select_related = ("user",)
    search_fields = ("user__email", "third_party_reference_id")
    search_ids = ("pk", "ride_id", "user_id")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": (("kind", "status_badge"), ("money", "refunded"), "created")}),
        ("For", {"fields": (("ride_link", "user_link"),)}),
        ("Provider", {"fields": ("third_party_reference_id",)}),
    )
    readonly_fields = ("money", "refunded", "status_badge", "created", "ride_link", "user_link")


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin):
    """The provider's webhook events, each once."""

    received = moment("received_at", "Received")
    processed = moment("processed_at", "Processed")
    content = pretty_json("payload", "Payload")

    list_display = ("received", "type", "id", "processed")
    list_filter = (("type", AllValuesCheckboxFilter),)
    search_fields = ("id", "type")
    search_ids = ()
    date_hierarchy = "received_at"
    ordering = ("-received_at",)
    fields = ("id", "type", "received", "processed", "content")
    readonly_fields = fields


admin.site.register(PaymentTransition, HistoryAdmin)
