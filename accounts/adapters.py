"""Adapters for allauth: mails in the reader's language, and second factors encrypted at rest."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from accounts import vault
from accounts.mails import compose
from accounts.models import User
from accounts.selectors import has_confirmed_address
from accounts.third_party import AGAIN, has_provider_only
from core.texts import unlinked
from core.transactions import in_transaction

AGENT_MAX_CHARS = 200


def label_of(user: User) -> str:
    """Return the name of an account in its owner's mails, pages and authenticator app."""
    return user.label


class AccountAdapter(DefaultAccountAdapter):
    """Sends mails in the account's own language, whichever browser caused them."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count nothing: the backend counts each attempt (accounts/password_check.py)."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        reader = context.get("user")
        if "user_agent" in context:  # a stranger may have written it
            context["user_agent"] = unlinked(context["user_agent"])[:AGENT_MAX_CHARS]
        language = reader.language if isinstance(reader, User) and reader.language else translation.get_language()

        def send() -> None:
            with translation.override(language):
                super(AccountAdapter, self).send_mail(template_prefix, email, context)

        if in_transaction():
            transaction.on_commit(send)
        else:
            send()

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell the owner of a change. Of a new address, the old one is told by `accounts.address_changes`.

        An address that is not confirmed may be somebody else's, who gets no mail about an account that they don't know.
        """
        if template_prefix == "account/email/email_changed" or not has_confirmed_address(user):
            return
        super().send_notification_mail(template_prefix, user, context, email)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm an address in one transaction with what that ends."""
        with transaction.atomic():
            return bool(super().confirm_email(request, email_address))

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """Ask for a password if the confirmation has ended the one that was chosen at sign-up."""
        user = User.objects.get(pk=email_address.user_id)
        if user.has_usable_password():
            return str(super().get_email_verification_redirect_url(email_address))
        key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
        return str(self.get_reset_password_from_key_url(key))

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Ask accounts with a second factor for that: the password alone may be in wrong hands.

        Those with neither sign in at their provider again.
        """
        if has_provider_only(user):
            return [{"id": AGAIN, "description": "", "url": reverse(AGAIN)}]
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        factors = [method for method in methods if method["id"] != "reauthenticate"]
        return factors or methods

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        plain = super().render_mail(template_prefix, email, context, headers)
        return compose(plain.subject, plain.body, to=plain.to, headers=headers)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps second factors encrypted, so that the database alone reveals no codes."""

    def encrypt(self, text: str) -> str:
        return vault.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.decrypt(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "SpeedyCheers"}
