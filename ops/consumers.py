"""The staff's socket."""

import re
from typing import ClassVar

from accounts.models import User
from accounts.permissions import VIEW_STAFF_PAGE, permitted
from accounts.second_factor import lacks_second_factor
from accounts.serializers import NoInput
from api.serializing import validated
from notifications.commands import Command
from notifications.consumers import EventConsumer
from notifications.frames import Frame
from ops.live.frames import health_seen, maps, whole
from ops.live.seeing import kinds_hidden_from, slugs_seen_by

ADDRESS = re.compile(r'\{"type":"([^"]*)"(?:,"region":"([^"]*)")?')
SENT_ONCE = frozenset(["now", "alerts", "minutes", "revenue", "health"])  # unless they have changed


def _may_watch(user: User) -> bool:
    return permitted(user, VIEW_STAFF_PAGE) and not lacks_second_factor(user)


def _maps(user: User, data: Frame) -> Frame:
    validated(NoInput, data)
    return {"maps": maps(user)}


class StaffConsumer(EventConsumer):
    """`/staff/notification`: what the live page shows, for staff with the right to the staff page.

    The sweep publishes it to all of these sockets; a socket asks the database for nothing once it is open, and leaves
    out what its account may not see and what has not changed.
    """

    commands: ClassVar[dict[str, Command]] = {"map": _maps}

    def recipient_of(self, user: User) -> str | None:
        if not _may_watch(user):
            return None
        self._slugs, self._hidden = slugs_seen_by(user), kinds_hidden_from(user)
        self._sent: dict[tuple[str, str | None], str] = {}
        return f"staff:{user.pk}"

    def snapshot(self, *, account_is_new: bool) -> Frame:
        return {**whole(self.user), "maps": maps(self.user)}

    def deliver(self, seq: int, text: str, epoch: int = 0) -> bool:
        """Send one pushed frame if the account may see it, unless the page has it already."""
        kind, region = _address(text)
        if kind in self._hidden or (region is not None and self._slugs is not None and region not in self._slugs):
            return False
        if kind == "health" and self._slugs is not None:
            text = health_seen(text, self._slugs)
        if kind in SENT_ONCE and self._sent.get((kind, region)) == text:
            return False
        sent = super().deliver(seq, text, epoch)
        if sent and kind in SENT_ONCE:
            self._sent[kind, region] = text
        return sent


def _address(text: str) -> tuple[str, str | None]:
    """Return a frame's type, and its region if it is of one."""
    found = ADDRESS.match(text)
    return (found[1], found[2]) if found else ("", None)
