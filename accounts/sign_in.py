"""Sign up with a password, and sign in by password and second factor."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop
from knox.models import AuthToken

from accounts.authentication import token_credential
from accounts.confirmation import ask_to_confirm, require_confirmed
from accounts.hashers import HashingBusy
from accounts.known_addresses import remember
from accounts.models import Role, User
from accounts.notices import tell_of_sign_up
from accounts.password_check import check_password, owner_of
from accounts.second_factor import SecondFactorMissing, lacks_second_factor
from accounts.sign_out import end_credential
from api.attempts import Attempt
from api.idempotency import effect
from core import clock
from core.database import refused_as
from core.errors import Invalid, ServiceError
from core.security_log import record


class _Taken(ServiceError):
    """Another sign-up has taken the address meanwhile."""


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


def sign_up(*, email: str, password: str, name: str) -> User:
    """Create a user account, and mail the link that confirms its address.

    A taken address gets the answer of a free one, so that nobody learns who has an account: the account returned is
    then not stored, its id belongs to nobody, and the owner of the address gets a mail.

    Raises: `Invalid` on a weak password.
    """
    email = email.lower()
    try:
        password_validation.validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        reasons = " ".join(error.messages)
        raise Invalid("password_too_weak", reasons, "password") from None
    user = User(email=email, name=name, password=make_password(password))  # hashed while no transaction is open
    with effect() as answer:
        now = clock.now()
        if owner_of(email) is None and _stored(user):
            ask_to_confirm(user, now=now)
            record("sign_up", "ok", account=user.pk, after_commit=True)
        elif (owner := owner_of(email)) is not None:
            tell_of_sign_up(owner, now=now)
        answer.result(user)
    return user


def _stored(user: User) -> bool:
    """Store a new account; returns False if another sign-up has taken the address meanwhile."""
    try:
        with refused_as({"user_email_unique": _Taken()}), transaction.atomic():
            user.save(force_insert=True)
    except _Taken:
        return False
    return True


def log_in(*, email: str, password: str, address: str, otp: str = "") -> tuple[User, AuthToken, str]:
    """Check credentials and issue a token.

    An unknown account gets the same answer in the same time as a known one. Beyond `TOKENS_PER_ACCOUNT` the oldest
    token ends.

    Args:
        address: the caller's network address.
        otp: for an account with a second factor, a code of its authenticator app or a recovery code. It is
            checked only if the password is right.

    Returns:
        The user, the token, and the token's text, which is not stored.

    Raises:
        WrongCredentials, SecondFactorRequired, WrongSecondFactor, TooManyAttempts, HashingBusy, EmailUnconfirmed,
        SecondFactorMissing: the account is staff and has no second factor.
    """
    user = check_password(email=email, password=password, address=address)
    if user is None:
        raise WrongCredentials
    if is_mfa_enabled(user):
        _check_second_factor(user, otp)
    require_confirmed(user, now=clock.now())
    if lacks_second_factor(user):
        raise SecondFactorMissing
    remember(user, address)
    token, text = issue_token(user)
    record("sign_in", "ok", account=user.pk, address=address, kind="token")
    return user, token, text


def issue_token(user: User) -> tuple[AuthToken, str]:
    """Issue a token, and end the oldest ones beyond `TOKENS_PER_ACCOUNT`.

    The lock on the account's row makes simultaneous sign-ins take turns. Raises `WrongCredentials` if the credentials
    have changed since the account was read.
    """
    with transaction.atomic():
        unchanged = User.objects.select_for_update(no_key=True).filter(
            pk=user.pk, is_active=True, credentials_epoch=user.credentials_epoch
        )
        if not unchanged.exists():
            raise WrongCredentials
        token, text = AuthToken.objects.create(user, **_lifetime(user))
        older = AuthToken.objects.filter(user=user).exclude(digest=token.digest).order_by("-created", "digest")
        ended = list(older[settings.TOKENS_PER_ACCOUNT - 1 :].values_list("digest", flat=True))
        AuthToken.objects.filter(digest__in=ended).delete()
    for digest in ended:
        end_credential(token_credential(digest))
    return token, text


def _lifetime(user: User) -> dict[str, timedelta]:
    """Return how long a new token lives, if not as long as tokens usually do."""
    return {"expiry": timedelta(seconds=settings.STAFF_TOKEN_TTL_S)} if user.role == Role.STAFF else {}


def _check_second_factor(user: User, otp: str) -> None:
    if not otp:
        raise SecondFactorRequired(attr="otp")
    types = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    with second_factor_attempt(user):
        for factor in Authenticator.objects.filter(user=user, type__in=types):
            if factor.wrap().validate_code(otp.replace(" ", "")):
                factor.record_usage()
                record("factor_used", "ok", account=user.pk, kind=factor.type, again=False)
                return
        record("factor_used", "failed", account=user.pk, kind="", again=False)
        raise WrongSecondFactor(attr="otp")


@contextmanager
def second_factor_attempt(user: User) -> Iterator[None]:
    """Count a check of a second factor's code, from wherever; it is given back if the code is right or was not checked.

    Raises: `TooManyAttempts`.
    """
    attempt = Attempt([("login_otp", str(user.pk))])
    attempt.require()
    try:
        yield
    except HashingBusy:
        attempt.give_back()
        raise
    attempt.give_back()
