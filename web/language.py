"""The language of pages."""

from collections.abc import Awaitable

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts.models import User


class PageLanguageMiddleware(LocaleMiddleware):
    """Selects the language of a person by the language cookie, the account and the browser, in this order.

    Programs, which send a token, get the language of their Accept-Language header, or English.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        try:
            return super().__call__(request)
        finally:  # the thread's next work is for another reader
            translation.activate(settings.LANGUAGE_CODE)

    def process_request(self, request: HttpRequest) -> None:
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and settings.SESSION_COOKIE_NAME in request.COOKIES:
            try:
                language = getattr(request.user, "language", "")
            except DatabaseError:  # code that needs the account reports the error better
                language = ""
            if language:
                translation.activate(language)
                request.LANGUAGE_CODE = translation.get_language()
                return
        super().process_request(request)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Set the language with Django's own view, and store it with the account as well."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language(request)


def remember_language(response: HttpResponse, language: str) -> HttpResponse:
    """Set the language cookie of this browser; an empty language deletes it."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            samesite="Lax",
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response
