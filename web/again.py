"""The page that asks who it is of an account with neither password nor second factor."""

from allauth.account.utils import get_next_redirect_url
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from requests import RequestException

from accounts.third_party import ask_again, has_provider_only, provider_of
from web.access import UserRequest, page_for


@page_for(form=True)
def sign_in_again(request: UserRequest) -> HttpResponse:
    """Offer a sign-in at the account's provider, or a link for a first password."""
    if not has_provider_only(request.user):
        return redirect("account_reauthenticate")
    provider = provider_of(request, request.user)
    then = get_next_redirect_url(request) or "/account"
    if request.method == "POST" and provider is not None:
        try:
            return ask_again(request, provider, then=then)
        except RequestException:
            messages.error(request, _("The provider does not answer. Please try again later."))
    return render(request, "account/again.html", {"provider": provider, "then": then})
