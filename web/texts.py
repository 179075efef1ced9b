"""The scripts' texts, by language."""

import hashlib
from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

LOCALE = settings.LOCALE_PATHS[0]
YEAR_S = 365 * 24 * 3600


class _Texts(JavaScriptCatalog):
    """The catalogue of our own scripts; the admin's scripts have their own."""

    packages = ["web"]  # any name: Django calls get_paths only if packages are named

    def get_paths(self, packages: Any) -> list[str]:
        return [str(LOCALE)]


_texts = _Texts.as_view()


@cache_control(public=True, max_age=YEAR_S, immutable=True)
def texts(request: HttpRequest, language: str) -> HttpResponseBase:
    """A script with a language's texts. Its address changes with the texts, so browsers may cache it for a year."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(language):
        return _texts(request)


def texts_address(language: str) -> str:
    """The address of a language's present texts."""
    return f"{reverse('texts', args=[language])}?{_version(language)}"


@cache
def _version(language: str) -> str:
    path = LOCALE / language / "LC_MESSAGES" / "djangojs.mo"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else "0"
