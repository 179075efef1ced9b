"""Comparisons with the provider in the admin: what has moved, what reached our bank, and where both sides differ."""

from datetime import datetime

from django.contrib import admin
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.enums import ActionVariant

from accounts.models import User
from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import amount, badge, identity, moment, related, shown
from backoffice.growing import Growing
from backoffice.regional import InNoRegion
from backoffice.steps import Step
from payments.books import differences
from payments.difference_states import DifferenceStatus
from payments.models import BankPayout, Difference, DifferenceTransition, Movement, Reconciliation


def _close(row: Difference, actor: User, reason: str, now: datetime) -> None:
    differences.close(row, actor=actor, reason=reason, now=now)


CLOSE = Step(
    "close",
    "Close",
    _close,
    "Somebody has dealt with it, as the reason says. It is opened again only if it becomes another difference.",
    fits=lambda row: row.status == DifferenceStatus.OPEN,
    icon="task_alt",
    variant=ActionVariant.SUCCESS,
    asks_reason=True,
)


class DifferenceHistoryInline(HistoryInline):
    model = DifferenceTransition


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    """Differences of our books and the provider's; the open ones wait for staff, or for their cause to go."""

    reach = InNoRegion("The books are those of all regions together.")
    steps = (CLOSE,)
    inlines = (DifferenceHistoryInline,)
    linked = identity()
    found = moment("found_at", "Found")
    status_badge = badge("status", "Status", {DifferenceStatus.OPEN: "danger", DifferenceStatus.CLOSED: "success"})
    list_display = ("found", "status_badge", "subject", "about", "text", "linked")
    list_filter = (("status", ChoicesDropdownFilter), ("subject", ChoicesDropdownFilter))
    search_fields = ("about__exact", "reference__exact")
    search_ids = ("pk",)
    ordering = ("-found_at",)
    fields = (("status_badge", "found"), "subject", ("about", "reference"), "text")
    readonly_fields = ("status_badge", "found")


@admin.register(Movement)
class MovementAdmin(Growing, ReadOnlyAdmin):
    """The movements of our balance with the provider, each with its fee and the entry that stands for it."""

    reach = InNoRegion("The books are those of all regions together.")
    money = amount("amount", "Amount")
    provider_fee = amount("fee", "Fee")
    moved = moment("moved_at", "Moved")
    read = moment("read_at", "Read")
    payment_link = related("payment", "Payment")
    payout_link = related("payout", "Payout to our bank")
    list_display = ("read", "moved", "category", "money", "provider_fee", "source", "payment_link", "payout_link")
    list_select_related = ("payment", "payout")
    came_at = "read_at"
    search_fields = ("reference__exact",)
    search_ids = ("pk", "payment_id", "payout_id")
    fields = (
        ("reference", "category"),
        ("money", "provider_fee"),
        ("moved", "read"),
        ("source", "payment_link", "payout_link"),
        ("booked_as", "booked_under"),
    )
    readonly_fields = ("money", "provider_fee", "moved", "read", "payment_link", "payout_link")


class MovementInline(ReadOnlyInline):
    """The movements that a payout to our bank consists of."""

    model = Movement
    money = amount("amount", "Amount")
    provider_fee = amount("fee", "Fee")
    moved = moment("moved_at", "Moved")
    payment_link = related("payment", "Payment")
    fields = ("moved", "category", "money", "provider_fee", "source", "payment_link")
    selected = ("payment",)


@admin.register(BankPayout)
class BankPayoutAdmin(ReadOnlyAdmin):
    """The provider's payments to our bank, and whether their movements add up to them."""

    reach = InNoRegion("The books are those of all regions together.")
    inlines = (MovementInline,)
    money = amount("amount", "Amount")
    created = moment("created_at", "Created")
    matched = moment("matched_at", "Matched")
    list_display = ("created", "arrives_on", "money", "status", "automatic", "lines", "matched", "reference")
    list_filter = (("automatic", BooleanRadioFilter),)
    search_fields = ("reference__exact",)
    search_ids = ("pk",)
    ordering = ("-created_at",)
    fields = (("reference", "money", "status"), ("created", "arrives_on"), ("automatic", "lines", "matched"))
    readonly_fields = ("money", "created", "matched")


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """Comparisons of our books with the provider's."""

    reach = InNoRegion("The books are those of all regions together.")
    started = moment("started_at", "Started")
    finished = moment("finished_at", "Finished")
    until = moment("mark", "Read until")

    @shown("Repaired")
    def repairs(self, row: Reconciliation) -> int:
        return len(row.repaired)

    @shown("Different")
    def different(self, row: Reconciliation) -> int:
        return len(row.differences)

    list_display = ("started", "finished", "until", "looked_at", "repairs", "different")
    search_ids = ()
    ordering = ("-started_at",)
    fields = ("started", "finished", "until", "looked_at", "repaired", "differences")
    readonly_fields = ("started", "finished", "until")


admin.site.register(DifferenceTransition, HistoryAdmin)
