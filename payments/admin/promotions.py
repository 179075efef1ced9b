"""Promotion codes in the admin, with the use of their budgets."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter

from backoffice.base import StaffAdmin
from backoffice.columns import amount_text, shown
from backoffice.fields import WholeNumber
from backoffice.regional import InRegion
from core.currencies import currency_of
from payments.models import PromotionCode
from payments.models.promotion import SHARE_WHOLE_BPS

MONEY_MAX = 100_000_000  # minor units; a larger amount is rejected as a typing error
CHANGEABLE = ("active", "budget_amount", "ends_at")  # of a code that has been made


class PromotionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A promotion code, with limits that catch typing errors."""

    amount = WholeNumber(min_value=1, max_value=MONEY_MAX, help_text="In minor units; of a share, the most.")
    budget_amount = WholeNumber(min_value=0, max_value=MONEY_MAX, help_text="In minor units.")
    share_bps = WholeNumber(
        required=False,
        min_value=1,
        max_value=SHARE_WHOLE_BPS,
        label="Share",
        help_text="Empty, or the share of one fare in hundredths of a percent: 2500 is 25%.",
    )

    class Meta:
        model = PromotionCode
        fields = (
            "code",
            "active",
            "amount",
            "share_bps",
            "currency",
            "region",
            "first_cheer",
            "per_person",
            "budget_amount",
            "credit_days",
            "starts_at",
            "ends_at",
        )

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).strip().upper()

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).lower()
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
            raise ValidationError("The three letters of an ISO 4217 currency, for example usd.")
        return currency

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        region, currency = values.get("region"), values.get("currency")
        if region is not None and currency is not None and region.currency != currency:
            raise ValidationError(f"{region.name} is paid in {region.currency.upper()}.")
        if currency is not None and (values.get("amount") or 0) % currency_of(currency).step:
            self.add_error("amount", f"Amounts are in steps of {amount_text(currency_of(currency).step, currency)}.")
        return values


@admin.register(PromotionCode)
class PromotionCodeAdmin(StaffAdmin):
    """Promotion codes. The terms of a code stay as they were made; its budget, end and activity can be changed."""

    reach = InRegion("region")
    form = PromotionForm

    @shown("Amount", ordering="amount")
    def gives(self, row: PromotionCode) -> str:
        most = amount_text(row.amount, row.currency)
        return most if row.share_bps is None else f"{row.share_bps / 100:g}% of a fare, {most} at most"

    @shown("Budget", ordering="budget_amount")
    def budget(self, row: PromotionCode) -> str:
        return f"{amount_text(row.given_amount, row.currency)} of {amount_text(row.budget_amount, row.currency)}"

    list_display: ClassVar[Sequence[str]] = ("code", "active", "gives", "budget", "region", "starts_at", "ends_at")
    list_filter = (("active", BooleanRadioFilter),)
    list_select_related = ("region",)
    search_fields = ("code",)
    ordering = ("-starts_at",)
    fieldsets = (
        (None, {"fields": ("code", "active", ("starts_at", "ends_at"))}),
        ("Credit", {"fields": (("amount", "share_bps"), ("currency", "region"), "credit_days")}),
        ("Limits", {"fields": ("first_cheer", "per_person", ("budget_amount", "budget"))}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: PromotionCode | None = None) -> tuple[str, ...]:
        """Make the terms of a code that has been made read-only."""
        terms = [name for name in PromotionForm.Meta.fields if name not in CHANGEABLE] if obj else []
        return ("budget", *terms)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
