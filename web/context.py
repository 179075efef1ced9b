"""What every page may say about the site."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """`languages`: (code, own name) of each. `mail_folder`: where development's mails end up, else None."""
    return {
        "languages": settings.LANGUAGES,
        "mail_folder": settings.MAIL_DIR
        if settings.DEBUG and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")
        else None,
    }
