"""Rides in the admin."""

from datetime import datetime

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, ChoicesDropdownFilter

from accounts.models import User
from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import NOTHING, amount, amount_text, badge, change_url, identity, link, moment, related, shown
from backoffice.growing import Growing
from backoffice.regional import InRegion
from backoffice.steps import Step
from core import clock
from payments.admin.payments import PaymentInline
from payments.books.disputes import submit_evidence
from payments.models import Dispute
from payments.states import DISPUTES_TO_ANSWER, DisputeStatus
from rides.contact.admin import MessageAdmin
from rides.evidence import evidence_of
from rides.models import Ride, RideSign, RideTransition
from rides.states import RIDE_GRAPH, RideStatus

__all__ = ["MessageAdmin"]  # the admin finds it here

DISPUTE_COLOURS = {
    **dict.fromkeys(DISPUTES_TO_ANSWER, "warning"),
    DisputeStatus.WON: "success",
    DisputeStatus.LOST: "danger",
}
STATUS_COLOURS = {
    RideStatus.EN_ROUTE: "warning",
    RideStatus.IN_PROGRESS: "info",
    RideStatus.COMPLETED: "success",
}


class _Columns:
    linked = identity()
    status_badge = badge("status", "Status", STATUS_COLOURS)
    accepted = moment("accepted_at", "Accepted")
    arrived = moment("arrived_at", "Arrived")
    no_show_from = moment("no_show_at", "No-show from")
    user_here = moment("user_here_at", "User says they are there")
    disputed = moment("disputed_at", "User says nobody is there")
    parted = moment("parted_at", "Parted")
    started = moment("start_time", "Started")
    ended = moment("end_time", "Ended")
    cancelled = moment("cancelled_at", "Cancelled")
    request_link = related("request", "Request")
    user_link = related("user", "User", named=True)
    partner_link = related("partner", "Partner", named=True)

    @shown("Fare", ordering="fare_amount")
    def fare(self, row: Ride) -> str:
        """The frozen fare, or the running one "so far"."""
        text = amount_text(row.fare(clock.now()), row.tariff_currency)
        return f"{text} so far" if row.status == RideStatus.IN_PROGRESS else text

    @shown("Length")
    def length(self, row: Ride) -> str:
        return str(row.elapsed(clock.now())).split(".")[0] if row.start_time else NOTHING

    @shown("Tariff")
    def tariff(self, row: Ride) -> str:
        return f"{amount_text(row.tariff_amount, row.tariff_currency)} per {row.tariff_increment_s} s"

    @shown("Rating", ordering="rating")
    def stars(self, row: Ride) -> str:
        return "★" * row.rating if row.rating else NOTHING


class RideInline(_Columns, ReadOnlyInline):
    """A request's rides; at most one of them is not cancelled."""

    model = Ride
    fields = ("linked", "partner_link", "status_badge", "accepted", "started", "ended", "fare")
    selected = ("partner",)


class RideHistoryInline(HistoryInline):
    model = RideTransition


class RideSignInline(ReadOnlyInline):
    """Signs of where partner and user are, newest first."""

    model = RideSign
    when = moment("at", "When")
    fields = ("when", "sign")
    ordering = ("-id",)
    verbose_name_plural = "Arrival"


@admin.register(Ride)
class RideAdmin(Growing, _Columns, ReadOnlyAdmin):
    """Rides and their bills. Staff release a partner who is stuck on a ride on the partner's page."""

    reach = InRegion("request__region")
    inlines = (PaymentInline, RideSignInline, RideHistoryInline)

    @shown("Receipt")
    def receipt(self, row: Ride) -> str | SafeString:
        return link(reverse("receipt", args=[row.pk]), "Receipt") if row.status in RIDE_GRAPH.final else NOTHING

    list_display = (
        "accepted",
        "status_badge",
        "partner_link",
        "user_link",
        "length",
        "fare",
        "ended_by",
        "stars",
        "request_link",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("ended_by", ChoicesDropdownFilter),
        ("closed_code", ChoicesDropdownFilter),
    )
    list_select_related = ("user", "partner")
    came_at = "accepted_at"
    search_fields = ("user", "partner")
    search_ids = ("pk", "request_id", "user_id", "partner_id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("status_badge", "request_link"),
                    ("user_link", "partner_link"),
                    ("closed_code", "closed_note"),
                )
            },
        ),
        (
            "Arrival",
            {"fields": (("arrived", "no_show_from"), ("user_here", "disputed"), ("start_guard", "pin_failures"))},
        ),
        ("Session", {"fields": (("accepted", "cancelled"), ("started", "ended"), ("ended_by", "length"), "parted")}),
        ("Bill", {"fields": (("tariff", "fare"), "receipt")}),
        ("Rating", {"fields": ("stars", "rating_comment")}),
    )
    readonly_fields = (
        "status_badge",
        "request_link",
        "user_link",
        "partner_link",
        "accepted",
        "arrived",
        "no_show_from",
        "user_here",
        "disputed",
        "parted",
        "started",
        "ended",
        "cancelled",
        "length",
        "tariff",
        "fare",
        "receipt",
        "stars",
    )


def _evidence_lines(row: Dispute) -> list[str]:
    return [f"{name}: {value}" for name, value in evidence_of(row.attempt.payment)]


def _submit(row: Dispute, actor: User, reason: str, now: datetime) -> str:
    submit_evidence(row, "\n".join([*([reason] if reason else []), *_evidence_lines(row)]), actor=actor, now=now)
    return "The evidence is submitted; the status changes in a moment."


SUBMIT = Step(
    "submit_evidence",
    "Submit evidence",
    _submit,
    "What we know of the session, and what you write, goes to the card's bank. The bank takes it once.",
    fits=lambda row: row.status in DISPUTES_TO_ANSWER,
    icon="gavel",
    asks_reason=True,
    sensitive=True,
)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Disputes, with the evidence of the session that staff submit to the bank in time."""

    reach = InRegion("attempt__payment__ride__request__region")
    steps = (SUBMIT,)

    opened = moment("opened_at", "Opened")
    closed = moment("closed_at", "Closed")
    due = moment("evidence_due_by", "Evidence due by")
    submitted = moment("submitted_at", "Evidence submitted")
    money = amount("amount", "Amount")
    withheld = amount("withdrawn", "Withdrawn")
    provider_fee = amount("fee", "Fee")
    status_badge = badge("status", "Status", DISPUTE_COLOURS)

    @shown("Evidence")
    def known(self, row: Dispute) -> SafeString:
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in _evidence_lines(row)))

    @shown("Payment")
    def payment(self, row: Dispute) -> str | SafeString:
        return link(change_url(type(row.attempt.payment), row.attempt.payment_id), str(row.attempt.payment))

    list_display = ("opened", "money", "reason", "status_badge", "due", "submitted", "withheld", "closed")
    list_filter = (("status", AllValuesCheckboxFilter),)
    search_fields = ("id__exact",)
    search_ids = ("attempt__payment_id",)
    ordering = ("-opened_at",)
    fieldsets = (
        (None, {"fields": ("id", ("money", "reason", "status_badge"), ("opened", "closed"), "payment")}),
        ("Money", {"fields": (("withheld", "provider_fee"),)}),
        ("What we know", {"fields": (("due", "submitted", "failure"), "known")}),
    )
    readonly_fields = (
        "id",
        "money",
        "reason",
        "status_badge",
        "opened",
        "closed",
        "payment",
        "withheld",
        "provider_fee",
        "due",
        "submitted",
        "failure",
        "known",
    )


@admin.register(RideSign)
class RideSignAdmin(Growing, ReadOnlyAdmin):
    """Signs of where partners and users are, noticed or said; each ride shows its own."""

    reach = InRegion("ride__request__region")
    when = moment("at", "Noticed")
    ride_link = related("ride", "Ride")

    list_display = ("when", "sign", "ride_link")
    list_filter = (("sign", ChoicesDropdownFilter),)
    came_at = "at"
    list_select_related = ("ride",)
    search_ids = ("ride_id",)
    fields = ("sign", "ride_link", "when")
    readonly_fields = ("ride_link", "when")


admin.site.register(RideTransition, HistoryAdmin)
