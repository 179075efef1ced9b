"""Seed data for a first run: New York City, its past, the kinds of cheer, and demo accounts."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.applications import apply_as_partner, decide_application
from accounts.demo import DOMAIN, PASSWORD
from accounts.models import Partner, Role, User
from accounts.states import Application, PartnerType
from core import clock
from insights.forecast.importing import replace_past
from insights.forecast.models import PastDemand
from ops.demo_past.drawing import draw
from regions.models import Region
from requests_app.models import CheerRequest, RequestType

USERS = [f"user{n}@{DOMAIN}" for n in range(1, 6)]
PARTNERS = [f"partner{n}@{DOMAIN}" for n in range(1, 6)]
STAFF = f"staff@{DOMAIN}"

# A plain outline of the five boroughs and the two airports, clockwise from the Bronx: [lng, lat].
NEW_YORK_CITY = [
    [
        [-73.9210, 40.9180], [-73.8960, 40.9130], [-73.8600, 40.9050], [-73.8300, 40.8930], [-73.7800, 40.8900],
        [-73.7450, 40.8750], [-73.7700, 40.8300], [-73.7520, 40.7950], [-73.7000, 40.7550], [-73.6990, 40.7250],
        [-73.7250, 40.6600], [-73.7350, 40.6050], [-73.7350, 40.5850], [-73.8500, 40.5550], [-73.9450, 40.5380],
        [-74.0200, 40.5600], [-74.0900, 40.5500], [-74.1700, 40.5100], [-74.2600, 40.4900], [-74.2600, 40.5150],
        [-74.2150, 40.5600], [-74.2050, 40.6300], [-74.1800, 40.6500], [-74.0800, 40.6520], [-74.0500, 40.6650],
        [-74.0330, 40.6900], [-74.0220, 40.7100], [-74.0130, 40.7580], [-73.9600, 40.8300], [-73.9350, 40.8800],
        [-73.9210, 40.9180],
    ]
]  # fmt: skip

REQUEST_TYPES = [
    ("classic", _("A good cheer"), _("Someone shows up and cheers you on. Simple, and it works."), "🎉", []),
    ("pep_talk", _("Pep talk"), _("Before the interview, the exam or the date."), "💪", []),
    ("birthday", _("Birthday"), _("A song, a wish and a lot of noise."), "🎂", []),
    ("celebration", _("Celebration"), _("You did it, and somebody should say so."), "🏆", []),
    ("game_day", _("Game day"), _("Loud support from the sideline."), "📣", []),
    ("serenade", _("Serenade"), _("A cheer with music."), "🎸", [PartnerType.MUSICIAN]),
]
# Descriptions that earlier releases have seeded, which are in databases and translated as they are shown.
EARLIER_DESCRIPTIONS = [_("Somebody comes and cheers for you. That's it, and it helps.")]
PAST_DAYS = 42  # a forecast learns from 14 days, and is tried on the last two weeks from 35 days on
PLACES = [(40.7484, -73.9857), (40.7580, -73.9855), (40.7308, -73.9973), (40.7127, -74.0059), (40.7794, -73.9632)]


def seed_region() -> Region:
    """Create New York City unless it exists; changes by staff are kept."""
    region, _ = Region.objects.get_or_create(
        slug="nyc",
        defaults={"name": "New York City", "boundary": NEW_YORK_CITY, "time_zone": "America/New_York", "country": "US"},
    )
    return region


def seed_past() -> None:
    """Make up the demo city's demand of the last six weeks, unless it has a past already."""
    region, now = seed_region(), clock.now()
    if PastDemand.objects.filter(region=region).exists() or CheerRequest.objects.filter(region=region).exists():
        return
    zone = ZoneInfo(region.time_zone)
    today = now.astimezone(zone).date()
    replace_past(region, draw([today - timedelta(days=back) for back in range(PAST_DAYS, -1, -1)], zone, until=now))


def seed_request_types() -> None:
    """Create the kinds of cheer that do not exist yet."""
    kinds = [
        RequestType(
            slug=slug, name=name, description=description, icon=icon, partner_types=list(types), position=position
        )
        for position, (slug, name, description, icon, types) in enumerate(REQUEST_TYPES)
    ]
    RequestType.objects.bulk_create(kinds, ignore_conflicts=True)


def seed_accounts() -> None:
    """Create the demo accounts that do not exist yet."""
    for number, email in enumerate(USERS, 1):
        _account(email, f"Demo User {number}")
    staff = _account(STAFF, "Demo Staff", role=Role.STAFF, is_staff=True, is_superuser=True)
    for number, (email, place) in enumerate(zip(PARTNERS, PLACES, strict=True), 1):
        user = _account(email, f"Demo Partner {number}")
        if not Partner.objects.filter(user=user).exists():
            _partner(user, number, place, approved_by=staff)


def _account(email: str, name: str, **fields: object) -> User:
    found = User.objects.filter(email__iexact=email).first()
    user = found or User.objects.create_user(email, PASSWORD, name=name, **fields)
    # The address receives no mail, so it could not be confirmed.
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


@transaction.atomic
def _partner(user: User, number: int, place: tuple[float, float], *, approved_by: User) -> None:
    now = clock.now()
    partner = apply_as_partner(
        user, name=f"Partner {number}", type=PartnerType.CHEERLEADER, phone=f"+1 212 555 010{number}", now=now
    )
    Partner.objects.filter(pk=partner.pk).update(lat=place[0], lng=place[1], position_at=now, region=seed_region())
    decide_application(partner, Application.APPROVED, actor=approved_by, now=now, reason="demo account", notify=False)
