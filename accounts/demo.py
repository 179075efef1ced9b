"""Demo accounts: `make run` creates them with a public password, and everything but development refuses them."""

import logging

from django.conf import settings

from accounts.models import User

log = logging.getLogger(__name__)
DOMAIN = "demo.test"  # the top-level domain is reserved, so nobody else's address ends in it
PASSWORD = "cheers-demo"  # noqa: S105  # public on purpose


def may_enter(user: User) -> bool:
    """Return whether the account may be used here: it is active, and no demo account outside of development."""
    return user.is_active and (settings.DEMO_ACCOUNTS or not is_demo(user))


def is_demo(user: User) -> bool:
    """Return whether this is one of the demo accounts, also after its address has changed its case."""
    return user.email.lower().endswith(f"@{DOMAIN}")


def password_is_public(password: str) -> bool:
    """Return whether the password opens nothing here, because everybody can read it in the documentation.

    A demo account whose address has been changed keeps the password, so the password is refused as well.
    """
    return not settings.DEMO_ACCOUNTS and password == PASSWORD
