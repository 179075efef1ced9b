"""The one place that checks a password: for the API, the pages, the admin, and where a page asks for it again.

Limits are counted before the password is hashed (api/attempts.py). What is limited:

- all sign-ins of an address, and of an account, right ones too (`login`, `login_account`);
- failures of an address with an account, and of an address (`login_pair`, `login_address`);
- failures of an account from all addresses (`login_failures`). Beyond this limit only addresses from which the account
  has signed in before get through, so that others can't keep its owner out.

An address without an account is counted, hashed and answered like one with an account.
"""

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db.models.functions import Lower

from accounts.demo import may_enter, password_is_public
from accounts.known_addresses import is_known
from accounts.models import User
from accounts.notices import tell_of_guesses
from api.addresses import network_of
from api.attempts import Attempt
from core import clock
from core.security_log import record

FAILURES = ("login_pair", "login_address", "login_failures")


def check_password(*, email: str, password: str, address: str) -> User | None:
    """Return the active account with this e-mail address and password, or None.

    Args:
        address: the caller's network address.

    Raises:
        TooManyAttempts: Nothing was hashed.
        HashingBusy: Too many passwords are being hashed.
    """
    email, network = email.strip().lower(), network_of(address)
    user = owner_of(email)
    account = str(user.pk) if user else email
    attempt = Attempt(
        [
            ("login", network),
            ("login_account", account),
            ("login_pair", f"{network} {account}"),
            ("login_address", network),
            ("login_failures", account),
        ]
    )
    attempt.require(but=frozenset(["login_failures"]))
    if "login_failures" in attempt.exceeded:
        _beyond_the_limit(attempt, user, network)
    try:
        right = _matches(user, password)
    except BaseException:
        attempt.give_back()
        raise
    if user is None or not right or not may_enter(user) or password_is_public(password):
        record("password", "failed", account=user.pk if user else "", address=address)
        return None
    attempt.give_back(*FAILURES)
    return user


def _beyond_the_limit(attempt: Attempt, user: User | None, network: str) -> None:
    """Let an attempt through only from an address that the account has used, and tell the account's owner."""
    if user is not None:
        tell_of_guesses(user, now=clock.now())
        if is_known(user, network):
            return
    attempt.require()


def owner_of(email: str) -> User | None:
    """Return the account with this address, or else the one that has confirmed it as a further address.

    Both are always looked up, so that the time tells nothing. The lower case is what the index has.
    """
    own = User.objects.alias(lower=Lower("email")).filter(lower=email).first()
    other = EmailAddress.objects.filter(email=email, verified=True).select_related("user").first()
    return own or (other.user if other else None)


def _matches(user: User | None, password: str) -> bool:
    if user is None:
        make_password(password)  # takes as long as a check
        return False
    return user.check_password(password)
