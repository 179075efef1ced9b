"""Accounts for a benchmark. Import it after the settings are loaded."""

from datetime import datetime, timedelta

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import DEFAULT_DB_ALIAS, transaction
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS

from accounts.applications import apply_as_partner, decide_application
from accounts.models import ApplicationTransition, Partner, Role, User
from accounts.states import Application
from core import clock
from core.sql import insert_all
from core.transitions import create_all

LIVES = timedelta(days=1)
STAFF_EMAIL = "bench-staff-{}@bench.test"


def address_of(role: str, number: int) -> str:
    """Return the e-mail address of an account."""
    return f"bench-{role}-{number}@bench.test"


def make_accounts(role: str, count: int) -> list[tuple[str, str]]:
    """Create accounts directly in the database. Returns (id of the user or partner, token) for each."""
    made = []
    for number in range(count):
        user = User.objects.create(email=address_of(role, number), password="!", name=f"Bench {number}")
        now = clock.now()
        owner = str(user.pk)
        if role == "partner":
            partner = apply_as_partner(user, name=f"P{number}", type="cheerleader", phone="+1 212 555 0100", now=now)
            decide_application(partner, "approved", actor=None, now=now, notify=False)
            owner = str(partner.pk)
        made.append((owner, AuthToken.objects.create(user)[1]))
    return made


def make_staff(number: int = 0) -> str:
    """Create a superuser with a second factor, one for each number. Returns a token."""
    staff = User.objects.create_superuser(STAFF_EMAIL.format(number), "!", name="Bench")
    TOTP.activate(staff, generate_totp_secret())
    token: str = AuthToken.objects.create(staff)[1]
    return token


def make_crowd(role: str, count: int) -> list[str]:
    """Create the rows of many accounts together, which takes a small part of the time. Returns their tokens."""
    now = clock.now()
    with transaction.atomic():
        users = [
            User(email=f"crowd-{role}-{n}@bench.test", password="!", name=f"C{n}", role=role) for n in range(count)
        ]
        insert_all(users, using=DEFAULT_DB_ALIAS)
        if role == Role.PARTNER:
            _make_partners(users, now)
        tokens = [get_digest_token() for _ in users]
        rows = [
            AuthToken(digest=digest, token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH], user=user, expiry=now + LIVES)
            for user, (digest, token) in zip(users, tokens, strict=True)
        ]
        insert_all(rows, using=DEFAULT_DB_ALIAS)
    return [token for _, token in tokens]


def _make_partners(users: list[User], now: datetime) -> None:
    partners = [
        Partner(user=user, name=user.name, phone="+1 212 555 0100", application=Application.APPROVED) for user in users
    ]
    for partner in partners:
        partner.status_since = partner.created_at = now
    create_all(partners, actor=None, at=now)
    steps = [("", Application.APPLIED), (Application.APPLIED, Application.APPROVED)]
    for old, new in steps:
        decided = [ApplicationTransition(subject=partner, old=old, new=new, at=now) for partner in partners]
        insert_all(decided, using=DEFAULT_DB_ALIAS)
