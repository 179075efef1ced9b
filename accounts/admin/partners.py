"""Partners in the admin. `requests_app.admin` registers them, since only that app can release a stuck partner."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.enums import ActionVariant

from accounts.applications import decide_application
from accounts.models import ApplicationTransition, Partner, PartnerTransition, User
from accounts.states import APPLICATION_GRAPH, Application, PartnerStatus
from backoffice.base import HistoryInline, NoAdding, StaffAdmin
from backoffice.columns import NOTHING, badge, list_link, moment, place, related, shown
from backoffice.regional import InRegion, ReachedFilter
from backoffice.steps import Step

STATUS_COLOURS = {
    PartnerStatus.AVAILABLE: "success",
    PartnerStatus.OFFERED: "warning",
    PartnerStatus.BUSY: "info",
}
APPLICATION_COLOURS = {
    Application.APPLIED: "warning",
    Application.APPROVED: "success",
    Application.REJECTED: "danger",
    Application.SUSPENDED: "danger",
}


def _decision(
    name: str, decision: str, explained: str, *, icon: str, variant: ActionVariant, sensitive: bool = False
) -> Step:
    def run(partner: Partner, actor: User, reason: str, now: datetime) -> None:
        decide_application(partner, decision, actor=actor, now=now, reason=reason)

    return Step(
        name,
        name.capitalize(),
        run,
        explained,
        fits=lambda partner: APPLICATION_GRAPH.allows(partner.application, decision),
        icon=icon,
        variant=variant,
        asks_reason=True,
        sensitive=sensitive,
    )


APPROVE = _decision(
    "approve",
    Application.APPROVED,
    "They may go online and are offered requests.",
    icon="check",
    variant=ActionVariant.SUCCESS,
)
REJECT = _decision(
    "reject", Application.REJECTED, "They may not go online.", icon="close", variant=ActionVariant.DANGER
)
SUSPEND = _decision(
    "suspend",
    Application.SUSPENDED,
    "They go offline and may not come back until approved again.",
    icon="block",
    variant=ActionVariant.DANGER,
    sensitive=True,
)


class PartnerHistoryInline(HistoryInline):
    model = PartnerTransition
    verbose_name_plural = "Presence"


class ApplicationHistoryInline(HistoryInline):
    model = ApplicationTransition
    verbose_name_plural = "Decisions"


class PartnerAdmin(NoAdding, StaffAdmin):
    """Partners, with their application and status. Name, type and phone can be corrected."""

    reach = InRegion("region")
    steps: ClassVar[Sequence[Step]] = (APPROVE, REJECT, SUSPEND)
    inlines = (ApplicationHistoryInline, PartnerHistoryInline)

    account = related("user", "Account", named=True)
    where = related("region", "Region", named=True)
    status_badge = badge("status", "Status", STATUS_COLOURS)
    application_badge = badge("application", "Application", APPLICATION_COLOURS)
    since = moment("status_since", "Since")
    applied = moment("created_at", "Applied")
    positioned = moment("position_at", "Position from")
    position = place("Last position stored")

    @shown("Rating")
    def rated(self, row: Partner) -> str:
        return f"{row.rating} ({row.rating_count})" if row.rating_count else NOTHING

    @shown("Lists")
    def own_lists(self, row: Partner) -> SafeString:
        lists = (("requests_app_offer", "Offers"), ("rides_ride", "Rides"))
        return format_html_join(" · ", "{}", ((list_link(name, text, q=row.pk),) for name, text in lists))

    list_display: Any = ("name", "account", "type", "application_badge", "status_badge", "since", "where", "rated")
    list_filter = (
        ("application", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        ("type", ChoicesDropdownFilter),
        ("region", ReachedFilter),
    )
    list_select_related = ("user", "region")
    search_fields = ("name", "phone", "user")
    search_ids = ("pk", "user_id")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": (("name", "phone"), "type", ("account", "own_lists"))}),
        ("Work", {"fields": (("application_badge", "applied"), ("status_badge", "since"), "rated")}),
        ("Place", {"fields": ("where", ("position", "positioned"))}),
    )
    readonly_fields = (
        "account",
        "own_lists",
        "application_badge",
        "applied",
        "status_badge",
        "since",
        "rated",
        "where",
        "position",
        "positioned",
    )
