"""Flags in the admin: finance and trust staff review them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin
from backoffice.columns import NOTHING, badge, identity, moment, pretty_json, related, shown
from backoffice.growing import Growing
from backoffice.regional import OfPeople
from backoffice.steps import Step
from risk.flags import clear, confirm
from risk.models import Flag, FlagTransition, Trace
from risk.states import DESCRIPTIONS, FLAG_GRAPH, FlagStatus

STATUS_COLOURS = {FlagStatus.OPEN: "warning", FlagStatus.CONFIRMED: "danger", FlagStatus.CLEARED: "success"}


def _clear(row: Flag, actor: Any, reason: str, now: Any) -> None:
    clear(row, actor=actor, now=now, note=reason)


def _confirm(row: Flag, actor: Any, reason: str, now: Any) -> None:
    confirm(row, actor=actor, now=now, note=reason)


class FlagHistoryInline(HistoryInline):
    model = FlagTransition


@admin.register(Flag)
class FlagAdmin(Growing, ReadOnlyAdmin):
    """The findings of the rules. A review is kept with its note; releasing a payout is a step of the payout."""

    reach = OfPeople("account")
    act_right = "risk.review_flag"
    steps = (
        Step(
            "clear",
            "Clear",
            _clear,
            "Nothing is wrong: the rule fired for an honest reason.",
            fits=lambda row: FLAG_GRAPH.allows(row.status, FlagStatus.CLEARED),
            icon="check",
            asks_reason=True,
        ),
        Step(
            "confirm",
            "Confirm",
            _confirm,
            "The rule was right: this was an attempt to cheat.",
            fits=lambda row: FLAG_GRAPH.allows(row.status, FlagStatus.CONFIRMED),
            icon="gpp_bad",
            asks_reason=True,
        ),
    )
    inlines = (FlagHistoryInline,)

    linked = identity()
    status_badge = badge("status", "Status", STATUS_COLOURS)
    first = moment("first_at", "First")
    last = moment("last_at", "Last")
    reviewed = moment("reviewed_at", "Reviewed")
    account_link = related("account", "Account", named=True)
    request_link = related("request", "Request")
    ride_link = related("ride", "Ride")
    payment_link = related("payment", "Payment")
    reviewer = related("reviewed_by", "Reviewed by", named=True)
    proof = pretty_json("evidence", "Evidence")

    @shown("Rule")
    def rule(self, row: Flag) -> str:
        return DESCRIPTIONS[row.kind]

    @shown("Found / limit")
    def figures(self, row: Flag) -> str:
        return (
            NOTHING if row.figure is None else f"{row.figure:g} / {NOTHING if row.limit is None else f'{row.limit:g}'}"
        )

    list_display = ("first", "last", "kind", "status_badge", "figures", "times", "account_link", "ride_link", "linked")
    list_filter = (("status", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("account", "reviewed_by")
    search_fields = ("subject",)
    search_ids = ("pk", "account_id", "request_id", "ride_id", "payment_id")
    came_at = "first_at"
    carried: ClassVar[Mapping[str, str]] = {"status": "last_at"}
    fields = (
        ("kind", "status_badge"),
        "rule",
        ("figures", "times"),
        ("first", "last"),
        ("account_link", "request_link"),
        ("ride_link", "payment_link"),
        "proof",
        ("reviewer", "reviewed"),
        "note",
    )
    readonly_fields = (
        "status_badge",
        "rule",
        "figures",
        "first",
        "last",
        "account_link",
        "request_link",
        "ride_link",
        "payment_link",
        "proof",
        "reviewer",
        "reviewed",
    )


admin.site.register(FlagTransition, HistoryAdmin)


@admin.register(Trace)
class TraceAdmin(Growing, ReadOnlyAdmin):
    """Which accounts use the same card, device, address or phone, as digests."""

    reach = OfPeople("account")
    account_link = related("account", "Account", named=True)
    first = moment("first_seen", "First seen")
    last = moment("last_seen", "Last seen")
    list_display = ("last", "kind", "account_link", "digest")
    list_filter = (("kind", ChoicesDropdownFilter),)
    list_select_related = ("account",)
    search_fields = ("digest__exact",)
    search_ids = ("account_id",)
    along = came_at = "last_seen"
    ordering = ("-last_seen",)
    fields = ("account_link", "kind", "digest", ("first", "last"))
    readonly_fields = ("account_link", "first", "last")
