"""The ledger and the provider's events in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter

from backoffice.base import HistoryAdmin, ReadOnlyAdmin
from backoffice.columns import amount, moment, pretty_json, related
from backoffice.growing import Growing
from backoffice.regional import InNoRegion, InRegion, OfPeople
from payments.models import (
    AttemptTransition,
    Customer,
    Entry,
    HoldTransition,
    PaymentTransition,
    PayoutAccount,
    ProviderEvent,
    RefundTransition,
    ReversalTransition,
    TransferTransition,
)


@admin.register(ProviderEvent)
class ProviderEventAdmin(Growing, ReadOnlyAdmin):
    """The provider's webhook events, each once."""

    reach = InNoRegion("The books are those of all regions together.")
    received = moment("received_at", "Received")
    processed = moment("processed_at", "Processed")
    content = pretty_json("payload", "Payload")

    list_display = ("received", "type", "id", "processed")
    search_fields = ("id__exact", "type")
    search_ids = ()
    along = came_at = "received_at"
    ordering = ("-received_at",)
    fields = ("id", "type", "received", "processed", "content")
    readonly_fields = fields


@admin.register(Entry)
class EntryAdmin(Growing, ReadOnlyAdmin):
    """The ledger: each row moves an amount from one account to another."""

    reach = InNoRegion("The books are those of all regions together.")
    money = amount("amount", "Amount")
    when = moment("at", "When")
    payment_link = related("payment", "Payment")
    partner_link = related("partner", "Partner", named=True)
    list_display = ("when", "kind", "debit", "credit", "money", "payment_link", "partner_link")
    list_filter = (("kind", ChoicesDropdownFilter),)
    list_select_related = ("partner",)
    came_at = "at"
    search_fields = ("source",)
    search_ids = ("pk", "payment_id", "partner_id")
    fields = ("when", "kind", ("debit", "credit"), "money", "payment_link", "partner_link", "source")
    readonly_fields = (*fields[:2], "debit", "credit", "money", "payment_link", "partner_link", "source")


@admin.register(Customer)
class CustomerAdmin(Growing, ReadOnlyAdmin):
    """Users as the provider's customers, and the cards that are charged."""

    reach = OfPeople("user")
    user_link = related("user", "User", named=True)
    list_display = ("user_link", "card_brand", "card_last4", "reference")
    list_select_related = ("user",)
    search_fields = ("reference__exact", "user")
    search_ids = ("user_id",)
    fields = ("user_link", ("card_brand", "card_last4"), ("card_exp_month", "card_exp_year"), "reference")
    readonly_fields = ("user_link",)


@admin.register(PayoutAccount)
class PayoutAccountAdmin(Growing, ReadOnlyAdmin):
    """The accounts to which partners are paid."""

    reach = InRegion("partner__region")
    partner_link = related("partner", "Partner", named=True)
    next_step = moment("next_step_at", "Next look")
    disconnected = moment("disconnected_at", "Disconnected")
    list_display = ("partner_link", "ready", "trouble", "payout_failure", "disconnected", "reference")
    list_filter = (("ready", BooleanRadioFilter),)
    list_select_related = ("partner",)
    search_fields = ("reference__exact", "partner")
    search_ids = ("partner_id",)
    fields = (
        ("partner_link", "ready"),
        ("trouble", "payout_failure", "disconnected"),
        ("reference", "tries", "next_step"),
    )
    readonly_fields = ("partner_link", "next_step", "disconnected")


for _history in (
    PaymentTransition,
    AttemptTransition,
    HoldTransition,
    RefundTransition,
    TransferTransition,
    ReversalTransition,
):
    admin.site.register(_history, HistoryAdmin)
