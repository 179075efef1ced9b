"""Advice to partners where to wait, its sums by hour, and the job that gives it. docs/insights.md says how."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Partner
from core.ids import new_id
from insights.facts.models import Hourly
from regions.models import Region


class Outcome(models.TextChoices):
    """How advice ended."""

    OPEN = "open", "Not ended"
    FOLLOWED = "followed", "The partner came near the place"
    IGNORED = "ignored", "Its time passed, and the partner did not come near"
    OVERTAKEN = "overtaken", "The partner was sent an offer, or went offline, before"
    WITHDRAWN = "withdrawn", "The region's advice was turned off, or the region closed, before"


class Adviser(models.Model):
    """The job that advises the partners of a region. Whether it does is the region's policy."""

    region = models.OneToOneField(Region, primary_key=True, on_delete=models.CASCADE, related_name="+")
    advise_at = models.DateTimeField(null=True, db_index=True, help_text="When it looks again.")

    def __str__(self) -> str:
        return f"Adviser of {self.region_id}"


class Advice(models.Model):
    """A cell of the map where a partner was told to wait, and what became of it. Never an order.

    It names a person: it goes with their account, and after `ADVICE_KEPT_DAYS`. Nobody is paid, ranked or reproached by
    it, so no page shows it by partner.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")
    cell = models.BigIntegerField(help_text="The H3 index, of the resolution in positioning/cells.py.")
    distance_m = models.PositiveIntegerField(help_text="To its middle in a line, when it was given.")
    given_at = models.DateTimeField(db_index=True)
    until = models.DateTimeField(help_text="When it lapses.")
    outcome = models.CharField(max_length=9, choices=Outcome, default=Outcome.OPEN)
    ended_at = models.DateTimeField(null=True)
    offered_after_s = models.PositiveIntegerField(
        null=True, help_text="Seconds from it to the partner's first offer, if that came within half an hour."
    )

    class Meta:
        verbose_name_plural = "advice"
        constraints: ClassVar = (
            models.UniqueConstraint(
                fields=["partner"], condition=Q(outcome=Outcome.OPEN), name="advice_one_open_per_partner"
            ),
            models.UniqueConstraint(
                fields=["cell"], condition=Q(outcome=Outcome.OPEN), name="advice_one_open_per_cell"
            ),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="advice_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.OPEN, ended_at__isnull=True)
                | (~Q(outcome=Outcome.OPEN) & Q(ended_at__isnull=False)),
                name="advice_open_until_it_ends",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("given_at")), name="advice_lapses_after_it_is_given"),
        )

    def __str__(self) -> str:
        return f"Advice of {self.given_at:%Y-%m-%d %H:%M}"


class HourAdvice(Hourly):
    """The advice that was given in this hour, and what has become of it. Counted while its rows are there."""

    given = models.PositiveIntegerField()
    partners = models.PositiveIntegerField(help_text="Different partners. It does not add up over hours.")
    followed = models.PositiveIntegerField()
    ignored = models.PositiveIntegerField()
    overtaken = models.PositiveIntegerField()
    withdrawn = models.PositiveIntegerField()
    followed_m = models.PositiveBigIntegerField(help_text="Metres in a line, of the advice that was followed.")
    offered_followed = models.PositiveIntegerField(help_text="Followed, and then an offer within half an hour.")
    offered_followed_s = models.PositiveBigIntegerField(help_text="Seconds from the advice to these offers, in sum.")
    offered_ignored = models.PositiveIntegerField(help_text="Ignored, and then an offer within half an hour.")
    offered_ignored_s = models.PositiveBigIntegerField(help_text="Seconds from the advice to these offers, in sum.")

    class Meta:
        verbose_name_plural = "hours of advice"
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["region", "starts_at"], name="hour_advice_once"),
            models.CheckConstraint(
                condition=Q(partners__gt=0, given__gte=F("partners")), name="hour_advice_of_partners"
            ),
            models.CheckConstraint(
                condition=Q(given__gte=F("followed") + F("ignored") + F("overtaken") + F("withdrawn")),
                name="hour_advice_ends_once",
            ),
        )
