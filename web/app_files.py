"""The files of the installable app (manifest, service worker, offline page), and those for search engines."""

import hashlib
import json
from functools import cache

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from web.sources import parts, source_text

# Files that the offline page needs and every page loads first.
SHEET = "css/house.css"
SHELL = [
    SHEET,
    "js/offline.js",
    "icons/favicon.svg",
    "vendor/bricolage-grotesque/latin.woff2",
]
ICONS = [("icons/app-192.png", "192x192", "any"), ("icons/app-512.png", "512x512", "any")]
MASKABLE = ("icons/app-maskable-512.png", "512x512", "maskable")
WORKER = "js/service-worker.js"
PUSH = "js/sw-push.js"  # shows push messages; absent from programs that can't push
PUBLIC = ["home", "help", "terms", "privacy", "account_login", "account_signup"]
PRIVATE = ["/account/", "/admin/", "/cheer/", "/history", "/partner", "/ride/", "/staff/"]


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """The web app manifest, in the reader's language."""
    body = {
        "id": "/",
        "name": "SpeedyCheers",
        "short_name": "SpeedyCheers",
        "description": _("Someone shows up and cheers you on. Now."),
        "lang": request.LANGUAGE_CODE,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fffdf8",
        "theme_color": "#ffc629",
        "icons": [
            {"src": static(path), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for path, sizes, purpose in [*ICONS, MASKABLE]
        ],
        "shortcuts": [{"name": _("Your cheers"), "url": reverse("history")}],
    }
    return JsonResponse(body, content_type="application/manifest+json")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker with the shell's file list. A change to any file changes its bytes, and so replaces it."""
    shell = [static(path) for path in shell_files()]
    settled = {"VERSION": _version(), "SHELL": shell, "OFFLINE": reverse("offline"), "HASHED": not settings.DEBUG}
    lines = [f"const {name} = {json.dumps(value)};" for name, value in settled.items()]
    if finders.find(PUSH):
        lines.append(f"importScripts({json.dumps(static(PUSH))});")
    return HttpResponse("\n".join([*lines, _text(WORKER)]), content_type="text/javascript")


def shell_files() -> list[str]:
    """The shell's files; in development also the parts of the stylesheet, which web/storage.py joins in production."""
    return [*SHELL, *parts(SHEET)] if settings.DEBUG else SHELL


def _version() -> str:
    """A version that changes with the content of any file of the shell."""
    digest = hashlib.sha256()
    for path in [*SHELL, *parts(SHEET), WORKER]:
        digest.update(_text(path).encode())
    return digest.hexdigest()[:12]


def _text(path: str) -> str:
    return source_text(path) if settings.DEBUG else _text_once(path)


_text_once = cache(source_text)


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that the service worker shows offline. It has no personal data, because it stays on the device."""
    return render(request, "web/offline.html")


@require_safe
@cache_control(max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """The `robots.txt`, which excludes private pages."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in PRIVATE),
        "Allow: /account/login/",
        "Allow: /account/signup/",
    ]
    lines.append(f"Sitemap: {request.build_absolute_uri(reverse('sitemap'))}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@require_safe
@cache_control(max_age=86400)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The sitemap of the public pages."""
    pages = [request.build_absolute_uri(reverse(name)) for name in PUBLIC]
    return render(request, "web/sitemap.xml", {"pages": pages}, content_type="application/xml")
