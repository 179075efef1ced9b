"""Which parts of payments are switched on here, by the settings."""

from django.conf import settings

from core.errors import Conflict


def enabled() -> bool:
    """Whether payments are charged online."""
    return bool(settings.STRIPE_SECRET_KEY)


def moves_no_money() -> bool:
    """Whether payments are charged with the provider's test keys, or by the stand-in."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_test_", "rk_test_"))


def connected() -> bool:
    """Whether partners are paid by the provider."""
    return enabled() and bool(settings.STRIPE_CONNECT)


def require_enabled() -> None:
    """Raises `Conflict` (`payments_offline`) if payments are not charged online."""
    if not enabled():
        raise Conflict("payments_offline", "Cards are not charged here.")
