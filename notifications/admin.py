"""The read-only admin of the event log and of web pushes."""

import re
from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from backoffice.base import ReadOnlyAdmin
from backoffice.columns import json_block, list_link, moment, shown
from backoffice.growing import Growing
from backoffice.regional import InNoRegion
from notifications.models import DeferredPush, Event, PushSubscription, Stream

WITHHELD = "(withheld)"
# Texts that are ours: ids, times and codes. Any other text may be a name, a note or a PIN.
OUR_TEXTS = re.compile(r".*(Id|At|Time|Until)|currency|endedBy|kind|region|requestType|status|type")


def without_words(told: Any, key: str = "") -> Any:
    """Return a payload without the texts that people wrote, and without places."""
    if isinstance(told, dict):
        return {name: without_words(value, name) for name, value in told.items()}
    if isinstance(told, list):
        return [without_words(value, key) for value in told]
    if isinstance(told, float) or key in ("lat", "lng"):
        return WITHHELD
    return WITHHELD if isinstance(told, str) and told and not OUR_TEXTS.fullmatch(key) else told


@admin.register(Stream)
class StreamAdmin(Growing, ReadOnlyAdmin):
    """The newest sequence number of each recipient, and the newest one acknowledged."""

    reach = InNoRegion("A recipient is no account's row.")

    @shown("Unread", ordering="last_seq")
    def unread(self, row: Stream) -> int:
        return row.last_seq - row.acked_seq

    @shown("Events")
    def events(self, row: Stream) -> str | SafeString:
        return list_link("notifications_event", "Events", q=row.recipient)

    list_display = ("recipient", "last_seq", "acked_seq", "unread", "events")
    search_fields = ("recipient__exact",)
    search_ids = ()
    ordering = ("recipient",)
    fields = list_display
    readonly_fields = fields


@admin.register(Event)
class EventAdmin(Growing, ReadOnlyAdmin):
    """The events of each recipient, without places, PINs, names and notes."""

    reach = InNoRegion("A payload does not say of which region it tells.")
    created = moment("created_at", "Written")

    @shown("Payload")
    def content(self, row: Event) -> SafeString:
        return json_block(without_words(row.payload))

    came_at = "created_at"
    list_display = ("created", "recipient", "seq", "type")
    search_fields = ("recipient__exact",)
    search_ids = ()
    fields = ("created", "recipient", "seq", "type", "content")
    readonly_fields: Any = fields


@admin.register(PushSubscription)
class PushSubscriptionAdmin(Growing, ReadOnlyAdmin):
    """The browsers subscribed to pushes. Their addresses and keys are never shown."""

    reach = InNoRegion("A recipient is no account's row.")
    created = moment("created_at", "Subscribed")

    list_display = ("created", "recipient")
    search_fields = ("recipient__exact",)
    search_ids = ()
    came_at = "created_at"
    fields = list_display
    readonly_fields = fields


@admin.register(DeferredPush)
class DeferredPushAdmin(ReadOnlyAdmin):
    """Pushes that wait for an acknowledgement by socket, or for a worker."""

    reach = InNoRegion("A recipient is no account's row.")
    due = moment("due_at", "Due")
    worthless = moment("until", "Worth nothing after")

    list_display = ("due", "recipient", "seq", "topic", "worthless")
    search_fields = ("recipient__exact",)
    search_ids = ()
    ordering = ("due_at",)
    fields = list_display
    readonly_fields = fields
