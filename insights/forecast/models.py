"""Demand before this installation, by H3 cell and half hour."""

from typing import ClassVar

from django.db import models

from regions.models import Region

KEPT_RESOLUTION = 8  # of H3: cells of 0.7 km², seven of which make one of resolution 7


class PastDemand(models.Model):
    """The requests of a half hour in a cell, before this installation knew of them. None are no row."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    starts_at = models.DateTimeField(help_text="When the half hour began.")
    cell = models.BigIntegerField(help_text=f"The H3 index, of resolution {KEPT_RESOLUTION}.")
    requests = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["region", "starts_at", "cell"], name="past_demand_once"),
            models.CheckConstraint(condition=models.Q(requests__gt=0), name="past_demand_of_requests"),
        )

    def __str__(self) -> str:
        return f"{self.requests} from {self.starts_at:%Y-%m-%d %H:%M}"
