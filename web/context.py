"""Template context about the site, for every page."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Add `languages`, each as (code, own name), and `mail_folder`, the folder of development's mails or None."""
    return {
        "languages": settings.LANGUAGES,
        "mail_folder": settings.MAIL_DIR
        if settings.DEBUG and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")
        else None,
    }
