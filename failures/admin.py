"""Failed deliveries in the admin: staff try them again, or close them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.enums import ActionVariant

from accounts.models import User
from backoffice.base import ReadOnlyAdmin
from backoffice.columns import NOTHING, badge, change_url, identity, link, moment, related, shown
from backoffice.growing import Growing
from backoffice.regional import InRegion, ReachedFilter
from backoffice.steps import Step
from failures import services
from failures.jobs import JOBS
from failures.models import FailedDelivery
from failures.states import OPEN, FailureStatus

COLOURS = {
    FailureStatus.FAILING: "warning",
    FailureStatus.GIVEN_UP: "danger",
    FailureStatus.RECOVERED: "success",
}


def is_open(failure: FailedDelivery) -> bool:
    """Whether it is on the list."""
    return failure.status in OPEN


def _retry(failure: FailedDelivery, actor: User, reason: str, now: datetime) -> None:
    services.retry(failure, now=now)


def _close(failure: FailedDelivery, actor: User, reason: str, now: datetime) -> None:
    services.close(failure, now=now)


RETRY = Step(
    "retry",
    "Retry",
    _retry,
    "It is tried again now, in place of later; if it was given up, once more. Nothing is delivered twice.",
    fits=is_open,
    icon="replay",
    variant=ActionVariant.PRIMARY,
    asks_reason=True,
)
CLOSE = Step(
    "close",
    "Close",
    _close,
    "It leaves the list, and is not tried any more. What moves money has to be done, and can't be closed before it is.",
    fits=is_open,
    icon="archive",
    variant=ActionVariant.DANGER,
    asks_reason=True,
)


@admin.register(FailedDelivery)
class FailedDeliveryAdmin(Growing, ReadOnlyAdmin):
    """Mails, pushes, notices, operations and tasks that have failed, and are tried again or wait for staff."""

    reach = InRegion("region")
    steps = (RETRY, CLOSE)

    linked = identity()
    status_badge = badge("status", "Status", COLOURS)
    since = moment("first_failed_at", "Failing since")
    last = moment("last_failed_at", "Last failure")
    next_try = moment("next_try_at", "Next try")
    given_up = moment("given_up_at", "Given up")
    for_whom = related("account", "For")
    region_link = related("region", "Region", named=True)

    @shown("What")
    def what(self, row: FailedDelivery) -> str:
        job = JOBS.get(row.job)
        return f"{job.title} {row.about}".strip() if job else row.about

    @shown("Its row")
    def its_row(self, row: FailedDelivery) -> str | SafeString:
        job = JOBS.get(row.job)
        return link(change_url(job.rows.model, row.row_id), row.row_id) if job else row.row_id or NOTHING

    list_display = ("linked", "since", "kind", "what", "for_whom", "status_badge", "tries", "error", "next_try")
    list_filter = (("kind", ChoicesDropdownFilter), ("status", ChoicesDropdownFilter), ("region", ReachedFilter))
    list_select_related = ("region",)
    came_at = "first_failed_at"
    carried: ClassVar[Mapping[str, str]] = {"kind": "pk", "status": "pk"}
    search_fields = ("account",)
    search_ids = ("pk", "account_id")
    fields = (
        ("what", "status_badge"),
        ("for_whom", "region_link"),
        ("tries", "error"),
        ("since", "last"),
        ("next_try", "given_up"),
        "its_row",
    )
    readonly_fields = (
        "what",
        "status_badge",
        "for_whom",
        "region_link",
        "since",
        "last",
        "next_try",
        "given_up",
        "its_row",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what is failing or given up: what has recovered or was closed is on no list."""
        return super().get_queryset(request).filter(closed_at__isnull=True)
