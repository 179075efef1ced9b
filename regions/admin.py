"""Regions in the admin. `requests_app.admin` registers them, because a new one needs a matcher too."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.base import ReadOnlyAdmin, StaffAdmin
from backoffice.columns import NOTHING, amount_text, moment, related, shown
from backoffice.fields import WholeNumber
from backoffice.regional import InRegion
from core.currencies import currency_of
from core.prices import COMMISSION_WHOLE, TAX_WHOLE
from regions.days_off import check_subdivision
from regions.models import PRICES, Prices, Region, Terms, not_chargeable

MONEY_MAX = 10_000_000  # minor units; a larger amount is rejected as a typing error
INCREMENT_MAX_S = 24 * 3600
GRACE_MAX_S = 24 * 3600
OUTLINE_PX = 240


def coordinates_of(value: Any) -> Any:
    """Return the coordinates of a GeoJSON polygon, given as a feature, a polygon or the coordinates themselves."""
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = value.get("geometry")
    if isinstance(value, dict) and value.get("type") == "Polygon":
        value = value.get("coordinates")
    return value


def closed_rings(value: Any) -> list[list[list[float]]]:
    """Return closed rings of [lng, lat]. Raises `ValidationError` if a ring is malformed or encloses nothing."""
    if not isinstance(value, list) or not value:
        raise ValidationError("Give a GeoJSON polygon or its coordinates: a list of rings of [lng, lat].")
    return [_closed(ring) for ring in value]


def _closed(ring: Any) -> list[list[float]]:
    if not isinstance(ring, list) or len(ring) < 3:
        raise ValidationError("A ring is a list of at least three corners.")
    if not all(_is_corner(corner) for corner in ring):
        raise ValidationError("A corner is [lng, lat] in degrees: numbers within ±180 and ±90.")
    corners = [corner[:2] for corner in ring]  # GeoJSON allows an altitude
    if corners[0] != corners[-1]:
        corners.append(corners[0])
    if _area(corners) == 0:
        raise ValidationError("A ring encloses nothing.")
    return corners


def _is_corner(corner: Any) -> bool:
    return (
        isinstance(corner, list)
        and 2 <= len(corner) <= 3
        and all(isinstance(x, int | float) and not isinstance(x, bool) for x in corner)
        and abs(corner[0]) <= 180
        and abs(corner[1]) <= 90
    )


def _area(ring: Sequence[Sequence[float]]) -> float:
    """Return twice the signed area, by the shoelace formula (C. F. Gauss): zero for a line or a point."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


class RingsField(forms.JSONField):
    """JSON typed by hand. Nesting too deep or a number too long is an ordinary form error."""

    def to_python(self, value: Any) -> Any:
        try:
            return coordinates_of(super().to_python(value))
        except (ValueError, RecursionError):
            raise ValidationError("This is not JSON that can be read.") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return forms.fields.InvalidJSONInput(data)


class RegionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A region with the model's checks, and limits that catch typing errors."""

    boundary = RingsField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="A GeoJSON polygon, or its coordinates: rings of [lng, lat], the outer one first, then its holes.",
    )
    increment_amount = WholeNumber(min_value=0, max_value=MONEY_MAX, help_text="In minor units: 1000 is $10.00.")
    cancellation_fee_amount = WholeNumber(min_value=0, max_value=MONEY_MAX, help_text="In minor units.")
    increment_s = WholeNumber(min_value=1, max_value=INCREMENT_MAX_S, label="Increment", help_text="In seconds.")
    cancellation_grace_s = WholeNumber(
        min_value=0, max_value=GRACE_MAX_S, label="Cancellation grace", help_text="Seconds after acceptance."
    )

    no_show_fee_amount = WholeNumber(min_value=0, max_value=MONEY_MAX, help_text="In minor units.")
    no_show_wait_s = WholeNumber(
        min_value=0, max_value=GRACE_MAX_S, label="No-show wait", help_text="Seconds after arrival."
    )
    hold_amount = WholeNumber(min_value=0, max_value=MONEY_MAX, help_text="In minor units. 0: nothing is held.")
    holds_max = WholeNumber(min_value=1, max_value=20, help_text="The session ends when the last is used up.")
    commission_bps = WholeNumber(
        min_value=0, max_value=COMMISSION_WHOLE, label="Commission", help_text="Hundredths of a percent: 2000 is 20%."
    )
    tax_rate = WholeNumber(
        min_value=0,
        max_value=TAX_WHOLE,
        required=False,
        label="Rate",
        help_text="Thousandths of a percent: 19000 is 19%. Empty or 0: none.",
    )

    class Meta:
        model = Region
        fields = (
            "slug",
            "name",
            "active",
            "boundary",
            "time_zone",
            "country",
            "subdivision",
            "currency",
            "increment_amount",
            "increment_s",
            "cancellation_fee_amount",
            "cancellation_grace_s",
            "no_show_fee_amount",
            "no_show_wait_s",
            "hold_amount",
            "holds_max",
            "commission_bps",
            "tax_name",
            "tax_rate",
            "tax_inclusive",
            "tax_number",
            "start_guard",
            "offer_detail",
        )

    def clean_boundary(self) -> list[list[list[float]]]:
        return closed_rings(self.cleaned_data["boundary"])

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean_subdivision(self) -> str:
        """Check the part against its country, whose own check may have failed."""
        code = str(self.cleaned_data["subdivision"])
        country = self.cleaned_data.get("country")
        if country is not None:
            check_subdivision(country, code)
        return code

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).lower()
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
            raise ValidationError("The three letters of an ISO 4217 currency, for example usd.")
        return currency

    def clean(self) -> dict[str, Any]:
        """Check the tax, and refuse amounts that the payment provider would not charge."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        rate = values["tax_rate"] = values.get("tax_rate") or 0
        if rate and not values.get("tax_name"):
            self.add_error("tax_name", "Bills must say which tax it is.")
        values["tax_inclusive"] = values.get("tax_inclusive") or not rate  # all prices without a tax are the same
        currency = values.get("currency", "")
        counted = currency_of(currency)
        for name in not_chargeable(values, currency) if currency else []:
            least, step = (amount_text(amount, currency) for amount in (counted.minimum, counted.step))
            self.add_error(name, f"The payment provider takes 0, or {least} and more in steps of {step}.")
        return values


class _PriceColumns:
    """The columns of a region's prices, or of those that were agreed."""

    @shown("Tariff", ordering="increment_amount")
    def tariff(self, row: Prices) -> str:
        return f"{amount_text(row.increment_amount, row.currency)} per {row.increment_s} s"

    @shown("Cancellation fee", ordering="cancellation_fee_amount")
    def fee(self, row: Prices) -> str:
        return f"{amount_text(row.cancellation_fee_amount, row.currency)} after {row.cancellation_grace_s} s"


class RegionAdmin(_PriceColumns, StaffAdmin):
    """Served areas and their tariffs. Changed prices apply to what is requested or planned afterwards."""

    reach = InRegion("pk")
    form = RegionForm

    @shown("Outline")
    def outline(self, row: Region) -> str | SafeString:
        """Draw the boundary, so that staff can check it at a glance."""
        try:
            return _svg(closed_rings(row.boundary))
        except ValidationError:
            return NOTHING

    list_display: ClassVar[Sequence[str]] = ("name", "slug", "active", "time_zone", "tariff", "fee", "start_guard")
    list_filter = (("active", BooleanRadioFilter),)
    search_fields = ("name", "slug", "time_zone")
    fieldsets: Any = (
        (None, {"fields": ("name", "slug", "active", "time_zone")}),
        ("Boundary", {"fields": ("boundary", "outline")}),
        ("Holidays", {"fields": (("country", "subdivision"),)}),
        ("Tariff", {"fields": ("currency", ("increment_amount", "increment_s"))}),
        (
            "Cancelling",
            {"fields": (("cancellation_fee_amount", "cancellation_grace_s"), ("no_show_fee_amount", "no_show_wait_s"))},
        ),
        ("Money", {"fields": (("hold_amount", "holds_max"), "commission_bps")}),
        ("Tax", {"fields": (("tax_name", "tax_rate"), "tax_inclusive", "tax_number")}),
        ("Sessions", {"fields": ("start_guard",)}),
        ("Offers", {"fields": ("offer_detail",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Region | None = None) -> tuple[str, ...]:
        """Make the slug of an existing region read-only, since queues and keys contain it."""
        return ("outline", "slug") if obj else ("outline",)


@admin.register(Terms)
class TermsAdmin(_PriceColumns, ReadOnlyAdmin):
    """The prices that cheers were requested under."""

    reach = InRegion("region")
    since = moment("created_at", "First used")
    region_link = related("region", "Region", named=True)
    list_display: ClassVar[Sequence[str]] = ("since", "region_link", "tariff", "fee")
    list_select_related = ("region",)
    search_fields = ("region__name", "region__slug")
    ordering = ("-created_at",)
    fields = ("since", "region_link", *PRICES)
    readonly_fields = fields


def _svg(rings: Sequence[Sequence[Sequence[float]]]) -> str | SafeString:
    """Draw rings with north up. Degrees of longitude are scaled to their width at the middle latitude."""
    lngs, lats = [lng for lng, _ in rings[0]], [lat for _, lat in rings[0]]
    squeeze = max(0.01, math.cos(math.radians((min(lats) + max(lats)) / 2)))
    width, height = (max(lngs) - min(lngs)) * squeeze, max(lats) - min(lats)
    scale = OUTLINE_PX / max(width, height)
    paths = " ".join(
        "M"
        + "L".join(f"{(lng - min(lngs)) * squeeze * scale:.1f} {(max(lats) - lat) * scale:.1f}" for lng, lat in ring)
        + "Z"
        for ring in rings
    )
    return format_html(
        '<svg width="{}" height="{}" style="overflow: visible" role="img" aria-label="Outline">'
        '<path d="{}" fill="currentColor" fill-opacity="0.15" fill-rule="evenodd" stroke="currentColor"/></svg>',
        f"{width * scale:.0f}",
        f"{height * scale:.0f}",
        paths,
    )
