"""What accounts and partners promise, as far as this app can see."""

import re
from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, identify_hasher
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from knox.models import AuthToken

from accounts.models import ApplicationTransition, Partner, Role, SocketTicket, User
from accounts.states import APPLICATION_GRAPH, Application, PartnerStatus
from backoffice.audit import (
    ODD,
    Checks,
    Result,
    add_history_checks,
    known_values,
    one_each,
    streamed,
    unless,
    wrong_rows,
)

CHECKS = Checks()
SHA_512_HEX = re.compile(r"[0-9a-f]{128}")
SHA_256_HEX = re.compile(r"[0-9a-f]{64}")


@CHECKS
def one_account_per_address(now: datetime) -> Result:
    """An e-mail address, however it is written, belongs to one account."""
    return one_each(User.objects.annotate(_address=Lower("email")), "_address")


@CHECKS
def roles_are_known(now: datetime) -> Result:
    """An account has a role that we know."""
    return known_values(User.objects.all(), "role", Role.values)


@CHECKS
def only_staff_may_use_the_admin(now: datetime) -> Result:
    """Only accounts with the role of staff may use the admin, and only those have all rights."""
    return unless(User.objects.all(), Q(role=Role.STAFF) | Q(is_staff=False, is_superuser=False))


@CHECKS
def partners_have_the_role(now: datetime) -> Result:
    """An account has the role of a partner exactly if it has applied."""
    users = User.objects.annotate(_applied=Exists(Partner.objects.filter(user=OuterRef("pk"))))
    return unless(users, Q(role=Role.PARTNER, _applied=True) | (~Q(role=Role.PARTNER) & Q(_applied=False)))


@CHECKS
def one_partner_per_account(now: datetime) -> Result:
    """An account is one partner at most."""
    return one_each(Partner.objects.all(), "user_id")


@CHECKS
def passwords_are_hashed(now: datetime) -> Result:
    """No password is held in the clear."""
    return streamed(User.objects.only("password"), lambda user: not _is_hash(user.password))


def _is_hash(password: str) -> bool:
    try:
        return password.startswith(UNUSABLE_PASSWORD_PREFIX) or bool(identify_hasher(password))
    except ValueError:
        return False


@CHECKS
def tokens_are_hashed(now: datetime) -> Result:
    """Of a token only its SHA-512 is held."""
    return streamed(AuthToken.objects.all(), lambda token: not SHA_512_HEX.fullmatch(token.pk))


@CHECKS
def tickets_are_hashed(now: datetime) -> Result:
    """Of a socket ticket only its SHA-256 is held."""
    return streamed(SocketTicket.objects.all(), lambda ticket: not SHA_256_HEX.fullmatch(ticket.pk))


@CHECKS.of_kind(ODD)
def deactivated_accounts_hold_no_token(now: datetime) -> Result:
    """An account that was deactivated has no token left (it could not use one)."""
    return wrong_rows(AuthToken.objects.all(), AuthToken.objects.filter(user__is_active=False))


@CHECKS
def partner_statuses_are_known(now: datetime) -> Result:
    """A partner's status is one that we know."""
    return known_values(Partner.objects.all(), "status", PartnerStatus.values)


@CHECKS
def applications_are_known(now: datetime) -> Result:
    """An application is in a state that we know."""
    return known_values(Partner.objects.all(), "application", Application.values)


@CHECKS
def partners_work_only_when_approved(now: datetime) -> Result:
    """Who is not offline has been approved."""
    return unless(Partner.objects.all(), Q(status=PartnerStatus.OFFLINE) | Q(application=Application.APPROVED))


@CHECKS
def positions_are_whole(now: datetime) -> Result:
    """A partner's position lies on the globe and has its time, or is not there at all."""
    nowhere = Q(lat__isnull=True, lng__isnull=True, position_at__isnull=True)
    somewhere = Q(lat__range=(-90, 90), lng__range=(-180, 180), position_at__isnull=False)
    return unless(Partner.objects.all(), nowhere | somewhere)


@CHECKS
def ratings_are_possible(now: datetime) -> Result:
    """A partner's ratings are worth 1 to 5 each."""
    return unless(
        Partner.objects.all(),
        Q(rating_count__gte=0, rating_sum__gte=F("rating_count"), rating_sum__lte=F("rating_count") * 5),
    )


add_history_checks(CHECKS, "partner", Partner, Partner.history, Partner.graph)
add_history_checks(CHECKS, "application", Partner, ApplicationTransition, APPLICATION_GRAPH, status="application")
