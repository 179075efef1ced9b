"""Reads about people."""

from accounts.models import NotificationSettings, Partner, User
from core.errors import Forbidden


def partner_of(user: User) -> Partner:
    """The partner that this account is. Raises `Forbidden`."""
    try:
        return user.partner
    except Partner.DoesNotExist:
        raise Forbidden("permission_denied", "Only partners may do this.") from None


def notification_settings_of(user: User) -> NotificationSettings:
    """What this account wants to hear of; unsaved defaults where it has never said."""
    return NotificationSettings.objects.filter(user=user).first() or NotificationSettings(user=user)
