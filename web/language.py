"""In which language pages speak."""

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
    """People get their language: by the cookie of the language choice, their account, their browser, in this order.

    Programs, which show a token, get what they ask for by Accept-Language, and else English.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        try:
            return super().__call__(request)
        finally:  # what this thread does next is not for this reader
            translation.activate(settings.LANGUAGE_CODE)

    def process_request(self, request: HttpRequest) -> None:
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and settings.SESSION_COOKIE_NAME in request.COOKIES:
            try:
                language = getattr(request.user, "language", "")
            except DatabaseError:  # whoever needs the account says so better
                language = ""
            if language:
                translation.activate(language)
                request.LANGUAGE_CODE = translation.get_language()
                return
        super().process_request(request)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Django's own choice of a language, remembered with the account as well."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return set_language(request)


def remember_language(response: HttpResponse, language: str) -> HttpResponse:
    """Let this browser speak a language from now on; an empty one forgets what was chosen."""
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
