"""What the staff page counts, and from the counts into the admin's lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from requests_app.admin_site import WAITING


@dataclass(frozen=True, slots=True)
class Card:
    """A count that wants somebody's attention when it isn't zero."""

    key: str
    title: str  # as in the admin's sidebar
    hint: str
    count: int

    @property
    def url(self) -> str:
        """The list in the admin."""
        model, query = WAITING[self.title]
        return f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"


# Paths into the counts, as the page's script follows them, and what each means.
UNDER_WAY = [
    ("requests.pending", "looking for a partner"),
    ("requests.offered", "offered"),
    ("rides.en_route", "partners on the way"),
    ("rides.in_progress", "sessions running"),
    ("partners.available", "partners free"),
    ("completedLastDay", "sessions in 24 hours"),
]


def staff_cards(counts: Mapping[str, Any]) -> list[Card]:
    """What waits for staff, each with the admin's list to work through."""
    return [
        Card("deadLetters", "Dead letters", "Requests that nobody took", counts["deadLetters"]),
        Card("applications", "Applications", "Partners waiting for approval", counts["applications"]),
        Card("unpaid", "Unpaid", "Payments not settled yet", counts["unpaid"]),
    ]
