"""Kinds of cheer, requests, offers, planned cheers, saved places and share links."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from accounts.states import PartnerType
from api.stored_json import StoredJSONField
from core.cold import ColdManager
from core.ids import new_id
from core.reasons import closed_is_known
from core.texts import Line, Note
from core.transitions import Stateful, Transition
from regions.models import Region, Terms
from requests_app.reasons import OfferClosed, RequestClosed, ScheduledClosed
from requests_app.records import DeadLetter, Look, Matching  # noqa: F401  # Django finds models here
from requests_app.states import (
    OFFER_GRAPH,
    OPEN,
    REQUEST_GRAPH,
    SCHEDULED_GRAPH,
    OfferStatus,
    RequestStatus,
    ScheduledStatus,
)

NOTE_MAX_CHARS = 500
ONE_OPEN = "request_one_open_per_user"  # the constraint
PLACE_NAME_MAX_CHARS = 40
REQUEST_TYPE_SLUG_MAX_CHARS = 32
COARSE_HELP = "Whether its place has been rounded and its words deleted, long after it was over."
ON_THE_GLOBE = Q(lat__range=(-90, 90), lng__range=(-180, 180))


def any_partner_type() -> list[str]:
    """The default of `RequestType.partner_types`."""
    return []


class RequestType(models.Model):
    """A kind of cheer that users may ask for."""

    slug = models.SlugField(primary_key=True, max_length=REQUEST_TYPE_SLUG_MAX_CHARS)
    name = Line(max_length=60)
    description = models.CharField(max_length=200, blank=True)
    icon = models.CharField(max_length=8, help_text="One emoji.")
    partner_types = models.JSONField(
        default=any_partner_type,
        blank=True,
        help_text=f"Which partner types can serve it, of {', '.join(PartnerType.values)}; empty means any.",
    )
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="Order on the request screen.")

    class Meta:
        ordering = ("position", "slug")

    def __str__(self) -> str:
        return self.name


class CheerRequestTransition(Transition):
    subject = models.ForeignKey("requests_app.CheerRequest", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class CheerRequest(Stateful):
    """A user's request for a cheer here and now."""

    graph = REQUEST_GRAPH
    history = CheerRequestTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cheer_requests", db_index=False
    )
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="cheer_requests", db_index=False)
    terms = models.ForeignKey(
        Terms,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The prices when it was made; empty: made by an older release, and under the region's.",
    )
    request_type = models.ForeignKey(RequestType, on_delete=models.PROTECT, related_name="+", db_index=False)
    lat = models.FloatField()
    lng = models.FloatField()
    note = Note(max_length=NOTE_MAX_CHARS, blank=True)
    status = models.CharField(max_length=10, choices=RequestStatus.choices, default=RequestStatus.PENDING)
    closed_code = models.CharField(
        max_length=24, choices=RequestClosed.choices, blank=True, help_text="Why it was cancelled or not matched."
    )
    closed_note = models.CharField(max_length=200, blank=True, help_text="The words of a person.")
    created_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0, help_text="How often matching has looked for a partner.")
    wave = models.PositiveSmallIntegerField(default=0, help_text="Index into MATCH_RADIUS_M.")
    next_attempt_at = models.DateTimeField(null=True, blank=True, help_text="When matching looks again, while pending.")
    give_up_at = models.DateTimeField(help_text="When it is dead-lettered, if still pending.")
    reach_m = models.PositiveIntegerField(null=True, blank=True, help_text="A wider last radius, chosen by staff.")
    patience_s = models.PositiveIntegerField(null=True, blank=True, help_text="A patience chosen by staff.")
    coarse = models.BooleanField(default=False, db_default=False, help_text=COARSE_HELP)

    class Meta:
        indexes = (
            models.Index(fields=["user", "-created_at"], name="request_user"),
            models.Index(fields=["region", "-created_at"], name="request_region"),
            models.Index(
                fields=["region", "next_attempt_at"], condition=Q(status=RequestStatus.PENDING), name="request_waiting"
            ),
            models.Index(fields=["status", "-created_at"], name="request_status"),
            models.Index(fields=["created_at"], condition=Q(coarse=False), name="request_exact"),
        )
        constraints = (
            models.UniqueConstraint(fields=["user"], condition=Q(status__in=OPEN), name=ONE_OPEN),
            models.CheckConstraint(condition=Q(status__in=RequestStatus.values), name="request_status_known"),
            models.CheckConstraint(condition=ON_THE_GLOBE, name="request_location_on_the_globe"),
            models.CheckConstraint(
                condition=~Q(status=RequestStatus.PENDING) | Q(next_attempt_at__isnull=False),
                name="request_pending_has_next_attempt",
            ),
            *closed_is_known(RequestClosed, "request"),
        )

    def __str__(self) -> str:
        return f"Request {self.id}"


class OfferTransition(Transition):
    subject = models.ForeignKey("requests_app.Offer", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Offer(Stateful):
    """One request offered to one partner, until `expires_at`."""

    graph = OFFER_GRAPH
    history = OfferTransition
    cold: ClassVar = frozenset({"decision"})

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(CheerRequest, on_delete=models.PROTECT, related_name="offers", db_index=False)
    partner = models.ForeignKey("accounts.Partner", on_delete=models.PROTECT, related_name="offers", db_index=False)
    status = models.CharField(max_length=10, choices=OfferStatus.choices, default=OfferStatus.PENDING)
    wave = models.PositiveSmallIntegerField(default=0)
    distance_m = models.PositiveIntegerField()
    eta_s = models.PositiveIntegerField()
    approximate_m = models.PositiveIntegerField(
        null=True, blank=True, help_text="The distance to the rough place that it shows; empty: it shows the exact one."
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_code = models.CharField(
        max_length=24, choices=OfferClosed.choices, blank=True, help_text="Why it was declined or rescinded."
    )
    closed_note = models.CharField(max_length=200, blank=True, help_text="The words of a person.")
    rank = models.PositiveSmallIntegerField(null=True, editable=False, help_text="1: its partner was the nearest.")
    among = models.PositiveSmallIntegerField(null=True, editable=False, help_text="Of how many who could be chosen.")
    decision = StoredJSONField(null=True, editable=False, help_text="Why this partner: matching/decisions.py.")
    objects = ColdManager()

    class Meta:
        indexes = (
            models.Index(fields=["request", "-created_at"], name="offer_request"),
            models.Index(fields=["partner", "-created_at"], name="offer_partner"),
            models.Index(fields=["expires_at"], condition=Q(status=OfferStatus.PENDING), name="offer_pending_expiry"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["request"], condition=Q(status=OfferStatus.PENDING), name="offer_one_open_per_request"
            ),
            models.UniqueConstraint(
                fields=["partner"], condition=Q(status=OfferStatus.PENDING), name="offer_one_open_per_partner"
            ),
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="offer_status_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="offer_expires_after_creation"),
            models.CheckConstraint(condition=Q(rank__gte=1, among__gte=F("rank")), name="offer_rank_is_among"),
            *closed_is_known(OfferClosed, "offer"),
        )

    def __str__(self) -> str:
        return f"Offer {self.id}"


class ScheduledRequestTransition(Transition):
    subject = models.ForeignKey("requests_app.ScheduledRequest", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class ScheduledRequest(Stateful):
    """A cheer planned for later. When it is due, the sweep creates a request from it."""

    graph = SCHEDULED_GRAPH
    history = ScheduledRequestTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="scheduled_requests", db_index=False
    )
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    terms = models.ForeignKey(
        Terms,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The prices when it was planned; empty: planned under an older release.",
    )
    request_type = models.ForeignKey(RequestType, on_delete=models.PROTECT, related_name="+")
    lat = models.FloatField()
    lng = models.FloatField()
    note = Note(max_length=NOTE_MAX_CHARS, blank=True)
    status = models.CharField(max_length=10, choices=ScheduledStatus.choices, default=ScheduledStatus.WAITING)
    closed_code = models.CharField(
        max_length=24, choices=ScheduledClosed.choices, blank=True, help_text="Why it was cancelled or not requested."
    )
    closed_note = models.CharField(max_length=200, blank=True, help_text="The words of a person.")
    created_at = models.DateTimeField()
    scheduled_for = models.DateTimeField(help_text="When the partner should be there.")
    due_at = models.DateTimeField(help_text="When we begin to look for one.")
    request = models.OneToOneField(
        CheerRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="scheduled", help_text="Made of it."
    )
    coarse = models.BooleanField(default=False, db_default=False, help_text=COARSE_HELP)

    class Meta:
        indexes = (
            models.Index(fields=["user", "-created_at"], name="scheduled_user"),
            models.Index(fields=["due_at"], condition=Q(status=ScheduledStatus.WAITING), name="scheduled_due"),
            models.Index(fields=["scheduled_for"], condition=Q(coarse=False), name="scheduled_exact"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["user", "scheduled_for"],
                condition=Q(status=ScheduledStatus.WAITING),
                name="scheduled_one_per_user_and_time",
            ),
            models.CheckConstraint(condition=Q(status__in=ScheduledStatus.values), name="scheduled_status_known"),
            models.CheckConstraint(condition=ON_THE_GLOBE, name="scheduled_location_on_the_globe"),
            models.CheckConstraint(condition=Q(due_at__lte=F("scheduled_for")), name="scheduled_due_before_its_time"),
            models.CheckConstraint(
                condition=Q(status=ScheduledStatus.REQUESTED, request__isnull=False)
                | (~Q(status=ScheduledStatus.REQUESTED) & Q(request__isnull=True)),
                name="scheduled_requested_has_request",
            ),
            *closed_is_known(ScheduledClosed, "scheduled"),
        )

    def __str__(self) -> str:
        return f"Scheduled request {self.id}"


class SavedPlace(models.Model):
    """A place that a user has saved under a name."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_places")
    name = Line(max_length=PLACE_NAME_MAX_CHARS)
    lat = models.FloatField()
    lng = models.FloatField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint("user", Lower("name"), name="place_one_per_user_and_name"),
            models.CheckConstraint(condition=ON_THE_GLOBE, name="place_on_the_globe"),
        )

    def __str__(self) -> str:
        return f"Place {self.id}"


class ShareLink(models.Model):
    """A link that shows one request to anyone who has it, until it expires. The token itself is not stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(CheerRequest, on_delete=models.CASCADE, related_name="share_links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, in hex.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="share_expires_after_creation"),
        )

    def __str__(self) -> str:
        return f"Share link {self.id}"
