"""The staff's socket."""

from accounts.models import User
from accounts.permissions import VIEW_STAFF_PAGE, permitted
from accounts.second_factor import lacks_second_factor
from notifications.consumers import EventConsumer
from notifications.frames import Frame
from ops.dashboard import latest_counts


def _may_watch(user: User) -> bool:
    return permitted(user, VIEW_STAFF_PAGE) and not lacks_second_factor(user)


class StaffConsumer(EventConsumer):
    """`/staff/notification`: live counts, sent when they change, for staff with the right to the staff page.

    The sweep publishes the counts to all of these sockets; a socket asks the database for nothing.
    """

    _last = ""

    def recipient_of(self, user: User) -> str | None:
        return f"staff:{user.pk}" if _may_watch(user) else None

    def snapshot(self, *, account_is_new: bool) -> Frame:
        return {"counts": latest_counts()}

    def deliver(self, seq: int, text: str, epoch: int = 0) -> bool:
        """Send one pushed frame, unless the page has it already."""
        if text == self._last:
            return False
        self._last = text
        return super().deliver(seq, text, epoch)
