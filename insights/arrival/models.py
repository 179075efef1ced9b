"""The arrival times of each region, and the job that learns them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from regions.models import Region


def nothing() -> dict[str, Any]:
    """The default of columns with figures by name."""
    return {}


class ArrivalTable(models.Model):
    """The arrival times learnt of one region, its recent waits by cell, and when they are to be learnt again."""

    region = models.OneToOneField(Region, primary_key=True, on_delete=models.CASCADE, related_name="+")
    learn_at = models.DateTimeField(null=True, db_index=True, help_text="When it is learnt again.")
    version = models.PositiveIntegerField(default=0, help_text="How often it has been learnt.")
    learned_at = models.DateTimeField(null=True)
    rides = models.PositiveIntegerField(default=0, help_text="Rides that it was learnt from.")
    left_out = models.JSONField(default=nothing, help_text="Rides that nothing was learnt from, by reason.")
    factors = models.JSONField(null=True, help_text="Empty: too few rides, or the constants were better.")
    backtest = models.JSONField(null=True, help_text="How it did on the newest rides, learnt from the older ones.")
    recent = models.JSONField(default=nothing, help_text="Waits and matched share of the last weeks, by cell.")

    class Meta:
        constraints: ClassVar = (
            models.CheckConstraint(
                condition=Q(factors__isnull=True) | Q(backtest__isnull=False), name="arrival_table_was_tried"
            ),
            models.CheckConstraint(
                condition=Q(version=0, learned_at__isnull=True) | Q(version__gt=0, learned_at__isnull=False),
                name="arrival_table_version_was_learnt",
            ),
        )

    def __str__(self) -> str:
        return f"Arrival table of {self.region_id}"
