"""The part of the live page that a member of staff sees: their regions, and the frames that their rights allow."""

from accounts.models import User
from accounts.permissions import permitted
from accounts.staff_regions import regions_of
from regions.models import Region

# Frames of other kinds are for everybody who may see the staff page.
NEEDED = {
    "revenue": ("payments.view_payment",),
    "alerts": ("alerts.view_alert",),
    "map": ("accounts.view_partner", "requests_app.view_cheerrequest"),
}


def slugs_seen_by(user: User) -> frozenset[str] | None:
    """Return the slugs of the regions that a member of staff is limited to; None for every region."""
    ids = regions_of(user)
    if ids is None:
        return None
    return frozenset(Region.objects.filter(pk__in=ids).values_list("slug", flat=True))


def kinds_hidden_from(user: User) -> frozenset[str]:
    """Return the kinds of frames for which this member of staff lacks a right."""
    return frozenset(kind for kind, rights in NEEDED.items() if not permitted(user, *rights))
