"""Mails that tell people what others try with their address, and what staff do with their account."""

from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.urls import reverse

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User


def tell_of_guesses(user: User, *, now: datetime) -> None:
    """Tell the owner of an account, once a day, that somebody guesses at its password."""
    _once_a_day("password_guesses", user, now=now)


def tell_of_sign_up(user: User, *, now: datetime) -> None:
    """Tell the owner of an account, once a day, that somebody has tried to sign up with its address."""
    _once_a_day("address_taken", user, now=now)


class StaffStep(StrEnum):
    """A step that staff take with an account; its value is the kind of the mail about it."""

    DEACTIVATED = "account_deactivated"
    FACTOR_REMOVED = "factor_removed_by_staff"
    SIGNED_OUT = "signed_out_by_staff"


def tell_of_staff_step(step: StaffStep, user: User, *, now: datetime) -> None:
    """Tell an account's person what staff have done with it. Call it in the transaction of the step."""
    mail_later(step, user, now=now)


def _once_a_day(kind: str, user: User, *, now: datetime) -> None:
    about = f"{now:%Y-%m-%d}"
    if not DeferredMail.objects.filter(user=user, kind=kind, about=about).exists():  # no write for each attempt
        with transaction.atomic():
            mail_later(kind, user, about=about, now=now)


@mail_kind("password_guesses")
def _guesses(mail: DeferredMail) -> EmailMultiAlternatives:
    site = settings.SITE_URL
    context = {"password_url": site + reverse("account_reset_password"), "factors_url": site + reverse("mfa_index")}
    return message_to(mail.user, "account/email/password_guesses", context)


@mail_kind("address_taken", to_unconfirmed=True)
def _address_taken(mail: DeferredMail) -> EmailMultiAlternatives:
    context = {"email": mail.user.email, "password_reset_url": settings.SITE_URL + reverse("account_reset_password")}
    return message_to(mail.user, "account/email/account_already_exists", context)


def _of_staff_step(mail: DeferredMail) -> EmailMultiAlternatives:
    context = {"password_url": settings.SITE_URL + reverse("account_reset_password"), "at": mail.created_at}
    return message_to(mail.user, f"account/email/{mail.kind}", context)


for _step in StaffStep:
    mail_kind(_step, to_inactive=_step == StaffStep.DEACTIVATED)(_of_staff_step)
