"""The callers: the columns of the tables, with the credentials of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from accounts.models import Partner, Role, User
from ops.staff_roles import ROLES, seed_roles
from regions.models import Region
from requests_app.sharing import links
from rides.contact.services import report_message
from risk.flags import raise_flag
from risk.states import FlagKind
from tests import cast
from tests.fuzz.world import World
from tests.other_regions import limited_to, make_boston

PEOPLE = ("anonymous", "user", "other user", "partner", "other partner")
HERE, ELSEWHERE = "all rights here", "all rights elsewhere"  # limited to the region of every row, and to another one
STAFF = ("no rights", *(role.lower() for role in ROLES), HERE, ELSEWHERE, "superuser")
WITHOUT_FACTOR = tuple(f"{name}, no factor" for name in STAFF)
COLUMNS = (*PEOPLE, *STAFF, "no factor")
KNOCKING = (*PEOPLE, *STAFF, *WITHOUT_FACTOR)


def column_of(who: str) -> str:
    """The column of the tables that says what somebody may do: staff without a second factor share one."""
    return "no factor" if who in WITHOUT_FACTOR else who


@dataclass(frozen=True)
class Badge:
    """The credentials of an account: an app's token, a browser's session."""

    account: User
    token: str
    session: str


@dataclass(frozen=True)
class City:
    """A world with staff of every kind in it, and somebody who has nothing to do with the rest."""

    world: World
    other_partner: Partner
    share_token: str
    badges: dict[Any, Badge]  # by account
    staff: dict[str, User]

    def badge(self, who: str, route: str = "") -> Badge | None:
        """The credential of a caller; the user and the partner are those whom the row at this address concerns."""
        if who == "anonymous":
            return None
        if who in self.staff:
            return self.badges[self.staff[who].pk]
        user, partner = CONCERNED.get(route, CONCERNED[""])(self.world)
        accounts = {
            "user": user,
            "partner": partner.user,
            "other user": self.world.stroller,
            "other partner": self.other_partner.user,
        }
        return self.badges[accounts[who].pk]


# Whom the row at an address concerns.
CONCERNED: dict[str, Callable[[World], tuple[User, Partner]]] = {
    "": lambda w: (w.user, w.offered),
    "/partner/status": lambda w: (w.user, w.idle),
    "/ride/<ride_id>": lambda w: (w.user, w.idle),
    "/ride/<ride_id>/message": lambda w: (w.user, w.idle),
    "/ride/<ride_id>/message/mark": lambda w: (w.user, w.idle),
    "/message/<message_id>/report": lambda w: (w.user, w.idle),
    "/ride/<ride_id>/receipt": lambda w: (w.user, w.idle),
    "/ride/<ride_id>/rating": lambda w: (w.user, w.idle),
    "/ride/<ride_id>/tip": lambda w: (w.user, w.idle),
    "/rideArrive": lambda w: (w.coming.user, w.en_route),
    "/ride/<ride_id>/here": lambda w: (w.coming.user, w.en_route),
    "/ride/<ride_id>/nobodyHere": lambda w: (w.coming.user, w.en_route),
    "/rideStart": lambda w: (w.coming.user, w.en_route),
    "/rideCancel": lambda w: (w.coming.user, w.en_route),
    "/rideNoShow": lambda w: (w.coming.user, w.en_route),
    "/rideEnd": lambda w: (w.running.user, w.at_work),
}


def make_city(world: World) -> City:
    """A city at work. The other user and the other partner have a second factor, which opens nothing more to them."""
    other = cast.make_partner("Nils", online=False)
    make_boston(world.request.region)
    for account in (world.stroller, other.user):
        cast.with_factor(account)
    staff = {name: _staff(name) for name in (*STAFF, *WITHOUT_FACTOR)}
    accounts = [world.staff, world.user, world.stroller, world.coming.user, world.running.user, *staff.values()]
    accounts += [row.user for row in (world.offered, world.idle, world.en_route, world.at_work, other)]
    report_message(world.user, world.message.pk, now=timezone.now())
    raise_flag(FlagKind.TIP_OVER_CAP, now=timezone.now(), account_id=world.user.pk)
    token, _ = links.share_request(world.user, world.request.pk, now=timezone.now())
    return City(world, other, token, {account.pk: _badge(account) for account in accounts}, staff)


def _staff(name: str) -> User:
    seed_roles()
    kind, _, factor = name.partition(",")
    rank: dict[str, Any] = {"is_superuser": True} if kind == "superuser" else {}
    email = f"{name.replace(' ', '.').replace(',', '')}@staff.test"
    account = User.objects.create_user(email, cast.PASSWORD, name=name, role=Role.STAFF, is_staff=True, **rank)
    account.groups.set(Group.objects.filter(name__iexact=kind))
    if kind in (HERE, ELSEWHERE):
        account.user_permissions.set(Permission.objects.all())
        account = limited_to(account, *Region.objects.filter(slug="boston" if kind == ELSEWHERE else "nyc"))
    return account if factor else cast.with_factor(account)


def _badge(account: User) -> Badge:
    """Signed in a moment ago, so that no page asks for the password again."""
    client = Client()
    client.force_login(account, "accounts.backends.PasswordBackend")
    request = HttpRequest()
    request.session, request.user = client.session, account
    record_authentication(request, account, method="password", reauthenticated=True)
    request.session.save()
    return Badge(account, cast.token_of(account), str(request.session.session_key))
