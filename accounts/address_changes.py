"""Notices to an address that an account no longer goes by, with a link that undoes the change for some days."""

import hashlib
import secrets
from datetime import datetime, timedelta

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import AddressChange, DeferredMail, User
from accounts.sign_out import credentials_changed
from core.errors import Conflict, Missing
from core.ids import new_id
from core.security_log import record

SALT = "accounts.address_changes"
DISPLACED = "displaced-{id}@deleted.invalid"  # RFC 2606: an address that can't exist


def address_changed(user: User, old: EmailAddress, *, now: datetime) -> None:
    """Tell the address by which the account went before, if it was confirmed. Call it in the change's transaction."""
    if not old.verified:
        return
    change = AddressChange(id=new_id(), user=user, address=old.email, created_at=now)
    change.digest = _digest(_token(change, settings.SECRET_KEY))
    change.expires_at = now + timedelta(days=settings.ADDRESS_UNDO_DAYS)
    change.save(force_insert=True)
    mail_later("address_changed", user, about=change.pk, to=old.email, until=change.expires_at, now=now)


def address_removed(user: User, removed: EmailAddress, *, now: datetime) -> None:
    """Tell an address that it was taken from the account, if it was confirmed there. This can't be undone by it."""
    if removed.verified:
        mail_later("address_removed", user, to=removed.email, now=now)


def pending_change(token: str, *, now: datetime) -> AddressChange | None:
    """Return the change that a link undoes; None if the link is wrong, used or too old."""
    pending = AddressChange.objects.select_related("user").filter(undone_at=None, expires_at__gt=now)
    return pending.filter(digest=_digest(token), user__is_active=True).first()


def undo_address_change(token: str, *, now: datetime) -> None:
    """Give the account back to its old address, and mail that a link to a new password.

    Every other address, the password, and the second factors and providers added since the change go, and everything
    that the account holds ends. The links of later changes end as well: they were sent to other addresses.

    Raises:
        Missing: the link is wrong, used or too old.
        Conflict: another account has confirmed the address meanwhile.
    """
    with transaction.atomic():
        found = pending_change(token, now=now)
        if found is None:
            raise Missing
        user = User.objects.select_for_update(no_key=True).get(pk=found.user_id)
        later = AddressChange.objects.filter(user=user, undone_at=None, created_at__gte=found.created_at)
        if not AddressChange.objects.filter(pk=found.pk, undone_at=None).update(undone_at=now):
            raise Missing
        later.update(undone_at=now)
        _free(found.address, user)
        EmailAddress.objects.filter(user=user).delete()
        user.email = found.address
        user.set_unusable_password()
        user.save(update_fields=["email", "password"])
        EmailAddress.objects.create(user=user, email=found.address, verified=True, primary=True)
        _drop_factors_since(user, found.created_at)
        credentials_changed(user)
        mail_later("password_reset", user, about=found.pk, now=now)
        record("email_undone", "ok", account=user.pk, after_commit=True)


def _free(address: str, user: User) -> None:
    """Take an address from accounts that have not confirmed it."""
    if EmailAddress.objects.filter(email__iexact=address, verified=True).exclude(user=user).exists():
        raise Conflict("email_taken", "Another account has confirmed this address.")
    EmailAddress.objects.filter(email__iexact=address).exclude(user=user).delete()
    for squatter in User.objects.select_for_update(no_key=True).filter(email__iexact=address).exclude(pk=user.pk):
        squatter.email = DISPLACED.format(id=squatter.pk)
        squatter.set_unusable_password()
        squatter.save(update_fields=["email", "password"])
        credentials_changed(squatter)


def _drop_factors_since(user: User, moment: datetime) -> None:
    """Drop the second factors set up and the providers connected since a moment."""
    SocialAccount.objects.filter(user=user, date_joined__gte=moment).delete()
    factors = Authenticator.objects.filter(user=user)
    factors.filter(created_at__gte=moment).delete()
    if not factors.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
        factors.delete()


# ---------------------------------------------------------------- links


def _token(change: AddressChange, secret: str) -> str:
    """Derive the link's token from the row and a secret key: the database has its hash only."""
    return salted_hmac(SALT, str(change.pk), secret=secret, algorithm="sha256").hexdigest()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@mail_kind("address_changed")
def _changed(mail: DeferredMail) -> EmailMultiAlternatives | None:
    change = AddressChange.objects.filter(pk=mail.about, undone_at=None).first()
    if change is None:
        return None
    tokens = (_token(change, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    token = next((token for token in tokens if secrets.compare_digest(_digest(token), change.digest)), None)
    if token is None:
        return None  # the key of that time is no longer known
    context = {"undo_url": f"{settings.SITE_URL}{reverse('undo-address', args=[token])}", "until": change.expires_at}
    return message_to(mail.user, "account/email/address_changed", context, to=mail.to)


@mail_kind("address_removed")
def _removed(mail: DeferredMail) -> EmailMultiAlternatives:
    return message_to(mail.user, "account/email/address_removed", {}, to=mail.to)


@mail_kind("password_reset", to_unconfirmed=True)
def _password_reset(mail: DeferredMail) -> EmailMultiAlternatives:
    keys = {"uidb36": user_pk_to_url_str(mail.user), "key": default_token_generator.make_token(mail.user)}
    path = reverse("account_reset_password_from_key", kwargs=keys)
    context = {"password_reset_url": f"{settings.SITE_URL}{path}"}
    return message_to(mail.user, "account/email/password_reset_key", context)
