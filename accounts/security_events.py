"""Receivers that write what happens to accounts to the security log."""

from functools import partial

from allauth.account import signals as account_signals
from allauth.account.models import EmailAddress
from allauth.mfa import signals as factor_signals
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as third_party_signals
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_save
from django.http import HttpRequest

from accounts.models import User
from core.security_log import pseudonym, record

ACTIONS = {ADDITION: "add", CHANGE: "change"}


def _of_account(event: str, *, request: HttpRequest, user: User | None, **_: object) -> None:
    if user is not None:
        record(event, "ok", account=user.pk, request=request)


def _of_address(event: str, *, request: HttpRequest, email_address: EmailAddress, **_: object) -> None:
    record(event, "ok", account=email_address.user_id, request=request)


def _of_factor(event: str, outcome: str, *, request: HttpRequest, user: User, **more: object) -> None:
    factor = more["authenticator"]
    kind = factor.type if isinstance(factor, Authenticator) else ""
    again = bool(more.get("reauthenticated") or more.get("reauthentication"))
    record(event, outcome, account=user.pk, request=request, kind=kind, again=again)


def _third_party_added(*, request: HttpRequest, sociallogin: SocialLogin, **_: object) -> None:
    record("third_party_added", "ok", account=sociallogin.user.pk, request=request)


def _third_party_removed(*, request: HttpRequest, socialaccount: SocialAccount, **_: object) -> None:
    record("third_party_removed", "ok", account=socialaccount.user_id, request=request)


def _signed_in(*, request: HttpRequest, user: User, **_: object) -> None:
    record("sign_in", "ok", account=user.pk, request=request, kind="session")


def _in_admin(*, instance: LogEntry, created: bool, **_: object) -> None:
    """Log a row of the admin's own log: the kind of row and a pseudonym of its id, not its name and the message."""
    if created:
        record(
            "admin_change",
            "ok",
            account=instance.user_id,
            kind=".".join(instance.content_type.natural_key()) if instance.content_type else "",
            subject=pseudonym(instance.object_id),
            action=ACTIONS.get(instance.action_flag, "delete"),
            after_commit=True,
        )


for _signal, _receiver in (
    (user_logged_in, _signed_in),
    (user_logged_out, partial(_of_account, "sign_out")),
    (account_signals.user_signed_up, partial(_of_account, "sign_up")),
    (account_signals.password_changed, partial(_of_account, "password_changed")),
    (account_signals.password_set, partial(_of_account, "password_set")),
    (account_signals.password_reset, partial(_of_account, "password_reset")),
    (account_signals.email_confirmed, partial(_of_address, "email_confirmed")),
    (account_signals.email_added, partial(_of_account, "email_added")),
    (account_signals.email_changed, partial(_of_account, "email_changed")),
    (account_signals.email_removed, partial(_of_account, "email_removed")),
    (third_party_signals.social_account_added, _third_party_added),
    (third_party_signals.social_account_removed, _third_party_removed),
    (factor_signals.authenticator_added, partial(_of_factor, "factor_added", "ok")),
    (factor_signals.authenticator_removed, partial(_of_factor, "factor_removed", "ok")),
    (factor_signals.authenticator_reset, partial(_of_factor, "factor_reset", "ok")),
    (factor_signals.authenticator_used, partial(_of_factor, "factor_used", "ok")),
    (factor_signals.authentication_failed, partial(_of_factor, "factor_used", "failed")),
):
    _signal.connect(_receiver, weak=False, dispatch_uid="security_log")
post_save.connect(_in_admin, sender=LogEntry, dispatch_uid="security_log")
