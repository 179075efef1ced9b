"""A ride: one partner serving one request, from acceptance to the end of the session, and what both sides write."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from core.currencies import currency_of
from core.ids import new_id
from core.prices import Tariff, Tax, elapsed, fare
from core.reasons import closed_is_known
from core.texts import Note
from core.transitions import Stateful, Transition
from regions.models import StartGuard
from rides.phrases import Phrase, Side
from rides.reasons import RideClosed
from rides.states import ACTIVE, RIDE_GRAPH, EndedBy, RideStatus, Sign

TEXT_MAX_CHARS = 500
MESSAGES_MAX = 300  # of one ride


class RideTransition(Transition):
    subject = models.ForeignKey("rides.Ride", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Ride(Stateful):
    """The session clock and its price. A ride is created at acceptance, with the request's tariff frozen on it."""

    graph = RIDE_GRAPH
    history = RideTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # By name only: the table refers to its request, but no code in this app imports `requests_app`.
    request = models.ForeignKey(
        "requests_app.CheerRequest", on_delete=models.PROTECT, related_name="rides", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rides", db_index=False)
    partner = models.ForeignKey("accounts.Partner", on_delete=models.PROTECT, related_name="rides", db_index=False)
    status = models.CharField(max_length=12, choices=RideStatus.choices, default=RideStatus.EN_ROUTE)
    accepted_at = models.DateTimeField()
    arrived_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when the partner is at the place; empty again if they leave it."
    )
    no_show_at = models.DateTimeField(
        null=True, blank=True, help_text="From when the partner may report that nobody is there."
    )
    user_here_at = models.DateTimeField(null=True, blank=True, help_text="When the user said that they are there.")
    disputed_at = models.DateTimeField(null=True, blank=True, help_text="When the user said that nobody is there.")
    parted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the partner was seen to have left the session."
    )
    start_time = models.DateTimeField(null=True, blank=True)
    start_lat = models.FloatField(null=True, blank=True, help_text="Where the partner was when the session started.")
    start_lng = models.FloatField(null=True, blank=True)
    end_time = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=8, choices=EndedBy.choices, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    closed_code = models.CharField(
        max_length=24,
        choices=RideClosed.choices,
        blank=True,
        default="",
        db_default="",
        help_text="Why it was cancelled.",
    )
    closed_note = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="The words of the partner."
    )
    tariff_amount = models.PositiveIntegerField()
    tariff_currency = models.CharField(max_length=3)
    tariff_increment_s = models.PositiveIntegerField()
    commission_bps = models.PositiveIntegerField(default=0, help_text="Hundredths of a percent that are ours.")
    tax_rate = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Thousandths of a percent of fares and fees."
    )
    tax_inclusive = models.BooleanField(default=True, db_default=True, help_text="Whether prices include the tax.")
    covered_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when the session costs no more than is held on the card."
    )
    fare_amount = models.PositiveIntegerField(null=True, blank=True, help_text="Minor units; set when the ride ends.")
    receipt_due_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When the receipt is to be mailed; empty once it was."
    )
    start_guard = models.CharField(
        max_length=16,
        choices=StartGuard.choices,
        default=StartGuard.ARRIVAL_OR_PIN,
        help_text="What the partner needs to start the session.",
    )
    pin = models.CharField(max_length=4, blank=True, help_text="Shown to the user; empty where none is used.")
    pin_failures = models.PositiveSmallIntegerField(default=0)
    rating = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    rating_comment = Note(max_length=500, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["partner", "-accepted_at"], name="ride_partner"),
            models.Index(fields=["user", "-accepted_at"], name="ride_user"),
            models.Index(fields=["request"], name="ride_request"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["partner"], condition=Q(status__in=ACTIVE), name="ride_one_active_per_partner"
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=~Q(status=RideStatus.CANCELLED),
                name="ride_one_not_cancelled_per_request",
            ),
            models.CheckConstraint(condition=Q(status__in=RideStatus.values), name="ride_status_known"),
            models.CheckConstraint(condition=Q(end_time__gte=F("start_time")), name="ride_ends_after_start"),
            models.CheckConstraint(
                condition=Q(status=RideStatus.CANCELLED)
                | Q(status=RideStatus.EN_ROUTE, start_time__isnull=True)
                | Q(status__in=[RideStatus.IN_PROGRESS, RideStatus.COMPLETED], start_time__isnull=False),
                name="ride_started_has_start",
            ),
            models.CheckConstraint(
                condition=Q(status=RideStatus.COMPLETED, end_time__isnull=False, fare_amount__isnull=False)
                | (~Q(status=RideStatus.COMPLETED) & Q(end_time__isnull=True, fare_amount__isnull=True)),
                name="ride_completed_has_end_and_fare",
            ),
            models.CheckConstraint(
                condition=Q(status=RideStatus.COMPLETED, ended_by__in=EndedBy.values)
                | (~Q(status=RideStatus.COMPLETED) & Q(ended_by="")),
                name="ride_completed_says_who_ended_it",
            ),
            *closed_is_known(RideClosed, "ride"),
            models.CheckConstraint(
                condition=Q(closed_code="") | Q(status=RideStatus.CANCELLED), name="ride_closed_is_cancelled"
            ),
            # A comparison with an empty column is unknown, which a check allows: a PIN starts without an arrival.
            models.CheckConstraint(
                condition=Q(arrived_at__gte=F("accepted_at")) & Q(arrived_at__lte=F("start_time")),
                name="ride_arrives_between_acceptance_and_start",
            ),
            models.CheckConstraint(
                condition=Q(arrived_at__isnull=False) | Q(no_show_at__isnull=True, user_here_at__isnull=True),
                name="ride_no_show_needs_arrival",
            ),
            models.CheckConstraint(condition=Q(no_show_at__gte=F("arrived_at")), name="ride_no_show_after_arrival"),
            models.CheckConstraint(
                condition=Q(disputed_at__isnull=True) | Q(arrived_at__isnull=True) | Q(start_time__isnull=False),
                name="ride_disputed_has_not_arrived",
            ),
            models.CheckConstraint(condition=Q(parted_at__gte=F("start_time")), name="ride_parted_after_start"),
            models.CheckConstraint(condition=Q(start_guard__in=StartGuard.values), name="ride_start_guard_known"),
            models.CheckConstraint(
                condition=Q(tariff_amount__gte=0, tariff_increment_s__gte=1), name="ride_tariff_sane"
            ),
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__range=(1, 5), status=RideStatus.COMPLETED),
                name="ride_rating_1_to_5",
            ),
        )

    def __str__(self) -> str:
        return f"Ride {self.id}"

    @property
    def needs_pin(self) -> bool:
        """Whether only the user's PIN starts the session, or has started it."""
        if self.start_guard == StartGuard.ARRIVAL_OR_PIN:
            return self.arrived_at is None
        return self.start_guard == StartGuard.PIN

    @property
    def tariff(self) -> Tariff:
        return Tariff(self.tariff_amount, self.tariff_currency, self.tariff_increment_s, self.tax)

    @property
    def tax(self) -> Tax:
        return Tax(self.tax_rate, self.tax_inclusive, currency_of(self.tariff_currency).step)

    def elapsed(self, now: datetime) -> timedelta:
        """The length of the session, up to `now` while it runs; zero before it starts."""
        if self.start_time is None:
            return timedelta(0)
        return elapsed(self.start_time, self.end_time or now)

    def fare(self, now: datetime) -> int | None:
        """The frozen fare, or the price if the session ended at `now`, in minor units; None before it starts."""
        if self.fare_amount is not None or self.start_time is None:
            return self.fare_amount
        return fare(self.tariff, self.elapsed(now))


class RideSign(models.Model):
    """Something noticed or said about where a ride's partner and user are. Its rows explain `arrived_at`."""

    ride = models.ForeignKey(Ride, on_delete=models.CASCADE, related_name="signs")
    sign = models.CharField(max_length=12, choices=Sign.choices)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=Q(sign__in=Sign.values), name="ride_sign_known"),)

    def __str__(self) -> str:
        return self.get_sign_display()


class Message(models.Model):
    """A message of one side of a ride to the other. `number` rises by one in each ride.

    It is a phrase, or the sender's own words; the latter are emptied when the sender's account is deleted.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # The unique constraint's index serves it.
    ride = models.ForeignKey(Ride, on_delete=models.CASCADE, related_name="messages", db_index=False)
    number = models.PositiveSmallIntegerField()
    sender = models.CharField(max_length=8, choices=Side.choices)
    phrase = models.CharField(max_length=24, choices=Phrase.choices, blank=True)
    text = Note(max_length=TEXT_MAX_CHARS, blank=True)
    sent_at = models.DateTimeField()
    delivered_at = models.DateTimeField(
        null=True, blank=True, help_text="When a page or an app of the other side had it."
    )
    read_at = models.DateTimeField(null=True, blank=True, help_text="When the other side had it before their eyes.")
    reported_at = models.DateTimeField(null=True, blank=True, help_text="When the other side reported it to staff.")

    class Meta:
        indexes = (
            models.Index(fields=["-reported_at"], condition=Q(reported_at__isnull=False), name="message_reported"),
        )
        constraints = (
            models.UniqueConstraint(fields=["ride", "number"], name="message_numbered_once_per_ride"),
            models.CheckConstraint(condition=Q(number__range=(1, MESSAGES_MAX)), name="message_number_in_range"),
            models.CheckConstraint(condition=Q(sender__in=Side.values), name="message_sender_known"),
            models.CheckConstraint(
                condition=Q(phrase="") | Q(phrase__in=Phrase.values, text=""), name="message_phrase_or_text"
            ),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(delivered_at__isnull=False), name="message_read_is_delivered"
            ),
        )

    def __str__(self) -> str:
        return f"Message {self.number} of ride {self.ride_id}"
