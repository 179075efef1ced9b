"""Sign-in with an OpenID Connect provider, if one is configured.

Only addresses that the provider has verified count. An account that exists already is connected by its owner, signed
in, under their account pages; the provider's word alone opens no account that it did not make. A second factor is asked
for as after a password.

An account with neither password nor second factor is asked who it is by another sign-in at its provider. allauth would
not ask it at all, and has no setting for it; `install` changes that.
"""

import time
from typing import Any

from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess, Provider
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from accounts.models import User
from accounts.password_check import owner_of
from core.security_log import record
from core.texts import unlinked


class ThirdPartyAdapter(DefaultSocialAccountAdapter):
    """Decides whom a provider's answer lets in."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Turn away unverified addresses, and those of unconnected accounts; take answers to `ask_again`."""
        if sociallogin.state.get("process") == AuthProcess.REDIRECT:
            _answered(request, sociallogin)
            return
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
        name = unlinked(str(data.get("name") or ""))
        user.name = "".join(letter for letter in name if letter.isprintable()).strip()[:80]
        return user


def _turn_away(request: HttpRequest, why: str, to: str = "account_login") -> None:
    messages.error(request, why)
    raise ImmediateHttpResponse(redirect(to))


# ---------------------------------------------------------------- asked again

AGAIN = "account-sign-in-again"  # the name of the page
CLOCKS_DIFFER_S = 60
_flows_of = reauthentication.get_reauthentication_flows


def install() -> None:
    """Let allauth ask accounts with neither password nor second factor as well."""
    reauthentication.get_reauthentication_flows = _flows_or_provider


def _flows_or_provider(user: Any) -> list[dict[str, Any]]:
    return _flows_of(user) or ([{"id": AGAIN}] if user.is_authenticated else [])


def has_provider_only(user: Any) -> bool:
    """Return whether an account has neither password nor second factor."""
    return user.is_authenticated and not _flows_of(user)


def provider_of(request: HttpRequest, user: User) -> Provider | None:
    """Return the provider by which an account signs in, if it is configured."""
    connected = set(SocialAccount.objects.filter(user=user).values_list("provider", flat=True))
    return next((one for one in get_adapter().list_providers(request) if one.sub_id in connected), None)


def ask_again(request: HttpRequest, provider: Provider, *, then: str) -> HttpResponse:
    """Send the browser to the provider, which is to ask for the password, also of somebody who is signed in there."""
    asked = {**provider.get_auth_params(), "prompt": "login", "max_age": "0"}
    answer: HttpResponse = provider.redirect(
        request, AuthProcess.REDIRECT, then, {"asked_at": time.time()}, auth_params=asked
    )
    return answer


def _answered(request: HttpRequest, sociallogin: SocialLogin) -> None:
    """Note that the person has signed in again, if it is the same one and the provider has asked them since."""
    asked_at = (sociallogin.state.get("data") or {}).get("asked_at")
    same = sociallogin.is_existing and sociallogin.user == request.user and has_provider_only(request.user)
    if asked_at is None or not same or not _has_signed_in_since(sociallogin, asked_at):
        record("provider_again", "failed", request=request)
        _turn_away(request, gettext("The provider has not confirmed that it is you. Please try again."), AGAIN)
    account = sociallogin.account
    record_authentication(
        request, sociallogin.user, "socialaccount", reauthenticated=True, provider=account.provider, uid=account.uid
    )
    record("provider_again", "ok", request=request)


def _has_signed_in_since(sociallogin: SocialLogin, asked_at: float) -> bool:
    """Return False if the ID token says that the sign-in was before; a provider need not say when it was."""
    said = sociallogin.account.extra_data.get("id_token", {}).get("auth_time")
    return said is None or (isinstance(said, int) and said >= asked_at - CLOCKS_DIFFER_S)
