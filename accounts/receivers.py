"""Signal receivers and kinds of mail of accounts, loaded by `ops.apps`."""

from allauth.account import signals as account_signals
from allauth.account.models import EmailAddress
from allauth.mfa import signals as factor_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.db.models.signals import post_save
from django.http import HttpRequest

from accounts import (
    applications,
    credentials,
    implausible,
    notices,
    recovery_codes,
    security_events,
    third_party,
    words,
)
from accounts.address_changes import address_changed, address_removed
from accounts.confirmation import confirmed, confirmed_by_reset
from accounts.known_addresses import remember_session
from accounts.models import User
from accounts.sessions import begin_anew
from accounts.sign_out import close_sockets_of_session, credentials_changed, shown_again
from accounts.vault import renew_at_use
from core import clock
from notifications.credentials import source
from positions import doubted

__all__ = ["applications", "notices", "security_events", "words"]  # their mails, pushes and receivers

recovery_codes.install()
third_party.install()
source(credentials.ended)
doubted.connect(implausible.flag, dispatch_uid="implausible_position")
user_logged_out.connect(close_sockets_of_session, dispatch_uid="close_sockets_of_session")
user_logged_in.connect(remember_session, dispatch_uid="remember_session")
post_save.connect(renew_at_use, sender=Authenticator, dispatch_uid="renew_second_factor")
user_logged_in.connect(begin_anew, dispatch_uid="begin_session_anew")


def _changed_here(*, request: HttpRequest, user: User, **_: object) -> None:
    """The person has changed how their account is entered: everything ends except the session that did it."""
    credentials_changed(User.objects.get(pk=user.pk), request=request)


def _reset(*, user: User, **_: object) -> None:
    """A forgotten password was replaced, by a visitor: everything ends."""
    owner = User.objects.get(pk=user.pk)
    with transaction.atomic():
        confirmed_by_reset(owner)
        credentials_changed(owner)


def _confirmed(*, request: HttpRequest, email_address: EmailAddress, **_: object) -> None:
    confirmed(email_address, request)


def _address_changed(*, user: User, from_email_address: EmailAddress | None, **_: object) -> None:
    if from_email_address is not None:
        address_changed(User.objects.get(pk=user.pk), from_email_address, now=clock.now())


def _address_removed(*, user: User, email_address: EmailAddress, **_: object) -> None:
    address_removed(User.objects.get(pk=user.pk), email_address, now=clock.now())


account_signals.email_changed.connect(_address_changed, dispatch_uid="notice_to_the_old_address")
account_signals.email_removed.connect(_address_removed, dispatch_uid="notice_to_the_old_address")
for _signal in (
    account_signals.password_changed,
    account_signals.password_set,
    account_signals.email_changed,
    account_signals.email_removed,
    factor_signals.authenticator_added,
    factor_signals.authenticator_removed,
    factor_signals.authenticator_reset,
):
    _signal.connect(_changed_here, dispatch_uid="credentials_changed")
account_signals.authentication_step_completed.connect(shown_again, dispatch_uid="shown_again")
account_signals.email_confirmed.connect(_confirmed, dispatch_uid="first_confirmation")
account_signals.password_reset.connect(_reset, dispatch_uid="credentials_changed")
