"""Accounting periods that are closed, with their totals, and the sums of the days since."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.ids import new_id


class Period(models.Model):
    """A month that takes no entries any more: a trigger of the database refuses those before its end.

    Months are closed in order, so everything before the end of the last row is closed. `counted_at` is empty until the
    totals of the month are stored.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(unique=True)
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    counted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = (("close_period", "Can close accounting periods"),)
        constraints = (
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="period_starts_before_it_ends"),
            models.CheckConstraint(condition=Q(closed_at__gte=F("ends_at")), name="period_closed_after_its_end"),
        )

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m}"


class PeriodTotal(models.Model):
    """The sum of a closed period's entries of one kind, between two accounts, in one region and currency."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="totals")
    region = models.ForeignKey(
        "regions.Region",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Empty for what concerns no single payment.",
    )
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=16)  # without choices, as a new kind concerns no closed month
    debit = models.CharField(max_length=12)
    credit = models.CharField(max_length=12)
    amount = models.BigIntegerField(help_text="Minor units.")
    entries = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["period", "region", "currency", "kind", "debit", "credit"],
                condition=Q(region__isnull=False),
                name="period_total_once",
            ),
            models.UniqueConstraint(
                fields=["period", "currency", "kind", "debit", "credit"],
                condition=Q(region__isnull=True),
                name="period_total_once_without_region",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, entries__gt=0), name="period_total_positive"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class CountedDay(models.Model):
    """A day (UTC) whose entries have been added up, so that looking at the books does not add them up again.

    Unlike a closed period it refuses nothing: an entry that is booked into it later deletes the row, by a trigger of
    the database, and the day is counted again. `sums` is empty until it has been counted.
    """

    day = models.DateField(primary_key=True)
    sums = models.JSONField(
        null=True, blank=True, help_text="Each with region, currency, kind, debit, credit, amount, number of entries."
    )

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"
