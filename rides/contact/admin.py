"""Reported messages in the admin. Staff see what was written on a ride only if somebody has reported it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from backoffice.base import ReadOnlyAdmin
from backoffice.columns import moment, related, shown
from backoffice.regional import InRegion
from rides.models import Message


def _words(row: Message) -> str:
    return str(row.get_phrase_display()) if row.phrase else row.text


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages that one side of a ride has reported, each with what else was written there."""

    reach = InRegion("ride__request__region")
    reported = moment("reported_at", "Reported")
    sent = moment("sent_at", "Sent")
    ride_link = related("ride", "Ride")

    @shown("Message")
    def words(self, row: Message) -> str:
        return _words(row)

    @shown("Everything written on this ride")
    def conversation(self, row: Message) -> SafeString:
        lines = Message.objects.filter(ride=row.ride_id).order_by("number")
        told = ((each.sent_at.strftime("%H:%M:%S"), each.get_sender_display(), _words(each)) for each in lines)
        return format_html_join(mark_safe("<br>"), "{} {}: {}", told)

    list_display = ("reported", "sender", "words", "sent", "ride_link")
    list_select_related = ("ride",)
    ordering = ("-reported_at",)
    search_fields = ()
    search_ids = ("pk", "ride_id")
    fields = (("reported", "sent"), ("sender", "ride_link"), "words", "conversation")
    readonly_fields = ("reported", "sent", "ride_link", "words", "conversation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Return the reported messages."""
        rows: QuerySet[Message] = super().get_queryset(request)
        return rows.filter(reported_at__isnull=False)

    def people(self, row: Any) -> set[Any]:
        """Return the accounts of both sides of the ride."""
        return {row.ride.user_id, row.ride.partner.user_id}
