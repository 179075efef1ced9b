"""Audit checks of accounts and partners."""

import re
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, identify_hasher
from django.db.models import Exists, OuterRef, Q
from knox.models import AuthToken

from accounts.models import ApplicationTransition, Partner, Role, SocketTicket, User
from accounts.states import APPLICATION_GRAPH
from backoffice.audit import (
    ODD,
    Checks,
    Result,
    add_history_checks,
    streamed,
    unless,
    wrong_rows,
)

CHECKS = Checks()
SHA_512_HEX = re.compile(r"[0-9a-f]{128}")
SHA_256_HEX = re.compile(r"[0-9a-f]{64}")


@CHECKS
def only_staff_may_use_the_admin(now: datetime) -> Result:
    """Only accounts with the staff role may use the admin or be superusers."""
    return unless(User.objects.all(), Q(role=Role.STAFF) | Q(is_staff=False, is_superuser=False))


@CHECKS
def partners_have_the_role(now: datetime) -> Result:
    """An account has the partner role if and only if it has applied."""
    users = User.objects.annotate(_applied=Exists(Partner.objects.filter(user=OuterRef("pk"))))
    return unless(users, Q(role=Role.PARTNER, _applied=True) | (~Q(role=Role.PARTNER) & Q(_applied=False)))


@CHECKS
def passwords_are_hashed(now: datetime) -> Result:
    """Passwords are stored only as hashes."""
    return streamed(User.objects.only("password"), lambda user: not _is_hash(user.password))


def _is_hash(password: str) -> bool:
    try:
        return password.startswith(UNUSABLE_PASSWORD_PREFIX) or bool(identify_hasher(password))
    except ValueError:
        return False


@CHECKS
def tokens_are_hashed(now: datetime) -> Result:
    """Tokens are stored only as SHA-512 hashes."""
    return streamed(AuthToken.objects.all(), lambda token: not SHA_512_HEX.fullmatch(token.pk))


@CHECKS
def tickets_are_hashed(now: datetime) -> Result:
    """Socket tickets are stored only as SHA-256 hashes."""
    return streamed(SocketTicket.objects.all(), lambda ticket: not SHA_256_HEX.fullmatch(ticket.pk))


@CHECKS.of_kind(ODD)
def recovery_codes_are_hashed(now: datetime) -> Result:
    """Recovery codes are stored only as hashes; `manage.py renew_secrets` hashes those of an earlier version."""
    codes = Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES)
    return wrong_rows(codes, codes.filter(Q(data__has_key="seed") | Q(data__has_key="migrated_codes")))


@CHECKS.of_kind(ODD)
def deactivated_accounts_hold_no_token(now: datetime) -> Result:
    """A deactivated account has no token (it could not use one)."""
    return wrong_rows(AuthToken.objects.all(), AuthToken.objects.filter(user__is_active=False))


add_history_checks(CHECKS, "partner", Partner, Partner.history, Partner.graph)
add_history_checks(CHECKS, "application", Partner, ApplicationTransition, APPLICATION_GRAPH, status="application")
