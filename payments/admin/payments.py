"""Payments in the admin, and the steps that staff may take."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RadioFilter
from unfold.enums import ActionVariant

from accounts.models import User
from backoffice.base import HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import amount, badge, identity, minor_units, moment, related
from backoffice.growing import Growing
from backoffice.regional import InRegion
from backoffice.steps import AmountForm, Step
from payments.admin.credits import APOLOGIZE
from payments.admin.manual import outcome_of
from payments.admin.operations import AttemptInline
from payments.books.refunds import refundable
from payments.manual_entries import give_back, settle
from payments.models import (
    Entry,
    Payment,
    PaymentTransition,
)
from payments.services import collect_frozen, withdraw
from payments.states import UNPAID, AttemptStatus, PaymentStatus

STATUS_COLOURS = {
    PaymentStatus.DUE: "warning",
    PaymentStatus.PROCESSING: "info",
    PaymentStatus.REQUIRES_ACTION: "info",
    PaymentStatus.PAID: "success",
    PaymentStatus.FAILED: "danger",
}


def _settle(payment: Payment, actor: User, reason: str, now: datetime, amount: Decimal | None) -> str:
    minor = None if amount is None else minor_units(amount, payment.currency)
    return outcome_of(settle(payment, amount=minor, reason=reason, author=actor, now=now))


SETTLE = Step(
    "settle",
    "Settle in cash",
    _settle,
    "You have taken the money in cash, by bank or in another way outside of the provider, all of it or a part. "
    "State how, as the reason.",
    fits=lambda payment: payment.status in UNPAID,
    icon="payments",
    variant=ActionVariant.SUCCESS,
    asks=AmountForm,
    sensitive=True,
)


def _collect(payment: Payment, actor: User, reason: str, now: datetime) -> None:
    collect_frozen(payment, actor=actor, now=now)


COLLECT = Step(
    "collect",
    "Charge the card",
    _collect,
    "The session took place: the user's card is charged. A payment that stays frozen is never charged.",
    fits=lambda payment: payment.frozen and payment.status in UNPAID,
    icon="credit_card",
    variant=ActionVariant.DANGER,
    sensitive=True,
)


def _withdraw(payment: Payment, actor: User, reason: str, now: datetime) -> None:
    withdraw(payment, actor=actor, now=now)


WITHDRAW = Step(
    "withdraw",
    "Stop charging the card",
    _withdraw,
    "No further attempt is made by itself, and what waits for the user's confirmation is closed.",
    fits=lambda payment: payment.attempts.filter(
        status__in=[AttemptStatus.SCHEDULED, AttemptStatus.REQUIRES_ACTION]
    ).exists(),
    icon="block",
    sensitive=True,
)


def _refund(payment: Payment, actor: User, reason: str, now: datetime, amount: Decimal | None) -> str:
    minor = None if amount is None else minor_units(amount, payment.currency)
    return outcome_of(give_back(payment, amount=minor, reason=reason, author=actor, now=now))


REFUND = Step(
    "refund",
    "Refund",
    _refund,
    "The user gets the money back, all of it or a part, and the partner's share of it is taken back. "
    "Above your limit somebody else has to approve it.",
    fits=lambda payment: (
        payment.status in (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED) and refundable(payment) > 0
    ),
    icon="undo",
    variant=ActionVariant.DANGER,
    asks=AmountForm,
    sensitive=True,
)


class GivenUpFilter(RadioFilter):
    """The payments that reminders and retries have not brought in."""

    title = "given up"
    parameter_name = "given_up"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Given up and not paid"), ("no", "Reminded of")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        if self.value() == "yes":
            return queryset.filter(given_up_at__isnull=False, status__in=UNPAID)
        return queryset.filter(reminder_due_at__isnull=False) if self.value() == "no" else queryset


class _Columns:
    linked = identity()
    created = moment("created_at", "Created")
    no_longer_tried = moment("given_up_at", "Given up")
    status_badge = badge("status", "Status", STATUS_COLOURS)
    money = amount("amount", "Amount")
    by_credit = amount("credit_amount", "Paid with credit")
    refunded = amount("refunded_amount", "Refunded")
    given_up = amount("written_off", "Written off")
    ride_link = related("ride", "Ride")
    user_link = related("user", "User", named=True)


class PaymentInline(_Columns, ReadOnlyInline):
    """A ride's payments."""

    model = Payment
    fields = ("linked", "kind", "money", "refunded", "status_badge", "created")


class PaymentHistoryInline(HistoryInline):
    model = PaymentTransition


class EntryInline(ReadOnlyInline):
    """The ledger's entries for a payment."""

    model = Entry
    money = amount("amount", "Amount")
    when = moment("at", "When")
    fields = ("when", "kind", "debit", "credit", "money")
    ordering = ("-at",)


@admin.register(Payment)
class PaymentAdmin(Growing, _Columns, ReadOnlyAdmin):
    """Payments: amounts that users owe."""

    reach = InRegion("ride__request__region")
    steps = (SETTLE, COLLECT, WITHDRAW, REFUND, APOLOGIZE)
    inlines = (AttemptInline, EntryInline, PaymentHistoryInline)

    list_display = ("created", "kind", "money", "refunded", "status_badge", "user_link", "ride_link")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("frozen", BooleanRadioFilter),
        GivenUpFilter,
    )
    list_select_related = ("user",)
    came_at = "created_at"
    carried: ClassVar[Mapping[str, str]] = {"status": ""}
    search_fields = ("user", "third_party_reference_id__exact")
    search_ids = ("pk", "ride_id", "user_id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("kind", "status_badge"),
                    ("money", "by_credit", "refunded", "given_up"),
                    ("created", "frozen"),
                )
            },
        ),
        ("If it is not paid", {"fields": (("reminders", "no_longer_tried"),)}),
        ("For", {"fields": (("ride_link", "user_link"),)}),
        ("Provider", {"fields": ("third_party_reference_id",)}),
    )
    readonly_fields = (
        "no_longer_tried",
        "money",
        "by_credit",
        "refunded",
        "given_up",
        "status_badge",
        "created",
        "ride_link",
        "user_link",
    )
