"""Template context about the site, for every page."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Add what each page needs.

    `languages` has each as (code, own name), `mail_folder` is the folder of development's mails or None, `theme` the
    browser's choice, and `theme_cookie` the name of the cookie that keeps it.
    """
    return {
        "theme": request.COOKIES.get(settings.THEME_COOKIE_NAME, ""),
        "theme_cookie": settings.THEME_COOKIE_NAME,
        "languages": settings.LANGUAGES,
        "mail_folder": settings.MAIL_DIR
        if settings.DEBUG and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")
        else None,
    }
