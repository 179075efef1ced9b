"""Policies of regions: how they match, when they are open, and whether they take requests now."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from core.texts import Line
from regions.hours import check_hours

REACH_MAX_M = 100_000
WAVES_MAX = 10


class Intake(models.TextChoices):
    """Whether a region takes requests."""

    OPEN = "open", "Takes requests"
    DRAINING = "draining", "Takes none; those that wait are still matched"
    PAUSED = "paused", "Takes none, and nobody is sent an offer"


def check_radii(value: Any) -> None:
    """Raise `ValidationError` unless the value is a list of growing radii, in whole metres."""
    whole = isinstance(value, list) and all(type(radius) is int and 0 < radius <= REACH_MAX_M for radius in value)
    if not whole or not 1 <= len(value) <= WAVES_MAX or sorted(set(value)) != value:
        raise ValidationError(f"Give growing radii in whole metres, {WAVES_MAX} at most, for example [2000, 5000].")


def _between(name: str, least: float, most: float) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": least, f"{name}__lte": most}),
        name=f"policy_{name}_sane",
    )


LIMITS: dict[str, tuple[float, float]] = {
    "offer_ttl_s": (5, 300),
    "patience_s": (30, 7200),
    "cap_s": (1, 7200),
    "cap_shortage": (1, 10_000),
    "cap_least_s": (1, 7200),
    "cap_widens": (0, 100),
    "age_credit": (0, 100),
    "cap_local": (0, 10),
}


def _limited(kind: type[Any], name: str, help_text: str) -> Any:
    least, most = LIMITS[name]
    checks = [MinValueValidator(least), MaxValueValidator(most)]
    return kind(null=True, blank=True, validators=checks, help_text=help_text)


class Policy(models.Model):
    """One version of a region's policy; the newest is in force. A row never changes.

    Where it says nothing, the installation's settings (`OFFER_TTL_S`, `REQUEST_PATIENCE_S`, `MATCH_RADIUS_M`,
    `ADVISE_PARTNERS`) and the usual rules (`requests_app.rules.Rules`) hold.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey("regions.Region", on_delete=models.CASCADE, related_name="policies", db_index=False)
    version = models.PositiveIntegerField(help_text="Counts the policies of a region, from 1.")
    created_at = models.DateTimeField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = Line(max_length=200, help_text="Why it was changed, for other staff.")

    intake = models.CharField(max_length=8, choices=Intake.choices, default=Intake.OPEN)
    message = Line(
        max_length=200, blank=True, default="", help_text="What users are told while the region takes no requests."
    )
    opening_hours = models.CharField(
        max_length=300,
        blank=True,
        default="",
        validators=[check_hours],
        help_text="In local time, for example Mo-Fr 08:00-22:00; Sa 10:00-02:00. Empty: always open.",
    )

    offer_ttl_s = _limited(models.PositiveIntegerField, "offer_ttl_s", "How long a partner has to answer, in seconds.")
    patience_s = _limited(
        models.PositiveIntegerField,
        "patience_s",
        "How long a partner is looked for before staff take over, in seconds.",
    )
    radii_m = models.JSONField(
        null=True,
        blank=True,
        validators=[check_radii],
        help_text="The search radius of each wave, in metres: growing, for example [2000, 5000, 10000].",
    )
    cap_s = _limited(models.FloatField, "cap_s", "In a shortage: the greatest pickup cap, in seconds of travel.")
    cap_shortage = _limited(
        models.FloatField,
        "cap_shortage",
        "In a shortage, where the cap is not local: how many recent requests have the greatest cap.",
    )
    cap_least_s = _limited(models.FloatField, "cap_least_s", "In a shortage: the least pickup cap, in seconds.")
    cap_widens = _limited(
        models.FloatField, "cap_widens", "In a shortage: seconds that the cap gains for each second waited."
    )
    age_credit = _limited(
        models.FloatField, "age_credit", "Seconds of travel that a request is spared for each second it has waited."
    )
    cap_lone = models.BooleanField(
        null=True, blank=True, help_text="In a shortage: whether the cap applies to a request that is alone, too."
    )
    cap_local = _limited(
        models.FloatField,
        "cap_local",
        "In a shortage: how far the cap goes by the demand around each partner; 0: the same cap in the whole region.",
    )
    advises = models.BooleanField(
        null=True, blank=True, help_text="Whether free partners are told where it is likely to be busier."
    )

    class Meta:
        ordering = ("-created_at",)
        verbose_name_plural = "policies"
        permissions = (("pause_region", "Can pause, drain and open regions"),)
        constraints = (
            models.UniqueConstraint(fields=["region", "version"], name="policy_one_per_region_and_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="policy_counts_from_one"),
            models.CheckConstraint(condition=Q(intake__in=Intake.values), name="policy_intake_known"),
            models.CheckConstraint(
                condition=Q(cap_s__isnull=True) | Q(cap_least_s__isnull=True) | Q(cap_least_s__lte=F("cap_s")),
                name="policy_least_cap_is_the_least",
                violation_error_message="The least cap is at most the greatest.",
            ),
            *(_between(name, *limits) for name, limits in LIMITS.items()),
        )

    def __str__(self) -> str:
        return f"Policy {self.version}"


RULES = ("cap_s", "cap_shortage", "cap_least_s", "cap_widens", "age_credit", "cap_lone", "cap_local")
# All that an undo brings back.
HOW_IT_MATCHES = ("opening_hours", "offer_ttl_s", "patience_s", "radii_m", *RULES, "advises")
