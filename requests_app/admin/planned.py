"""Planned cheers, saved places and share links in the admin."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin
from backoffice.columns import badge, identity, moment, place, related
from backoffice.growing import Growing
from backoffice.regional import InRegion, OfPeople
from requests_app.models import SavedPlace, ScheduledRequest, ScheduledRequestTransition, ShareLink
from requests_app.states import ScheduledStatus

SCHEDULED_COLOURS = {
    ScheduledStatus.WAITING: "info",
    ScheduledStatus.REQUESTED: "success",
    ScheduledStatus.FAILED: "danger",
}


class ScheduledHistoryInline(HistoryInline):
    model = ScheduledRequestTransition


@admin.register(ScheduledRequest)
class ScheduledRequestAdmin(Growing, ReadOnlyAdmin):
    """Planned cheers and their outcome."""

    reach = InRegion("region")
    inlines = (ScheduledHistoryInline,)

    status_badge = badge("status", "Status", SCHEDULED_COLOURS)
    wanted = moment("scheduled_for", "Wanted for")
    due = moment("due_at", "Looked for from")
    created = moment("created_at", "Planned")
    where = place()
    user_link = related("user", "User", named=True)
    request_link = related("request", "Request")

    list_display = ("wanted", "status_badge", "user_link", "request_link", "closed_code")
    list_filter = (("status", ChoicesDropdownFilter), ("closed_code", ChoicesDropdownFilter))
    list_select_related = ("user",)
    came_at = "created_at"
    search_fields = ("user", "note", "closed_note")
    search_ids = ("pk", "user_id", "request_id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("status_badge", "closed_code", "closed_note"),
                    ("user_link", "request_link"),
                    "note",
                    "where",
                )
            },
        ),
        ("Times", {"fields": (("wanted", "due"), "created")}),
    )
    readonly_fields = ("status_badge", "user_link", "request_link", "where", "wanted", "due", "created")


@admin.register(SavedPlace)
class SavedPlaceAdmin(Growing, ReadOnlyAdmin):
    """Places that users have saved under a name."""

    reach = OfPeople("user")
    saved = moment("created_at", "Saved")
    user_link = related("user", "User", named=True)
    where = place()

    list_display = ("saved", "name", "user_link")
    list_select_related = ("user",)
    came_at = "created_at"
    search_fields = ("name", "user")
    search_ids = ("pk", "user_id")
    fields = ("name", "user_link", "where", "saved")
    readonly_fields = ("user_link", "where", "saved")


@admin.register(ShareLink)
class ShareLinkAdmin(Growing, ReadOnlyAdmin):
    """The shared cheers, and when their links expire. The links themselves cannot be recovered."""

    reach = InRegion("request__region")
    linked = identity()
    shared = moment("created_at", "Shared")
    expires = moment("expires_at", "Expires")
    request_link = related("request", "Request")

    list_display = ("shared", "expires", "request_link")
    search_fields = ("request__user",)
    search_ids = ("pk", "request_id")
    came_at = "created_at"
    fields = ("linked", "request_link", ("shared", "expires"))
    readonly_fields = ("linked", "request_link", "shared", "expires")


admin.site.register([ScheduledRequestTransition], HistoryAdmin)
