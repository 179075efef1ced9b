"""The content of the staff page, with labels: counts with links to the admin's lists, lines, and parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from ops.admin_site import WAITING
from ops.gauges import ANY_REGION
from regions.models import Region


@dataclass(frozen=True, slots=True)
class Card:
    """A count that needs the attention of staff unless it is zero."""

    key: str
    title: str  # as in the admin's sidebar, in English
    hint: str
    count: int

    @property
    def url(self) -> str:
        """The address of the list in the admin."""
        model, query = WAITING[self.title]
        return f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"


# Paths into the counts, which the page's script follows, each with its label.
UNDER_WAY = [
    ("requests.pending", gettext_lazy("looking for a partner")),
    ("requests.offered", gettext_lazy("offered")),
    ("rides.en_route", gettext_lazy("partners on the way")),
    ("rides.in_progress", gettext_lazy("sessions running")),
    ("partners.available", gettext_lazy("partners free")),
    ("completedLastDay", gettext_lazy("sessions in 24 hours")),
]


def staff_cards(counts: Mapping[str, Any]) -> list[Card]:
    """The counts of rows that wait for staff, each with its list in the admin."""
    return [
        Card("deadLetters", gettext_noop("Dead letters"), _("No partner found"), counts["deadLetters"]),
        Card("applications", gettext_noop("Applications"), _("Partners waiting for approval"), counts["applications"]),
        Card("unpaid", gettext_noop("Unpaid"), _("Payments not settled yet"), counts["unpaid"]),
    ]


# Lines of the last hour, which the page's script draws.
LINES = [
    ("requests", gettext_lazy("requests")),
    ("offers", gettext_lazy("offers")),
    ("accepts", gettext_lazy("accepted")),
    ("wait", gettext_lazy("mean wait until accepted")),
    ("unmatched", gettext_lazy("nobody found")),
    ("sessions", gettext_lazy("sessions ended")),
]
REVENUE = ("revenue", gettext_lazy("revenue"))

# Parts of the system, each with the unit of its figure.
PARTS = [
    ("database", gettext_lazy("Database"), "ms"),
    ("valkey", gettext_lazy("Valkey"), "ms"),
    ("web", gettext_lazy("Web processes"), "count"),
    ("sockets", gettext_lazy("Open sockets"), "count"),
    ("sweep", gettext_lazy("Sweeps"), "count"),
    ("worker", gettext_lazy("Workers"), "count"),
    ("jobs", gettext_lazy("Background jobs"), "s"),
    ("mail", gettext_lazy("Mail"), "s"),
    ("push", gettext_lazy("Web push"), "s"),
]


def lines(*, with_revenue: bool) -> list[tuple[str, str]]:
    """The lines of the last hour, each with its label."""
    return [(key, str(label)) for key, label in [*LINES, *([REVENUE] if with_revenue else [])]]


def parts(regions: Iterable[Region]) -> list[tuple[str, str, str]]:
    """Each part of the system with its label and the unit of its figure; last the queues of tasks."""
    tasks = _("Tasks of %(region)s")
    queues = [(f"queue:{region.slug}", tasks % {"region": region.name}, "s") for region in regions]
    return [
        *((key, str(label), unit) for key, label, unit in PARTS),
        (f"queue:{ANY_REGION}", _("Tasks of no region"), "s"),
        *queues,
    ]
