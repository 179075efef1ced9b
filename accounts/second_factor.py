"""Staff do nothing without a second factor but set one up."""

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.utils.translation import gettext_noop

from accounts.demo import is_demo
from accounts.models import Role, User
from core.errors import Forbidden

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes stand in for one of these


class SecondFactorMissing(Forbidden):
    """A member of staff has no second factor (403)."""

    default_code = "second_factor_missing"
    default_detail = gettext_noop("Staff need a second factor. Set one up on the pages of your account first.")


def lacks_second_factor(user: User) -> bool:
    """Whether an account may do nothing yet but set up a second factor: staff without one.

    Demo accounts, whose password is public anyway, are exempt in development.
    """
    exempt = settings.DEBUG and is_demo(user)
    return user.role == Role.STAFF and not exempt and not is_mfa_enabled(user, types=FACTORS)
