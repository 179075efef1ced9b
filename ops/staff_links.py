"""The counts on the staff page, with links to the admin's lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from ops.admin_site import WAITING


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
        Card("deadLetters", gettext_noop("Dead letters"), _("Requests that nobody took"), counts["deadLetters"]),
        Card("applications", gettext_noop("Applications"), _("Partners waiting for approval"), counts["applications"]),
        Card("unpaid", gettext_noop("Unpaid"), _("Payments not settled yet"), counts["unpaid"]),
    ]
