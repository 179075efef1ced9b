"""The histories of partners, and the log of staff's changes in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from accounts.models import ApplicationTransition, PartnerTransition
from backoffice.base import HistoryAdmin, ReadOnlyAdmin
from backoffice.columns import badge, link, moment, related, shown
from backoffice.growing import Growing
from backoffice.regional import InNoRegion

admin.site.register([PartnerTransition, ApplicationTransition], HistoryAdmin)


@admin.register(LogEntry)
class LogEntryAdmin(Growing, ReadOnlyAdmin):
    """The log of staff's changes in the admin."""

    reach = InNoRegion("It names rows of every region.")
    when = moment("action_time", "When")
    who = related("user", "Who", named=True)
    kind = badge("action_flag", "Kind", {ADDITION: "success", CHANGE: "info", DELETION: "danger"})

    def people(self, row: LogEntry) -> set[Any]:
        return set()  # it is about what was changed, and by its user

    @shown("What")
    def what(self, row: LogEntry) -> str | SafeString:
        return link(row.get_admin_url(), row.object_repr)

    @shown("Change")
    def change(self, row: Any) -> str:
        return str(row.get_change_message())

    list_display = ("when", "who", "kind", "what", "change")
    list_filter = (("action_flag", ChoicesDropdownFilter),)
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "change_message", "user")
    search_ids = ("user_id",)
    came_at = "action_time"
    fields = list_display
    readonly_fields = list_display
