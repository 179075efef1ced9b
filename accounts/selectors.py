"""Reads of partners and notification settings."""

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
