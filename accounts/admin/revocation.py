"""Deactivate and reactivate an account, and who may manage it."""

from datetime import datetime

from django.db import transaction

from accounts.models import Partner, Role, User
from accounts.notices import StaffStep, tell_of_staff_step
from accounts.partners import move_partners
from accounts.sign_out import credentials_changed
from accounts.states import PartnerStatus
from core.errors import Conflict, Forbidden


def may_manage(actor: User, user: User) -> bool:
    """Whether `actor` may manage `user`: only superusers may manage staff, themselves included."""
    return actor.is_superuser or not (user.role == Role.STAFF or user.is_staff or user.is_superuser)


def require_rank(actor: User, user: User) -> None:
    """Raise `Forbidden` unless this member of staff may manage this account."""
    if not may_manage(actor, user):
        raise Forbidden("permission_denied", "Only superusers may do this to an account of staff.")


def deactivate(user: User, *, actor: User, now: datetime) -> None:
    """Deactivate an account: it can't sign in, its credentials end, and a partner goes offline.

    Raises:
        Conflict: the account is the actor's own or already inactive, or its partner has an offer or a ride.
        Forbidden: the actor may not manage the account.
    """
    if user.pk == actor.pk:
        raise Conflict("own_account", "You can't deactivate your own account.")
    require_rank(actor, user)
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not locked.is_active:
            raise Conflict("already_inactive", "This account is deactivated already.")
        _send_home(locked, actor=actor, now=now)
        User.objects.filter(pk=user.pk).update(is_active=False)
        credentials_changed(user)
        tell_of_staff_step(StaffStep.DEACTIVATED, user, now=now)


def _send_home(user: User, *, actor: User, now: datetime) -> None:
    partner = Partner.objects.select_for_update(no_key=True).filter(user=user).first()
    if partner is None:
        return
    if partner.status in (PartnerStatus.OFFERED, PartnerStatus.BUSY):
        raise Conflict("partner_at_work", "This partner has an offer or a ride; release them first.")
    if partner.status == PartnerStatus.AVAILABLE:
        move_partners([partner], PartnerStatus.OFFLINE, actor=actor, at=now, reason="account deactivated")


def activate(user: User, *, actor: User) -> None:
    """Reactivate an account. Raises `Conflict` if it is active, and `Forbidden` as `require_rank` does."""
    require_rank(actor, user)
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise Conflict("already_active", "This account is active.")
