"""Requests and offers in the admin."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import badge, identity, moment, moment_text, place, related, shown
from backoffice.growing import Growing
from backoffice.regional import InRegion, ReachedFilter
from backoffice.story import Line, WithStory
from requests_app.admin.dead_letters import CANCEL, STEPS, CareFilter, LetterColumns, is_dead, lists_dead_letters
from requests_app.admin.matching import LookInline, Why
from requests_app.admin.story import story_of
from requests_app.models import CheerRequest, CheerRequestTransition, Offer, OfferTransition
from requests_app.states import OfferStatus, RequestStatus
from rides.admin import RideInline

REQUEST_COLOURS = {
    RequestStatus.PENDING: "warning",
    RequestStatus.OFFERED: "warning",
    RequestStatus.ACCEPTED: "info",
    RequestStatus.COMPLETED: "success",
    RequestStatus.NO_MATCH: "danger",
}
OFFER_COLOURS = {
    OfferStatus.PENDING: "warning",
    OfferStatus.ACCEPTED: "success",
    OfferStatus.DECLINED: "danger",
}


LETTERS_DISPLAY = (
    "created",
    "age",
    "owner",
    "region_link",
    "type_link",
    "user_link",
    "closed_code",
    "staff_note",
)
CARE = ("Dead letter", {"fields": (("age", "owner"), "staff_note")})


class _OfferColumns:
    linked = identity()
    status_badge = badge("status", "Status", OFFER_COLOURS)
    request_link = related("request", "Request")
    partner_link = related("partner", "Partner", named=True)
    made = moment("created_at", "Made")
    expires = moment("expires_at", "Expires")
    answered = moment("answered_at", "Answered")

    @shown("Distance", ordering="distance_m")
    def distance(self, row: Offer) -> str:
        return f"{row.distance_m / 1000:.1f} km, {row.eta_s // 60 + 1} min"


class OfferInline(_OfferColumns, ReadOnlyInline):
    """The offers of a request."""

    model = Offer
    fields = (
        "linked",
        "partner_link",
        "status_badge",
        "distance",
        "made",
        "expires",
        "answered",
        "closed_code",
        "closed_note",
    )
    ordering = ("-created_at",)
    selected = ("partner",)


class RequestHistoryInline(HistoryInline):
    model = CheerRequestTransition


class OfferHistoryInline(HistoryInline):
    model = OfferTransition


@admin.register(CheerRequest)
class CheerRequestAdmin(WithStory, Growing, LetterColumns, ReadOnlyAdmin):
    """Requests, including the dead letters (status "No partner found")."""

    reach = InRegion("region")
    steps = (*STEPS, CANCEL)
    inlines = (OfferInline, LookInline, RideInline, RequestHistoryInline)

    def people(self, row: CheerRequest) -> set[Any]:
        return super().people(row) | set(row.rides.values_list("partner__user_id", flat=True))

    status_badge = badge("status", "Status", REQUEST_COLOURS)
    created = moment("created_at", "Created")
    where = place()
    user_link = related("user", "User", named=True)
    region_link = related("region", "Region", named=True)
    type_link = related("request_type", "Type", named=True)

    @shown("Next attempt")
    def next_attempt(self, row: CheerRequest) -> str:
        return moment_text(row.next_attempt_at if row.status == RequestStatus.PENDING else None)

    @shown("Gives up")
    def gives_up(self, row: CheerRequest) -> str:
        return moment_text(row.give_up_at if row.status == RequestStatus.PENDING else None)

    list_display = (
        "created",
        "status_badge",
        "type_link",
        "region_link",
        "user_link",
        "attempts",
        "closed_code",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("closed_code", ChoicesDropdownFilter),
        ("region", ReachedFilter),
        ("request_type", ReachedFilter),
        CareFilter,
    )
    list_select_related = ("user", "region", "request_type", "dead_letter__owner")
    came_at = "created_at"
    carried: ClassVar[Mapping[str, str]] = {"status": "created_at"}
    search_fields = ("user", "note", "closed_note")
    search_ids = ("pk", "user_id", "rides__pk", "offers__pk")
    fieldsets = (
        (None, {"fields": (("status_badge", "closed_code"), "closed_note", ("user_link", "type_link"), "note")}),
        ("Place", {"fields": (("region_link", "where"),)}),
        (
            "Matching",
            {"fields": (("attempts", "wave"), "created", ("next_attempt", "gives_up"), ("widest", "patience"))},
        ),
    )
    readonly_fields = (
        "age",
        "owner",
        "staff_note",
        "widest",
        "patience",
        "status_badge",
        "user_link",
        "type_link",
        "region_link",
        "where",
        "created",
        "next_attempt",
        "gives_up",
    )

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Show dead letters with what staff go by."""
        return LETTERS_DISPLAY if lists_dead_letters(request) else self.list_display

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """List dead letters with the oldest first."""
        return ("pk",) if lists_dead_letters(request) else self.ordering

    def get_fieldsets(self, request: HttpRequest, obj: CheerRequest | None = None) -> Any:
        """Begin with the care of a dead letter."""
        fieldsets = super().get_fieldsets(request, obj)
        return [CARE, *fieldsets] if obj is not None and is_dead(obj) else fieldsets

    def story(self, row: CheerRequest, viewer: Any) -> Iterable[Line]:
        """Return what happened to the request."""
        return story_of(row, viewer)


@admin.register(Offer)
class OfferAdmin(Growing, Why, _OfferColumns, ReadOnlyAdmin):
    """Offers of requests to partners."""

    reach = InRegion("request__region")
    inlines = (OfferHistoryInline,)

    list_display = ("made", "status_badge", "closed_code", "partner_link", "request_link", "distance", "answered")
    list_filter = (("status", ChoicesDropdownFilter), ("closed_code", ChoicesDropdownFilter))
    list_select_related = ("partner",)
    came_at = "created_at"
    search_fields = ("partner", "closed_note")
    search_ids = ("pk", "request_id", "partner_id")
    fieldsets = (
        (None, {"fields": (("status_badge", "closed_code"), "closed_note", ("request_link", "partner_link"))}),
        ("Search", {"fields": (("distance", "wave"), "why")}),
        ("Times", {"fields": (("made", "expires"), "answered")}),
    )
    readonly_fields = ("status_badge", "request_link", "partner_link", "distance", "why", "made", "expires", "answered")


admin.site.register([CheerRequestTransition, OfferTransition], HistoryAdmin)
