"""Regions: served areas with their time zone and tariff. A request stays in one region."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from core.currencies import currency_of
from core.ids import new_id
from core.prices import COMMISSION_WHOLE, TAX_WHOLE
from core.texts import Line
from regions.days_off import check_country
from regions.policies import Policy  # noqa: F401  # Django finds models here

DIGEST_CHARS = 16


class OfferDetail(models.TextChoices):
    """The detail in which an offer shows the place of its request, before it is accepted."""

    EXACT = "exact", "The place and the note"
    APPROXIMATE = "approximate", "Roughly where it is, and no note"


def check_time_zone(name: str) -> None:
    """Raise `ValidationError` for a name that the time zone database lacks."""
    if name not in available_timezones():
        raise ValidationError("Not the name of a time zone, for example America/New_York.")


def check_polygon(value: Any) -> None:
    """Raise `ValidationError` unless the value is a GeoJSON polygon's coordinates: rings of [lng, lat]."""
    try:
        rings = [[(_degrees(lng), _degrees(lat)) for lng, lat, *_ in ring] for ring in value]
    except (TypeError, ValueError, OverflowError):
        rings = []
    if not rings or any(len(ring) < 4 for ring in rings):
        raise ValidationError("Give the coordinates of a GeoJSON polygon: a list of rings of at least four [lng, lat].")
    if any(not (-180 <= lng <= 180 and -90 <= lat <= 90) for ring in rings for lng, lat in ring):
        raise ValidationError("A corner lies off the globe: the order is [lng, lat], in degrees.")


def _degrees(value: Any) -> float:
    """Return a JSON number as a float. Raises `TypeError` for text and booleans, which would fail at every request."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


class StartGuard(models.TextChoices):
    """The proof that a partner needs to start a session."""

    ARRIVAL_OR_PIN = "arrival_or_pin", "Arrival, or the user's PIN"
    PIN = "pin", "The user's PIN"
    NONE = "none", "Nothing"


class Prices(models.Model):
    """Prices, fees and holds: a region's present ones, or those that a request was made under."""

    currency = models.CharField(max_length=3, default="usd", help_text="ISO 4217, lower case.")
    increment_amount = models.PositiveIntegerField(
        default=1000, help_text="Price of each started increment, in minor units (cents)."
    )
    increment_s = models.PositiveIntegerField(
        default=300, validators=[MinValueValidator(1)], help_text="Length of an increment, in seconds."
    )
    cancellation_fee_amount = models.PositiveIntegerField(
        default=500, help_text="What the user pays for cancelling late, in minor units."
    )
    cancellation_grace_s = models.PositiveIntegerField(
        default=120, help_text="Cancelling is free for this long after acceptance."
    )
    no_show_fee_amount = models.PositiveIntegerField(
        default=1000, help_text="What a user pays who isn't there, in minor units."
    )
    no_show_wait_s = models.PositiveIntegerField(
        default=300, help_text="How long after arrival a partner must wait before reporting that nobody is there."
    )
    hold_amount = models.PositiveIntegerField(
        default=6000, help_text="What is held on the card at booking, and again as a session outgrows it: minor units."
    )
    holds_max = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1)],
        help_text="How many holds a session may place. When the last one is used up, the session ends.",
    )
    commission_bps = models.PositiveIntegerField(
        default=2000, help_text="Our part of fares and fees, in hundredths of a percent: 2000 is 20%."
    )
    tax_name = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="As bills call it, for example VAT or Sales tax.",
    )
    tax_rate = models.PositiveIntegerField(
        default=0, db_default=0, help_text="On fares and fees, in thousandths of a percent: 19000 is 19%. 0: none."
    )
    tax_inclusive = models.BooleanField(
        default=True, db_default=True, help_text="Whether prices include the tax; it is added to them otherwise."
    )
    tax_number = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="The seller's, as bills must show it."
    )

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(condition=models.Q(increment_s__gte=1), name="%(class)s_increment_lasts"),
            models.CheckConstraint(
                condition=models.Q(increment_amount__gte=0, cancellation_fee_amount__gte=0),
                name="%(class)s_money_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(no_show_fee_amount__gte=0, hold_amount__gte=0, holds_max__gte=1),
                name="%(class)s_holds_sane",
            ),
            models.CheckConstraint(
                condition=models.Q(commission_bps__gte=0, commission_bps__lte=COMMISSION_WHOLE),
                name="%(class)s_commission_is_a_part",
            ),
            models.CheckConstraint(
                condition=models.Q(tax_rate=0) | (models.Q(tax_rate__lte=TAX_WHOLE) & ~models.Q(tax_name="")),
                name="%(class)s_tax_is_named",
            ),
        )

    @property
    def prices_digest(self) -> str:
        """A short name of these prices, the same wherever they are the same."""
        values = json.dumps([getattr(self, name) for name in PRICES])
        return hashlib.sha256(values.encode()).hexdigest()[:DIGEST_CHARS]


CHARGED = ("increment_amount", "cancellation_fee_amount", "no_show_fee_amount", "hold_amount")


def not_chargeable(prices: Mapping[str, Any], currency: str) -> list[str]:
    """Returns the names of the amounts that the payment provider would not take; zero is free, or no hold."""
    counted = currency_of(currency)
    return [name for name in CHARGED if prices.get(name) and not counted.chargeable(prices[name])]


PRICES = tuple(field.attname for field in Prices._meta.local_fields)


class Region(Prices):
    """One served area with its tariff and rules."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(unique=True, help_text="Short name in the API and in queue and key names.")
    name = Line(max_length=80)
    active = models.BooleanField(default=True, help_text="New requests are taken only in active regions.")
    boundary = models.JSONField(
        validators=[check_polygon], help_text="Coordinates of a GeoJSON polygon: rings of [lng, lat]."
    )
    time_zone = models.CharField(max_length=40, validators=[check_time_zone])
    country = models.CharField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        validators=[check_country],
        help_text="Whose public holidays count: a code of ISO 3166, for example US. Empty: no holidays.",
    )
    subdivision = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="The part of the country with holidays of its own, for example NY. Empty: the country's.",
    )

    start_guard = models.CharField(
        max_length=16,
        choices=StartGuard.choices,
        default=StartGuard.ARRIVAL_OR_PIN,
        help_text="What a partner needs to start a session.",
    )
    offer_detail = models.CharField(
        max_length=12,
        choices=OfferDetail.choices,
        default=OfferDetail.EXACT,
        db_default=OfferDetail.EXACT.value,
        help_text="What partners see of a request before they accept it.",
    )

    class Meta:
        ordering = ("name",)
        constraints = (
            *Prices.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(start_guard__in=StartGuard.values), name="region_start_guard_known"
            ),
            models.CheckConstraint(
                condition=models.Q(offer_detail__in=OfferDetail.values), name="region_offer_detail_known"
            ),
            models.CheckConstraint(
                condition=models.Q(subdivision="") | ~models.Q(country=""), name="region_subdivision_of_a_country"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Terms(Prices):
    """The prices of a region that requests were made under. A row never changes: other prices are another row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="terms")
    created_at = models.DateTimeField(help_text="When the first request was made under them.")

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            *Prices.Meta.constraints,
            models.UniqueConstraint(fields=["region", *PRICES], name="terms_once"),
        )

    def __str__(self) -> str:
        return f"Terms {self.id}"
