"""Reads of partners, notification settings and confirmed addresses."""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import router

from accounts.models import NotificationSettings, Partner, User
from core.composed import Composed
from core.errors import Forbidden
from core.rows import read_row


def partner_of(user: User) -> Partner:
    """Return the account's partner. Raises `Forbidden` if it has none."""
    try:
        return user.partner
    except Partner.DoesNotExist:
        raise Forbidden("permission_denied", "Only partners may do this.") from None


def told(user_id: UUID) -> User:
    """Return an account with its notification settings, in one statement. Raises `User.DoesNotExist`."""
    found = read_row(User, "notification_settings", using=router.db_for_read(User), id=user_id)
    if found is None:
        raise User.DoesNotExist
    return found


def notification_settings_of(user: User) -> NotificationSettings:
    """Return the account's notification settings, or unsaved defaults if it has stored none."""
    try:
        return user.notification_settings
    except NotificationSettings.DoesNotExist:
        return NotificationSettings(user=user)


def has_confirmed_address(user: User) -> bool:
    """Whether the account has confirmed its e-mail address. Nothing about its cheers is mailed to others."""
    confirmed = _confirmed_addresses(user.pk, using=router.db_for_read(EmailAddress))
    return any(address.upper() == user.email.upper() for (address,) in confirmed)


_confirmed_addresses = Composed(
    lambda user_id: EmailAddress.objects.filter(user=user_id, verified=True).values_list("email")
)
