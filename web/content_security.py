"""Exceptions to the content security policy of the settings, for pages that load more than our own files."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import HEADER, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

NOTHING = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ADMIN = "/admin/"
# For the admin only. Unfold's pages use Alpine, which compiles the expressions in their attributes; its scroll bars
# set style attributes (no style elements), and its htmx adds one style element, which is allowed by its hash.
HTMX_INDICATOR = "'sha256-bsV5JivYxvGywDAZ22EZJKBFip65Ng9xoJVLbBg7bdo='"
FOR_UNFOLD = {
    "script-src": [UNSAFE_EVAL],
    "style-src-elem": [SELF, HTMX_INDICATOR],
    "style-src-attr": [UNSAFE_INLINE],
}

STRIPE = "https://js.stripe.com"
FOR_STRIPE = {
    "script-src": [STRIPE],
    "frame-src": [STRIPE, "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}


def payment_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view whose page takes a card: allow the provider's script, frames and calls.

    With the stand-in (`PAYMENTS=demo`), only calls to its address are allowed.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> HttpResponseBase:
        wider = {"connect-src": [settings.STRIPE_API_BASE]} if settings.PAYMENTS_ARE_DEMO else FOR_STRIPE
        response: HttpResponseBase = csp_update(wider)(view)(*args, **kwargs)
        return response

    return wrapper


class ContentSecurityMiddleware(CSPMiddleware):
    """Applies the policy of the settings to pages, a wider one to the admin, and one that allows nothing to JSON."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.get("Content-Type", "").startswith("application/json"):
            response.headers.setdefault(HEADER, NOTHING)
            return response
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(ADMIN) and not report_only:
            parts.update = FOR_UNFOLD
        return parts
