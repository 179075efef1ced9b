"""Held payouts in the admin: finance releases or refuses them, with the flags about them in view."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin
from backoffice.columns import NOTHING, amount_text, badge, change_url, identity, link, moment, related, shown
from backoffice.regional import InRegion
from backoffice.steps import Step
from payments.books import payout_holds
from payments.models import PayoutHold, PayoutHoldTransition
from payments.states import PAYOUT_HOLD_GRAPH, PayoutHoldStatus
from risk.models import Flag

COLOURS = {PayoutHoldStatus.HELD: "warning", PayoutHoldStatus.RELEASED: "success", PayoutHoldStatus.REFUSED: "danger"}
FLAGS_SHOWN = 20


def _release(row: PayoutHold, actor: Any, reason: str, now: Any) -> None:
    payout_holds.release(row, actor=actor, now=now, reason=reason)


def _refuse(row: PayoutHold, actor: Any, reason: str, now: Any) -> None:
    payout_holds.refuse(row, actor=actor, now=now, reason=reason)


def flag_links(flags: QuerySet[Flag]) -> SafeString | str:
    """Return links to flags, newest first, each with its figures."""
    found = flags.order_by("-last_at")[:FLAGS_SHOWN]
    lines = ((link(change_url(Flag, flag.pk), f"{flag.get_kind_display()} ({flag.status})"),) for flag in found)
    return format_html_join(", ", "{}", lines) or NOTHING


class PayoutHoldHistoryInline(HistoryInline):
    model = PayoutHoldTransition


@admin.register(PayoutHold)
class PayoutHoldAdmin(ReadOnlyAdmin):
    """Shares of partners that are owed, but wait for a moment or a review before they are transferred."""

    reach = InRegion("payment__ride__request__region")
    act_right = "payments.release_payout"
    steps = (
        Step(
            "release",
            "Release",
            _release,
            "The payout is made now, whatever holds it.",
            fits=lambda row: PAYOUT_HOLD_GRAPH.allows(row.status, PayoutHoldStatus.RELEASED),
            icon="send_money",
            asks_reason=True,
            sensitive=True,
        ),
        Step(
            "refuse",
            "Refuse",
            _refuse,
            "The payout is not made. The ledger still says that it is owed; refund the user to settle it.",
            fits=lambda row: PAYOUT_HOLD_GRAPH.allows(row.status, PayoutHoldStatus.REFUSED),
            icon="block",
            asks_reason=True,
            sensitive=True,
        ),
    )
    inlines = (PayoutHoldHistoryInline,)

    linked = identity()
    created = moment("created_at", "Since")
    due = moment("due_at", "Until")
    status_badge = badge("status", "Status", COLOURS)
    partner_link = related("partner", "Partner", named=True)
    payment_link = related("payment", "Payment")

    @shown("Share")
    def money(self, row: PayoutHold) -> str:
        return amount_text(row.payment.partner_share, row.payment.currency)

    @shown("Because of")
    def why(self, row: PayoutHold) -> str:
        return ", ".join(row.reasons)

    @shown("Flags")
    def flags(self, row: PayoutHold) -> SafeString | str:
        about = Q(payment=row.payment_id) | Q(ride=row.payment.ride_id)
        people = Q(account__in=[row.payment.user_id, row.partner.user_id])
        return flag_links(Flag.objects.filter(about | people))

    list_display = ("created", "status_badge", "partner_link", "money", "why", "due", "payment_link", "linked")
    list_filter = (("status", ChoicesDropdownFilter),)
    list_select_related = ("partner", "payment")
    search_ids = ("pk", "payment_id", "partner_id", "payment__ride_id")
    ordering = ("-created_at",)
    fields = (("partner_link", "payment_link"), ("money", "status_badge"), ("why", "due"), "created", "flags")
    readonly_fields = ("partner_link", "payment_link", "money", "status_badge", "why", "due", "created", "flags")


admin.site.register(PayoutHoldTransition, HistoryAdmin)
