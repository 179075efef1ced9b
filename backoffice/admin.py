"""The record of what staff have done."""

from django.apps import apps
from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from backoffice.base import ReadOnlyAdmin
from backoffice.columns import change_url, link, moment, related, short_id, shown
from backoffice.growing import Growing
from backoffice.models import StaffAction
from backoffice.regional import InNoRegion


@admin.register(StaffAction)
class StaffActionAdmin(Growing, ReadOnlyAdmin):
    """Staff actions, newest first. Nobody can change them, and `manage.py audit` finds out if somebody has."""

    reach = InNoRegion("The chain names rows of every region.")
    when = moment("at", "When")
    who = related("actor", "Who", named=True)

    @shown("On what")
    def what(self, row: StaffAction) -> str | SafeString:
        try:
            model = apps.get_model(row.kind)
        except LookupError:  # of an app that is gone
            return f"{row.kind} {row.subject}"
        return link(change_url(model, row.subject), f"{model._meta.verbose_name} {short_id(row.subject)}")

    list_display = ("number", "when", "who", "action", "what", "detail", "reason", "channel")
    list_filter = (("channel", ChoicesDropdownFilter),)
    list_select_related = ("actor",)
    came_at = "at"
    search_fields = ("action", "reason", "actor")
    search_ids = ("actor_id", "subject")
    fields = (
        ("number", "when"),
        ("who", "channel"),
        ("action", "what"),
        ("detail", "reason"),
        ("address", "call"),
        ("previous", "digest"),
    )
    readonly_fields = ("number", "when", "who", "what")
