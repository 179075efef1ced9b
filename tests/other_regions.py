"""A second region, and staff who see only some."""

from accounts.models import User
from core.ids import new_id
from regions.models import Region
from tests.cast import Place, fresh

BOSTON: Place = (42.3601, -71.0589)
HALF_DEGREES = 0.1  # of the side of a region, some 10 km


def make_boston(like: Region) -> Region:
    """An active region around `BOSTON`, with the rules of another."""
    lat, lng = BOSTON
    region: Region = fresh(like)
    region.pk, region.slug, region.name = new_id(), "boston", "Boston"
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    region.boundary = [[[lng + east * HALF_DEGREES, lat + up * HALF_DEGREES] for east, up in corners]]
    region._state.adding = True
    region.save(force_insert=True)
    return region


def limited_to(clerk: User, *regions: Region) -> User:
    """The member of staff, as the next call finds them: limited to these regions."""
    clerk.every_region = False
    clerk.save(update_fields=["every_region"])
    clerk.regions.set(regions)
    limited: User = fresh(clerk)
    return limited
