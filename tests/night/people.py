"""Makes the accounts of the night. The program's own shell runs `seed`, so that its settings hash and encrypt."""

import json
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.contrib.auth.models import Group

from accounts.applications import apply_as_partner, decide_application
from accounts.models import User
from accounts.states import Application
from core import clock
from ops.staff_roles import seed_roles
from regions.models import Region
from tests.cast import make_clerk, make_user, token_of
from tests.other_regions import limited_to, make_boston

NAMED = ("Ada", "Bob", "Carla")  # Ada is given her money back, Bob's partner is asked, and Carla's is sent
REQUEUED = 40
PARTNERS = 8
ROLES = ("Dispatcher", "Finance")


def seed() -> None:
    """Make everybody, and print what they need to act as JSON."""
    nyc = Region.objects.get(slug="nyc")
    seed_roles()
    said = {
        "staff": [make_staff("Nora", nyc), make_staff("Bo", make_boston(nyc))],
        "users": [signed_in(make_user(name)) for name in [*NAMED, *(f"User {n}" for n in range(1, REQUEUED + 1))]],
        "partners": [make_partner(f"Partner {n}") for n in range(1, PARTNERS + 1)],
    }
    print(json.dumps(said))  # noqa: T201 - for the test


def make_staff(name: str, region: Region) -> dict[str, Any]:
    """A member of staff of one region, with an authenticator app."""
    clerk = limited_to(make_clerk(name, "regions.add_policy"), region)
    clerk.groups.set(Group.objects.filter(name__in=ROLES))
    secret = decrypt(Authenticator.objects.get(user=clerk).data["secret"])
    return {"name": name, "email": clerk.email, "secret": secret}


def make_partner(name: str) -> dict[str, Any]:
    """An approved partner who has never worked."""
    user, now = make_user(name), clock.now()
    partner = apply_as_partner(user, name=name, type="cheerleader", phone="+1 212 555 0100", now=now)
    decide_application(partner, Application.APPROVED, actor=None, now=now, notify=False)
    return {**signed_in(user), "partner_id": str(partner.pk)}


def signed_in(user: User) -> dict[str, Any]:
    """A person with a token."""
    return {"name": user.name, "email": user.email, "token": token_of(user)}
