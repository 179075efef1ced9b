"""Holds the sessions of staff to their second factor."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.second_factor import SecondFactorMissing, lacks_second_factor
from api.errors import service_error_body
from api.middleware import wants_page

# Open to staff without a second factor: what sets one up, ends the session, or shows no account.
SET_UP_PAGES = {
    "account-sign-in-again",
    "account_confirm_email",
    "account_email",
    "account_email_verification_sent",
    "account_logout",
    "account_reauthenticate",
    "api.health.healthz",
    "api.health.readyz",
    "language",
    "manifest",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_index",
    "mfa_reauthenticate",
    "offline",
    "robots",
    "service-worker",
    "sitemap",
    "texts",
}


class StaffFactorMiddleware:
    """Sends staff without a second factor to the pages that set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Run before the view of a known address; tokens of the API are held to the same by their authentication."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:  # a page for everybody must not vary by cookie
            return None
        user = request.user
        if not isinstance(user, User) or user.role != Role.STAFF:
            return None
        match = request.resolver_match
        if (match is not None and match.view_name in SET_UP_PAGES) or not lacks_second_factor(user):
            return None
        if not wants_page(request):
            return JsonResponse(service_error_body(SecondFactorMissing()), status=SecondFactorMissing.status)
        messages.warning(request, _("Set up a second factor first: staff can do nothing without one."))
        return redirect("mfa_index")
