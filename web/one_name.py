"""One name for the site in development, where a browser reaches it by several: cookies, passkeys and mails know one."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from api.middleware import wants_page

LOOPBACK = re.compile(r"(?:127\.0\.0\.1|\[::1\])(?P<port>:\d+)?")


class OneNameMiddleware:
    """Redirects pages that are opened by a loopback address to localhost, if that is the site's name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        by_address = LOOPBACK.fullmatch(request.get_host())
        is_named = settings.SITE_URL.startswith("http://localhost")
        if by_address and is_named and request.method == "GET" and wants_page(request):
            return HttpResponseRedirect(f"http://localhost{by_address['port'] or ''}{request.get_full_path()}")
        return self.get_response(request)
