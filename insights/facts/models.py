"""The facts of each hour of a region, and how far they have been counted. docs/insights.md says what each is made of.

No fact is ever added to: the hours that something was written about are counted again, from the rows.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from regions.models import Region

CODE_MAX_CHARS = 24


class Hourly(models.Model):
    """One hour of a region. `starts_at` is the key of the hour (facts/hours.py)."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    starts_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class HourFacts(Hourly):
    """The requests of one kind that were made in this hour, and what has become of them, whenever that was."""

    request_type = models.ForeignKey(
        "requests_app.RequestType", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    requests = models.PositiveIntegerField()
    users = models.PositiveIntegerField(help_text="Different people who asked. It does not add up over hours.")
    offered = models.PositiveIntegerField(help_text="Requests that somebody was offered.")
    accepted = models.PositiveIntegerField(help_text="Requests that somebody accepted.")
    completed = models.PositiveIntegerField()
    unmatched = models.JSONField(help_text="Requests given up, by reason.")
    cancelled = models.JSONField(help_text='Requests cancelled, by "reason.when".')
    offers = models.PositiveIntegerField()
    offers_accepted = models.PositiveIntegerField()
    declined = models.JSONField(help_text="Offers declined, by code.")
    lapsed = models.PositiveIntegerField()
    rescinded = models.JSONField(help_text="Offers taken back, by code.")
    distance_m = models.PositiveBigIntegerField(help_text="Metres to the place, of accepted offers, in a line.")
    called_off = models.JSONField(help_text="Rides cancelled, by code.")
    sessions = models.PositiveIntegerField(help_text="Sessions that were completed.")
    session_s = models.PositiveBigIntegerField(help_text="How long they lasted in sum, in seconds.")
    to_offer = models.JSONField(help_text="Waits from the request to its first offer: how many, by bucket.")
    to_acceptance = models.JSONField(help_text="To the first acceptance.")
    to_arrival = models.JSONField(help_text="To the first arrival.")

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["region", "starts_at", "request_type"], name="hour_facts_once"),
            models.CheckConstraint(
                condition=Q(requests__gt=0, users__gt=0, users__lte=models.F("requests")), name="hour_facts_of_requests"
            ),
        )


class HourMoney(Hourly):
    """The sum of the ledger's entries of one kind in this hour, about cheers of one kind."""

    request_type = models.ForeignKey(
        "requests_app.RequestType", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=16, help_text="Of the entries.")
    payment_kind = models.CharField(max_length=20)
    amount = models.BigIntegerField(help_text="Minor units.")
    entries = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(
                fields=["region", "starts_at", "request_type", "currency", "kind", "payment_kind"],
                name="hour_money_once",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, entries__gt=0), name="hour_money_positive"),
        )


class HourSupply(Hourly):
    """How long partners were at work in this hour, in seconds of all of them together."""

    available_s = models.PositiveIntegerField(help_text="Free.")
    offered_s = models.PositiveIntegerField(help_text="Looking at an offer.")
    busy_s = models.PositiveIntegerField(help_text="On a ride.")

    class Meta:
        constraints: ClassVar = (models.UniqueConstraint(fields=["region", "starts_at"], name="hour_supply_once"),)


def no_marks() -> dict[str, Any]:
    """The default of `Counting.marks`."""
    return {}


class Counting(models.Model):
    """The job that counts, in one row: when it is next due, and how far it has read each table (facts/marks.py)."""

    name = models.CharField(primary_key=True, max_length=16)
    due_at = models.DateTimeField(null=True, db_index=True)
    counted_at = models.DateTimeField(null=True, help_text="All that was committed by then has been counted.")
    marks = models.JSONField(default=no_marks)

    def __str__(self) -> str:
        return self.name
