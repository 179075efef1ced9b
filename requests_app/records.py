"""Records beside requests: looks of the matcher that made no offer, pairs of a matching, and the care of dead letters.

How an offer came to its partner is a column of the offer (`Offer.decision`, `matching/decisions.py`).
"""

from django.conf import settings
from django.db import models

from api.stored_json import StoredJSONField
from core.ids import new_id
from core.texts import Note
from regions.models import Region

DECIDERS = IMMEDIATE, MATCHER, STAFF = "immediate", "matcher", "staff"  # of an offer
CARE_NOTE_MAX_CHARS = 500


class LeftOut(models.TextChoices):
    """Why a partner near a request was not offered it."""

    DECLINED = "declined", "Declined it"
    CANCELLED_RIDE = "cancelled_ride", "Cancelled its ride"
    LAPSED_LATELY = "lapsed_lately", "Let it lapse lately"
    BUSY = "busy", "Not available"
    STALE_POSITION = "stale_position", "No fresh position"
    WRONG_KIND = "wrong_kind", "Can't serve this kind"
    OWN_REQUEST = "own_request", "Asked for it"
    BEYOND_CAP = "beyond_cap", "Beyond the pickup cap"
    TAKEN_BY_ANOTHER = "taken_by_another", "Taken by another request"


class LookResult(models.TextChoices):
    """Why a look made no offer."""

    NOBODY_NEAR = "nobody_near", "Nobody near"
    NOBODY_FITS = "nobody_fits", "All who are near were left out"
    BEYOND_CAP = "beyond_cap", "Held back: all who fit are beyond the pickup cap"
    OUTNUMBERED = "outnumbered", "All who fit went to other requests"
    TAKEN_BY_ANOTHER = "taken_by_another", "The chosen partner was taken by another request meanwhile"


class Look(models.Model):
    """Equal looks in a row of the matcher at one request that made no offer. The figures are the last one's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(
        "requests_app.CheerRequest", on_delete=models.CASCADE, related_name="looks", db_index=False
    )
    number = models.PositiveSmallIntegerField(help_text="Counts the rows of its request, from 1.")
    result = models.CharField(max_length=16, choices=LookResult.choices)
    wave = models.PositiveSmallIntegerField(help_text="Index into MATCH_RADIUS_M of the widest search.")
    count = models.PositiveIntegerField(help_text="How many looks these were.")
    searched = models.PositiveIntegerField(help_text="Partners found near.")
    fit = models.PositiveIntegerField(help_text="Partners of these who could have been offered it.")
    left_out = models.JSONField(help_text="How many of them were left out, by reason.")
    attempts = models.PositiveIntegerField(help_text="`attempts` of the request after the last one.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["request", "number"], name="look_once_per_request_and_number"),
            models.CheckConstraint(condition=models.Q(result__in=LookResult.values), name="look_result_known"),
            models.CheckConstraint(condition=models.Q(count__gte=1), name="look_counts_from_one"),
            models.CheckConstraint(condition=models.Q(last_at__gte=models.F("first_at")), name="look_ends_after_start"),
        )

    def __str__(self) -> str:
        return f"{self.count} × {self.get_result_display()}"


class Matching(models.Model):
    """The pairs among which requests that contended were matched together; their offers refer to it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    pairs = StoredJSONField(help_text="Requests with the time waited, partners, and the pairs as places in these.")

    def __str__(self) -> str:
        return f"Matching {self.id}"


class DeadLetter(models.Model):
    """The care that staff take of a request that was given up. It stays if the request is requeued, or closed.

    The request's own status says whether it is a dead letter now.
    """

    request = models.OneToOneField(
        "requests_app.CheerRequest", primary_key=True, on_delete=models.CASCADE, related_name="dead_letter"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True, help_text="Since when its owner takes care of it.")
    note = Note(max_length=CARE_NOTE_MAX_CHARS, blank=True, help_text="For other staff.")
    asked_first = models.ForeignKey(
        "accounts.Partner",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The partner who is offered it as soon as its amount is held.",
    )
    forced = models.BooleanField(default=False, db_default=False, help_text="Whether that partner takes it unasked.")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(owner__isnull=True, taken_at__isnull=True)
                | models.Q(owner__isnull=False, taken_at__isnull=False),
                name="dead_letter_is_owned_since_a_moment",
            ),
        )

    def __str__(self) -> str:
        return f"Dead letter {self.pk}"
