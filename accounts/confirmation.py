"""Confirm addresses: the mail with the link, and the first confirmation of an account.

Anybody can sign up with a stranger's address and wait. At the first confirmation, everything that the account holds
ends, and so does its password, unless the browser that confirms is the one that signed up or in with it.
"""

from datetime import datetime

from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_noop

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User
from accounts.sign_out import credentials_changed
from core.errors import ServiceError

AGAIN_AFTER_S = 300  # a sign-in sends the link again, but not more often


class EmailUnconfirmed(ServiceError):
    status = 401
    default_code = "email_unconfirmed"
    default_detail = gettext_noop("Please confirm your address first: we have sent you a link by e-mail.")


def is_confirmed(user: User) -> bool:
    """Return whether an address of the account is confirmed."""
    return bool(EmailAddress.objects.filter(user=user, verified=True).exists())


def require_confirmed(user: User, *, now: datetime) -> None:
    """Raise `EmailUnconfirmed` and send the link again if the account must confirm its address before it signs in."""
    if settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory" or is_confirmed(user):
        return
    with transaction.atomic():
        ask_to_confirm(user, now=now, about=f"{user.pk}:{int(now.timestamp() // AGAIN_AFTER_S)}")
    raise EmailUnconfirmed


def ask_to_confirm(user: User, *, now: datetime, about: str = "") -> None:
    """Write the row of the account's address if it is missing, and the mail with the link that confirms it."""
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
    if settings.ACCOUNT_EMAIL_VERIFICATION != "none":
        mail_later("email_confirmation", user, about=about, now=now)


@mail_kind("email_confirmation", to_unconfirmed=True)
def _confirmation(mail: DeferredMail) -> EmailMultiAlternatives | None:
    address = EmailAddress.objects.filter(user=mail.user, email=mail.user.email, verified=False).first()
    if address is None:
        return None
    path = reverse("account_confirm_email", args=[EmailConfirmationHMAC.create(address).key])
    context = {"activate_url": f"{settings.SITE_URL}{path}"}
    return message_to(mail.user, "account/email/email_confirmation_signup", context)


def confirmed(address: EmailAddress, request: HttpRequest) -> None:
    """End what an unconfirmed sign-up left, if this is the first address of the account that is confirmed."""
    if not EmailAddress.objects.filter(user=address.user, verified=True).exclude(pk=address.pk).exists():
        _begin_anew(User.objects.get(pk=address.user_id), address, request)


def confirmed_by_reset(user: User) -> None:
    """Confirm the address of an account whose owner has followed the link to a new password.

    Only if the account has one address: the link may have gone to any of them.
    """
    if is_confirmed(user) or EmailAddress.objects.filter(user=user).exclude(email=user.email).exists():
        return
    with transaction.atomic():
        address, _ = EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
        if address.set_verified():
            _drop_factors(user)


def _begin_anew(user: User, address: EmailAddress, request: HttpRequest) -> None:
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).exclude(pk=address.pk).delete()
        if not _knows_the_password(user, request):
            _drop_factors(user)
            user.set_unusable_password()
            user.save(update_fields=["password"])
        credentials_changed(user, request=request)


def _drop_factors(user: User) -> None:
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()


def _knows_the_password(user: User, request: HttpRequest) -> bool:
    """Return whether this browser is signed in, or waits to be, with the account."""
    if request.user.pk == user.pk:
        return True
    waiting = unstash_login(request, peek=True)
    return waiting is not None and waiting.user is not None and waiting.user.pk == user.pk
