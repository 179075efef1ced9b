"""Reads of partners, notification settings and confirmed addresses."""

from allauth.account.models import EmailAddress

from accounts.models import NotificationSettings, Partner, User
from core.errors import Forbidden


def partner_of(user: User) -> Partner:
    """Return the account's partner. Raises `Forbidden` if it has none."""
    try:
        return user.partner
    except Partner.DoesNotExist:
        raise Forbidden("permission_denied", "Only partners may do this.") from None


def notification_settings_of(user: User) -> NotificationSettings:
    """Return the account's notification settings, or unsaved defaults if it has stored none."""
    return NotificationSettings.objects.filter(user=user).first() or NotificationSettings(user=user)


def has_confirmed_address(user: User) -> bool:
    """Whether the account has confirmed its e-mail address. Nothing about its cheers is mailed to others."""
    return bool(EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists())
