"""Basic settings: the kind of run, the site's address, and the installed parts."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.refusals import refusal

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()

# ---------------------------------------------------------------- the kind of run
# On for development only; `make run` turns it on.
DEBUG: bool = env.bool("DEBUG", default=False)
PORT: int = env.int("PORT", default=8000)
HOST: str = env.str("HOST", default="127.0.0.1")  # the address that our own server listens on
# The folder for all files that the program writes.
DATA_DIR = Path(env.str("SPEEDYCHEERS_DATA", default=str(BASE_DIR / "var"))).resolve()

DEVELOPMENT_SECRET_KEY = "development-only-never-used-when-DEBUG-is-off"  # noqa: S105
SECRET_KEY: str = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET_KEY)
# Earlier keys, newest first: what they have signed or encrypted stays readable.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if reason := refusal(
    debug=DEBUG,
    host=HOST,
    secret_key="" if SECRET_KEY == DEVELOPMENT_SECRET_KEY else SECRET_KEY,
    known_keys=[key for key in SECRET_KEY_FALLBACKS if key == DEVELOPMENT_SECRET_KEY],
    allowed_hosts=ALLOWED_HOSTS,
):
    raise ImproperlyConfigured(reason)
# The public address of the pages, for links in mails that are sent outside of a request.
SITE_URL: str = env.str(
    "SITE_URL", default=f"http://localhost:{PORT}" if DEBUG else f"https://{ALLOWED_HOSTS[0]}"
).rstrip("/")
# Browser origins, in addition to the site's own, that may open sockets and send forms ("https://app.example").
CSRF_TRUSTED_ORIGINS: list[str] = env.list("TRUSTED_ORIGINS", default=[])

# ---------------------------------------------------------------- parts
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "backoffice",
    "api",
    "notifications",
    "regions",
    "risk",
    "alerts",
    "accounts",
    "payments",
    "rides",
    "requests_app",
    "failures",
    "insights",
    "web",
    "ops",
]
# The bots' commands, if their dependencies are installed (requirements-tools.txt).
TOOLS_ARE_INSTALLED = all(find_spec(package) for package in ("httpx", "rich", "websockets"))
if TOOLS_ARE_INSTALLED:
    INSTALLED_APPS.append("simulator")

MIDDLEWARE = [
    "api.request_log.RequestLogMiddleware",
    "api.middleware.PlainHttpMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "web.answer_headers.AnswerHeadersMiddleware",
    "web.content_security.ContentSecurityMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "web.compression.PageCompressionMiddleware",
    "api.security_log.SecurityLogMiddleware",
    "api.middleware.OneErrorShapeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "api.middleware.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.AuthenticationMiddleware",
    "web.language.PageLanguageMiddleware",
    "api.page_throttle.PageThrottleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.StaffFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
if DEBUG:
    MIDDLEWARE.insert(MIDDLEWARE.index("api.middleware.HostMiddleware") + 1, "web.one_name.OneNameMiddleware")

ROOT_URLCONF = "speedycheers.urls"
WSGI_APPLICATION = "speedycheers.wsgi.application"
ASGI_APPLICATION = "speedycheers.asgi.application"


TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "web.context.site",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
