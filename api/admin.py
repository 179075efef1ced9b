"""The admin of stored answers."""

from django.contrib import admin

from api.models import IdempotencyRecord
from backoffice.base import ReadOnlyAdmin
from backoffice.columns import moment, pretty_json
from backoffice.growing import Growing
from backoffice.regional import InNoRegion


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(Growing, ReadOnlyAdmin):
    """Answers stored for repeated calls."""

    reach = InNoRegion("An answer does not say of which region it tells.")
    created = moment("created_at", "Created")
    answer = pretty_json("body", "Answer")

    list_display = ("created", "scope", "key", "status")
    list_display_links = ("created",)
    search_fields = ("scope__exact", "key")
    search_ids = ()
    came_at = "created_at"
    fields = ("created", "scope", "key", "status", "answer")
    readonly_fields = fields
