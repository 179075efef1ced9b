"""Reads about people."""

from accounts.models import Partner, User
from speedycheers.errors import Forbidden


def partner_of(user: User) -> Partner:
    """The partner that this account is. Raises `Forbidden`."""
    try:
        return user.partner
    except Partner.DoesNotExist:
        raise Forbidden("permission_denied", "Only partners may do this.") from None
