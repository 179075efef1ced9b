"""Shadows in the admin: what they have found. Staff begin and end them on the page of their trial."""

from django.contrib import admin

from backoffice.base import ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import NOTHING, moment, related, shown
from backoffice.regional import InRegion
from insights.sandbox.models import Shadow, ShadowChoice


class ShadowChoiceInline(ReadOnlyInline):
    """The requests for which it would have chosen otherwise."""

    model = ShadowChoice
    verbose_name_plural = "Differences"
    when = moment("at", "When")
    request_link = related("request", "Request")

    @shown("Offered from")
    def really(self, row: ShadowChoice) -> str:
        return _metres(row.really_m)

    @shown("Would have been from")
    def instead(self, row: ShadowChoice) -> str:
        return _metres(row.instead_m)

    fields = ("when", "request_link", "really", "instead")


class Running(ReadOnlyAdmin):
    """A page of something that runs of a trial, or ran."""

    reach = InRegion("region")
    region_link = related("region", "Region", named=True)
    trial_link = related("trial", "Trial", named=True)
    author_link = related("author", "Who", named=True)
    ended = moment("ended_at", "Ended")
    list_select_related = ("region", "trial", "author")
    search_fields = ("reason", "region__name", "region__slug")
    search_ids = ("pk", "region_id", "trial_id", "author_id")


@admin.register(Shadow)
class ShadowAdmin(Running):
    """Rules that decide beside those in force and change nothing, newest first."""

    inlines = (ShadowChoiceInline,)
    begun = moment("begun_at", "Begun")

    @shown("Otherwise")
    def share(self, row: Shadow) -> str:
        return f"{row.differed} of {row.judged}" + (f" ({row.differed / row.judged:.1%})" if row.judged else "")

    @shown("Mean way, in force")
    def way_really(self, row: Shadow) -> str:
        return _metres(row.way_really_m / row.both if row.both else None)

    @shown("Mean way, instead")
    def way_instead(self, row: Shadow) -> str:
        return _metres(row.way_instead_m / row.both if row.both else None)

    list_display = ("begun", "region_link", "trial_link", "share", "ended", "author_link", "reason")
    ordering = ("-begun_at",)
    fields = (
        ("region_link", "trial_link"),
        ("begun", "ended"),
        ("author_link", "reason"),
        "share",
        ("way_really", "way_instead"),
    )
    readonly_fields = (
        "region_link",
        "trial_link",
        "begun",
        "ended",
        "author_link",
        "reason",
        "share",
        "way_really",
        "way_instead",
    )


def _metres(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f} m"
