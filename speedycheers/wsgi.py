"""The WSGI application for all HTTP, several times faster than Django's ASGI handler (docs/architecture.md)."""

import os
import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from runner import own_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")

BOUNDARY = re.compile(r"boundary=\"?[A-Za-z0-9'()+_,./:=?-]{1,70}\"?", re.IGNORECASE)

if settings.DEBUG and not own_server.is_ours():
    raise ImproperlyConfigured("With DEBUG on, only the program's own server serves: use `make run`, or set DEBUG=0.")
django_application = get_wsgi_application()


def plain_content_type(content_type: str) -> str:
    """A content type without its parameters, except for a form's boundary.

    All text is UTF-8. Django looks up a named charset before any code of ours runs, so a charset that it does not
    know, or can't decode a query with, would cause a server error.
    """
    kind = content_type.partition(";")[0].strip()
    boundary = BOUNDARY.search(content_type)
    return f"{kind}; {boundary[0]}" if boundary and kind.lower() == "multipart/form-data" else kind


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Call Django with the plain content type."""
    if ";" in environ.get("CONTENT_TYPE", ""):
        environ["CONTENT_TYPE"] = plain_content_type(environ["CONTENT_TYPE"])
    return django_application(environ, start_response)
