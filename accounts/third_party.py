"""Sign-in with an OpenID Connect provider, if one is configured.

Only addresses that the provider has verified count. An account that exists already is connected by its owner, signed
in, under their account pages; the provider's word alone opens no account that it did not make. A second factor is asked
for as after a password.
"""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext

from accounts.models import User
from accounts.password_check import owner_of


class ThirdPartyAdapter(DefaultSocialAccountAdapter):
    """Decides whom a provider's answer lets in."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Turn away unverified addresses, and those of accounts that are not connected."""
        if sociallogin.is_existing:
            return
        verified = [address.email for address in sociallogin.email_addresses if address.verified is True]
        if not verified:
            _turn_away(request, gettext("The provider has not verified your e-mail address, so it can't be used here."))
        connecting = sociallogin.state.get("process") == "connect"
        if not connecting and owner_of(verified[0].lower()) is not None:
            _turn_away(
                request,
                gettext(
                    "There is an account with this e-mail address. Sign in to it with its password; then you can "
                    "connect it with the provider."
                ),
            )

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower()
        user.name = "".join(letter for letter in str(data.get("name") or "") if letter.isprintable()).strip()[:80]
        return user


def _turn_away(request: HttpRequest, why: str) -> None:
    messages.error(request, why)
    raise ImmediateHttpResponse(redirect("account_login"))
