"""Mails that tell people what others try with their address."""

from datetime import datetime

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


@mail_kind("address_taken")
def _address_taken(mail: DeferredMail) -> EmailMultiAlternatives:
    context = {"email": mail.user.email, "password_reset_url": settings.SITE_URL + reverse("account_reset_password")}
    return message_to(mail.user, "account/email/account_already_exists", context)
