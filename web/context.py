"""Template context about the site, for every page."""

from django.conf import settings
from django.http import HttpRequest

from payments.configuration import moves_no_money
from web.sent_mails import mails_are_shown


def site(request: HttpRequest) -> dict[str, object]:
    """Add what each page needs.

    `languages` has each as (code, own name), `mails_are_shown` tells whether `/dev/mail` has development's mails,
    `is_development` and `is_test_mode` (payments move no money) the kind of run. `theme` is the browser's choice, and
    `theme_cookie` the name of the cookie that keeps it.
    """
    return {
        "theme": request.COOKIES.get(settings.THEME_COOKIE_NAME, ""),
        "theme_cookie": settings.THEME_COOKIE_NAME,
        "languages": settings.LANGUAGES,
        "mails_are_shown": mails_are_shown(),
        "is_development": settings.DEBUG,
        "is_test_mode": moves_no_money(),
    }
