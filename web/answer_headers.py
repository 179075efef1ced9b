"""Headers of every answer that keep it from other people of the browser, and from other sites."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS

Next = Callable[[HttpRequest], HttpResponse]
# Not "cookies": a browser would delete those of every host of the domain.
FORGET = '"cache", "storage"'


@receiver(user_logged_out, dispatch_uid="note_sign_out")
def note_sign_out(request: HttpRequest | None, **_: object) -> None:
    """Mark the request that ends a session."""
    if request is not None:
        request.META["speedycheers.signed_out"] = True


class AnswerHeadersMiddleware:
    """Keeps other sites from embedding answers, and browsers from storing what concerns one account.

    An answer is personal if the call carries a credential, sets one, or changes something. A view of public content
    sets `Cache-Control` itself.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if not response.has_header("Cache-Control") and _is_personal(request, response):
            response["Cache-Control"] = "no-store"
        if request.META.get("speedycheers.signed_out"):
            response["Clear-Site-Data"] = FORGET
        return response


def _is_personal(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        "HTTP_AUTHORIZATION" in request.META
        or settings.SESSION_COOKIE_NAME in request.COOKIES
        or settings.SESSION_COOKIE_NAME in response.cookies
        or request.method not in SAFE_METHODS
    )
