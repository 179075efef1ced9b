"""Sign up with a password, and sign in by password and second factor."""

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import password_validation
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop
from knox.models import AuthToken

from accounts.demo import may_enter, password_is_public
from accounts.models import User
from api.idempotency import effect
from api.throttles import Rate
from core.database import refused_as
from core.errors import Invalid, ServiceError


class WrongCredentials(ServiceError):
    status = 401
    default_code = "authentication_failed"
    default_detail = gettext_noop("This e-mail address and password do not belong together.")


class SecondFactorRequired(ServiceError):
    status = 401
    default_code = "mfa_required"
    default_detail = gettext_noop("This account has a second factor: send the code of its authenticator app as `otp`.")


class WrongSecondFactor(ServiceError):
    status = 401
    default_code = "mfa_failed"
    default_detail = gettext_noop("This code is wrong, or was used before.")


class TooManyAttempts(ServiceError):
    status = 429
    default_code = "throttled"
    default_detail = gettext_noop("Too many failed attempts. Try again later.")

    def __init__(self, wait_s: float) -> None:
        self.wait_s = max(1.0, wait_s)
        super().__init__()


def sign_up(*, email: str, password: str, name: str) -> User:
    """Create a user account. Raises `Invalid` on a weak password or a taken address."""
    email = email.lower()
    try:
        password_validation.validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        reasons = " ".join(error.messages)
        raise Invalid("password_too_weak", reasons, "password") from None
    taken = Invalid("email_taken", "An account with this e-mail address exists.", "email")
    if User.objects.filter(email__iexact=email).exists():
        raise taken
    with refused_as({"user_email_unique": taken}), effect() as answer:
        user = User.objects.create_user(email, password, name=name)
        answer.result(user)
    return user


def log_in(*, email: str, password: str, address: str, otp: str = "") -> tuple[User, AuthToken, str]:
    """Check credentials and issue a token.

    Failures are counted per address and account, per address, and for the second factor per account. An unknown
    account gets the same answer in the same time as a known one, since its password is hashed as well.

    Args:
        address: the caller's network address.
        otp: for an account with a second factor, a code of its authenticator app or a recovery code. It is
            checked only if the password is right.

    Returns:
        The user, the token, and the token's text, which is not stored.

    Raises:
        WrongCredentials, SecondFactorRequired, WrongSecondFactor, TooManyAttempts
    """
    limits = [("login_pair", f"{address} {email.lower()}"), ("login_address", address)]
    for scope, who in limits:
        if (wait_s := Rate.named(scope).full(scope, who)) is not None:
            raise TooManyAttempts(wait_s)
    user = ModelBackend().authenticate(None, username=email.lower(), password=password)
    if not isinstance(user, User) or not may_enter(user) or password_is_public(password):
        for scope, who in limits:
            Rate.named(scope).hit(scope, who)
        raise WrongCredentials
    if is_mfa_enabled(user):
        _check_second_factor(user, otp)
    return user, *issue_token(user)


def issue_token(user: User) -> tuple[AuthToken, str]:
    """Issue a token. Raises `WrongCredentials` if the credentials have changed since the account was read."""
    with transaction.atomic():
        unchanged = User.objects.select_for_update().filter(
            pk=user.pk, is_active=True, credentials_epoch=user.credentials_epoch
        )
        if not unchanged.exists():
            raise WrongCredentials
        token, text = AuthToken.objects.create(user)
    return token, text


def _check_second_factor(user: User, otp: str) -> None:
    if not otp:
        raise SecondFactorRequired(attr="otp")
    if (wait_s := Rate.named("login_otp").full("login_otp", str(user.pk))) is not None:
        raise TooManyAttempts(wait_s)
    types = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    for factor in Authenticator.objects.filter(user=user, type__in=types):
        if factor.wrap().validate_code(otp.replace(" ", "")):
            factor.record_usage()
            return
    Rate.named("login_otp").hit("login_otp", str(user.pk))
    raise WrongSecondFactor(attr="otp")
