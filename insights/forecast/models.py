"""Past demand by H3 cell and half hour, the forecasts of each region, and the jobs that make them."""

from typing import Any, ClassVar

from django.db import models

from insights.forecast.features import Horizon
from regions.models import Region

KEPT_RESOLUTION = 8  # of H3: cells of 0.7 km², seven of which make one of resolution 7


def nothing() -> dict[str, Any]:
    """The default of columns with figures by name."""
    return {}


class Demand(models.Model):
    """The requests of a half hour in a cell. None are no row."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    starts_at = models.DateTimeField(help_text="When the half hour began.")
    cell = models.BigIntegerField(help_text=f"The H3 index, of resolution {KEPT_RESOLUTION}.")
    requests = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.requests} from {self.starts_at:%Y-%m-%d %H:%M}"


class PastDemand(Demand):
    """Requests before this installation knew of them, from a file."""

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["region", "starts_at", "cell"], name="past_demand_once"),
            models.CheckConstraint(condition=models.Q(requests__gt=0), name="past_demand_of_requests"),
        )


class OwnDemand(Demand):
    """Requests of this installation, counted before their places are coarsened."""

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["region", "starts_at", "cell"], name="own_demand_once"),
            models.CheckConstraint(condition=models.Q(requests__gt=0), name="own_demand_of_requests"),
        )


class Method(models.TextChoices):
    """How a region's demand is foreseen."""

    LEARNED = "learned", "Learned from its past"
    HISTORIC_MEAN = "historic_mean", "The historic mean: its past is too short to learn from"


class ForecastModel(models.Model):
    """A version of a region's forecast: the coefficients by grid and horizon, and how good it was on days not seen."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    version = models.PositiveIntegerField()
    trained_at = models.DateTimeField()
    method = models.CharField(max_length=16, choices=Method)
    days = models.PositiveIntegerField(help_text="Days of history with requests.")
    fitted = models.JSONField(default=nothing, help_text='Coefficients and dispersion, by "minutes.horizon".')
    backtest = models.JSONField(default=nothing, help_text='Scores on the last days, by "minutes.horizon".')

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["region", "version"], name="forecast_model_version_once"),
            models.CheckConstraint(condition=models.Q(method__in=Method.values), name="forecast_model_method_known"),
        )

    def __str__(self) -> str:
        return f"Version {self.version}"


class Forecaster(models.Model):
    """The jobs of a region's forecast, and how well it fits."""

    region = models.OneToOneField(Region, primary_key=True, on_delete=models.CASCADE, related_name="+")
    train_at = models.DateTimeField(null=True, db_index=True, help_text="When it is trained again.")
    refresh_at = models.DateTimeField(null=True, db_index=True, help_text="When it forecasts again.")
    counted_until = models.DateTimeField(null=True, help_text="Until when own requests are counted as demand.")
    error_ratio = models.FloatField(
        null=True,
        help_text="What was missed in the last week, as a multiple of what was to be missed. Empty: not known.",
    )

    def __str__(self) -> str:
        return f"Forecaster of {self.region_id}"


class Forecast(models.Model):
    """The requests to expect in a slot of a cell. A newer forecast of the same kind replaces it."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    horizon = models.CharField(max_length=8, choices=[(horizon.value, horizon.value) for horizon in Horizon])
    minutes = models.PositiveSmallIntegerField(help_text="Length of the slot.")
    starts_at = models.DateTimeField()
    cell = models.BigIntegerField(help_text="The H3 index: of resolution 7 for an hour, 8 for half an hour.")
    mean = models.FloatField()
    p10 = models.PositiveIntegerField()
    p50 = models.PositiveIntegerField()
    p90 = models.PositiveIntegerField()
    version = models.PositiveIntegerField(help_text="Of the model; 0 before the first.")
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(
                fields=["region", "horizon", "minutes", "starts_at", "cell"], name="forecast_of_a_slot_once"
            ),
            models.CheckConstraint(
                condition=models.Q(p10__lte=models.F("p50"), p50__lte=models.F("p90")), name="forecast_in_order"
            ),
        )

    def __str__(self) -> str:
        return f"{self.mean:.1f} from {self.starts_at:%Y-%m-%d %H:%M}"


class ForeseenHour(models.Model):
    """The forecast for an hour of the whole region, from the days before it."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    starts_at = models.DateTimeField(help_text="When the hour begins.")
    mean = models.FloatField(help_text="The requests to expect.")
    version = models.PositiveIntegerField(help_text="Of the model; 0 before the first.")

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["region", "starts_at"], name="foreseen_hour_once"),
            models.CheckConstraint(condition=models.Q(mean__gte=0), name="foreseen_hour_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.mean:.1f} from {self.starts_at:%Y-%m-%d %H:%M}"
