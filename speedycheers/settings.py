"""Every setting of SpeedyCheers. The environment configures it; in development all of it is optional."""

import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp import constants as csp
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# ---------------------------------------------------------------- what kind of run this is
DEBUG: bool = env.bool("DEBUG", default=True)
PORT: int = env.int("PORT", default=8000)
# The folder of every file that the program writes.
DATA_DIR = Path(env.str("SPEEDYCHEERS_DATA", default=str(BASE_DIR / "var"))).resolve()

DEVELOPMENT_SECRET_KEY = "development-only-never-used-when-DEBUG-is-off"  # noqa: S105
SECRET_KEY: str = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET_KEY)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if not DEBUG and (SECRET_KEY == DEVELOPMENT_SECRET_KEY or not ALLOWED_HOSTS):
    raise ImproperlyConfigured("With DEBUG off, set SECRET_KEY and ALLOWED_HOSTS: production has no defaults for them.")
# Where people find the pages; mails that no request has caused link to it.
SITE_URL: str = env.str(
    "SITE_URL", default=f"http://localhost:{PORT}" if DEBUG else f"https://{ALLOWED_HOSTS[0]}"
).rstrip("/")
# Browser origins, beside the site's own, that may open sockets and send forms ("https://app.example").
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
    "api",
    "notifications",
    "regions",
    "accounts",
    "payments",
    "rides",
    "requests_app",
    "web",
    "ops",
    *(["simulator"] if DEBUG else []),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "web.content_security.ContentSecurityMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "web.compression.PageCompressionMiddleware",
    "api.middleware.OneErrorShapeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "web.language.PageLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

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

# ---------------------------------------------------------------- database
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'speedycheers.sqlite3'}")
}
# Seconds to wait for a lock, then for a statement (0: without limit); an HTTP call is then answered with 503.
DATABASE_LOCK_WAIT_S: int = env.int("DATABASE_LOCK_WAIT_S", default=10)
DATABASE_STATEMENT_TIMEOUT_S: int = env.int("DATABASE_STATEMENT_TIMEOUT_S", default=30)
# Prepared statements on PostgreSQL. Off behind a pooler that gives each transaction another connection and knows none.
DATABASE_PREPARE: bool = env.bool("DATABASE_PREPARE", default=True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that reads and then writes must hold the write lock from its start:
        # upgrading later fails at once with "database is locked", whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_LOCK_WAIT_S,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        # A connection parses and plans what it has carried out five times only once.
        "server_side_binding": DATABASE_PREPARE,
        "prepare_threshold": 5 if DATABASE_PREPARE else None,
        # A connection whose other end has vanished is noticed within about 15 s.
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 15_000,
        # Who stands still in the middle of a transaction loses it, and with it the locks that others wait for.
        "options": f"-c lock_timeout={DATABASE_LOCK_WAIT_S}s -c statement_timeout={DATABASE_STATEMENT_TIMEOUT_S}s "
        "-c idle_in_transaction_session_timeout=30s",
        **DATABASES["default"].get("OPTIONS", {}),
    }
# Threads live as long as their process, and so do their connections.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The address is unique by a constraint on its lower case, which this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# ---------------------------------------------------------------- Valkey: hints only, rebuilt from the database
MAX_SOCKET_PATH_BYTES = 100  # the kernel's limit is 104 (macOS) or 108 (Linux)


def embedded_valkey_socket() -> Path:
    """The embedded Valkey's unix socket: in the data folder, or in a temporary one where that path is too long."""
    path = DATA_DIR / "valkey" / "valkey.sock"
    if len(str(path).encode()) <= MAX_SOCKET_PATH_BYTES:
        return path
    name = hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"speedycheers-{name}" / "valkey.sock"


REDIS_URL: str = env.str("REDIS_URL", default="")
VALKEY_IS_EMBEDDED = not REDIS_URL
VALKEY_SOCKET = embedded_valkey_socket()
if VALKEY_IS_EMBEDDED:
    REDIS_URL = f"unix://{VALKEY_SOCKET}"
VALKEY_TIMEOUT_S = 2.0  # for each call; none of them is worth a longer wait

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_timeout": VALKEY_TIMEOUT_S, "socket_connect_timeout": VALKEY_TIMEOUT_S},
    }
}
# For consumers that want Channels groups. Our own events do not pass through it:
# notifications/hub.py says what was measured.
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}

# ---------------------------------------------------------------- Celery
# Kombu spells a unix socket in its own way.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,  # seconds until an unacknowledged task is given to another worker
    "socket_timeout": VALKEY_TIMEOUT_S,
    "socket_connect_timeout": VALKEY_TIMEOUT_S,
    # Who publishes is told at once that it can't; Kombu's own would sleep for six seconds first, in the middle of a web
    # request. A worker that waits for its broker says otherwise (core/broker.py).
    "max_retries": 0,
}
CELERY_TASK_IGNORE_RESULT = True
# A web request must not wait for a broker that is away; the sweep wakes the task again.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "core.broker:Consumer"
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_ENABLE_REMOTE_CONTROL = True

# ---------------------------------------------------------------- people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env.str("EMAIL_VERIFICATION", default="optional")
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm"}
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a mail about each change of a password, an address or a second factor
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds for which sensitive pages stay open once the password is given again
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "SpeedyCheers"
# Browsers know passkeys on https, and on http://localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(days=30),
    "AUTO_REFRESH": False,
}
SOCKET_TICKET_TTL_S = 30
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("NUM_PROXIES", default=0)

# In development every mail becomes a file in here, and the pages that send one say so.
MAIL_DIR = DATA_DIR / "mail"
EMAIL_CONFIG = env.email_url("EMAIL_URL", default=f"filemail:///{MAIL_DIR}" if DEBUG else "consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="SpeedyCheers <hello@speedycheers.test>")
EMAIL_TIMEOUT = 10

# ---------------------------------------------------------------- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NewestFirst",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_VERSION": "1",
    "ALLOWED_VERSIONS": ["1"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["api.throttles.AccountThrottle", "api.throttles.AddressThrottle"],
    # Calls per account, and per address for those without one. Sign-in counts failures only.
    "DEFAULT_THROTTLE_RATES": {
        "account": env.str("THROTTLE_ACCOUNT", default="1200/min"),
        "address": env.str("THROTTLE_ADDRESS", default="600/min"),
        "signup": env.str("THROTTLE_SIGNUP", default="600/min" if DEBUG else "30/hour"),
        "login_pair": env.str("THROTTLE_LOGIN_PAIR", default="10/min"),
        "login_otp": env.str("THROTTLE_LOGIN_OTP", default="10/min"),
        "login_address": env.str("THROTTLE_LOGIN_ADDRESS", default="100/min"),
        # What costs more than a read: requests, positions and handshakes of sockets. Many share an address.
        "request": env.str("THROTTLE_REQUEST", default="1200/min" if DEBUG else "60/min"),
        "request_address": env.str("THROTTLE_REQUEST_ADDRESS", default="6000/min"),
        "position": env.str("THROTTLE_POSITION", default="6000/min" if DEBUG else "300/min"),
        "position_address": env.str("THROTTLE_POSITION_ADDRESS", default="60000/min"),
        "socket": env.str("THROTTLE_SOCKET", default="1200/min" if DEBUG else "120/min"),
        "socket_address": env.str("THROTTLE_SOCKET_ADDRESS", default="12000/min"),
    },
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "EXCEPTION_HANDLER": "api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "api.errors.ExceptionHandler",
    # The API keeps its error shape in development too; the traceback is in the log.
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SpeedyCheers",
    "VERSION": "1",
    "DESCRIPTION": "Ask for a cheer; the nearest free partner hears of it, comes, and cheers.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_standardized_errors.openapi_hooks.postprocess_schema_enums",
        "api.schema.camel_case_paths",
        "api.schema.whole_answers",
    ],
    "ENUM_NAME_OVERRIDES": {
        "PartnerTypeEnum": "accounts.models.PartnerType",
        "RideStatusEnum": "rides.states.RideStatus",
        "CheerRequestStatusEnum": "requests_app.states.RequestStatus",
        "ScheduledRequestStatusEnum": "requests_app.states.ScheduledStatus",
    },
}
MAX_BODY_BYTES = 64 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
IDEMPOTENCY_KEY_TTL_S = 24 * 3600

# ---------------------------------------------------------------- dispatch
OFFER_TTL_S: int = env.int("OFFER_TTL_S", default=20)
REQUEST_PATIENCE_S: int = env.int("REQUEST_PATIENCE_S", default=600)
# One radius a wave, in metres, growing.
MATCH_RADIUS_M: list[int] = [int(r) for r in env.list("MATCH_RADIUS_M", default=["2000", "5000", "10000"])]
if not MATCH_RADIUS_M or sorted(set(MATCH_RADIUS_M)) != MATCH_RADIUS_M or MATCH_RADIUS_M[0] <= 0:
    raise ImproperlyConfigured("MATCH_RADIUS_M takes growing radii in metres, for example 2000,5000,10000.")
# An offer that lapsed may go to the same partner again after this long.
REOFFER_AFTER_S: int = env.int("REOFFER_AFTER_S", default=120)
# A partner silent for longer is offered nothing.
POSITION_FRESH_S: int = env.int("POSITION_FRESH_S", default=120)
# On a busy system a reported position waits at most this long for others, to be written together with them.
POSITION_FLUSH_S: float = env.float("POSITION_FLUSH_S", default=0.025)
RETRY_BASE_S: float = env.float("RETRY_BASE_S", default=1.0)
RETRY_MAX_S: float = env.float("RETRY_MAX_S", default=30.0)

# A cheer planned ahead is looked for from this long before its time.
SCHEDULE_LEAD_S: int = env.int("SCHEDULE_LEAD_S", default=600)
SCHEDULE_AHEAD_MAX_S: int = env.int("SCHEDULE_AHEAD_MAX_S", default=14 * 24 * 3600)
# How long a shared link shows a cheer.
SHARE_TTL_S: int = env.int("SHARE_TTL_S", default=4 * 3600)

# ---------------------------------------------------------------- the map
# A template of raster or vector tiles ("https://tiles.example/{z}/{x}/{y}.png"); empty: our own offline ground.
MAP_TILES_URL: str = env.str("MAP_TILES_URL", default="")
MAP_TILES_ATTRIBUTION: str = env.str("MAP_TILES_ATTRIBUTION", default="")

# ---------------------------------------------------------------- payments
# "demo": a stand-in for Stripe on this machine (fake_stripe), for trying card payments without an account.
PAYMENTS: str = env.str("PAYMENTS", default="")
PAYMENTS_ARE_DEMO = PAYMENTS == "demo"
if PAYMENTS not in ("", "demo") or (PAYMENTS_ARE_DEMO and not DEBUG):
    raise ImproperlyConfigured("PAYMENTS takes demo, with DEBUG on; real payments are switched on by the STRIPE_ keys.")
_demo = {"key": "sk_test_demo", "hook": "whsec_demo", "page": "pk_test_demo", "base": f"http://127.0.0.1:{PORT + 1}"}
_stripe = _demo if PAYMENTS_ARE_DEMO else dict.fromkeys(_demo, "")
# Without a secret key nothing is charged: payments stay `due`, and staff settle them.
STRIPE_SECRET_KEY: str = env.str("STRIPE_SECRET_KEY", default=_stripe["key"])
STRIPE_WEBHOOK_SECRET: str = env.str("STRIPE_WEBHOOK_SECRET", default=_stripe["hook"])
STRIPE_PUBLISHABLE_KEY: str = env.str("STRIPE_PUBLISHABLE_KEY", default=_stripe["page"])
STRIPE_API_BASE: str = env.str("STRIPE_API_BASE", default=_stripe["base"])
STRIPE_TIMEOUT_S: float = env.float("STRIPE_TIMEOUT_S", default=20.0)  # for each call, before it is repeated
# Pay partners by Stripe Connect.
STRIPE_CONNECT: bool = env.bool("STRIPE_CONNECT", default=False)
# Days after which what a webhook event told is forgotten; that it came is not.
PROVIDER_EVENTS_KEPT_DAYS: int = env.int("PROVIDER_EVENTS_KEPT_DAYS", default=30)

# ---------------------------------------------------------------- sockets
SOCKET_MAX_FRAME_BYTES = 16 * 1024
SOCKETS_MAX: int = env.int("SOCKETS_MAX", default=20_000)  # in one process; more are closed with 1013
SOCKETS_PER_ACCOUNT: int = env.int("SOCKETS_PER_ACCOUNT", default=20)  # in one process; the oldest makes way
# Open connections of one address, HTTP and sockets together; more are closed at once. Behind proxies, who all
# share theirs, it is theirs to count.
CONNECTIONS_PER_ADDRESS: int = env.int("CONNECTIONS_PER_ADDRESS", default=4000)
REQUEST_ARRIVES_S = 15  # for all of a request, however slowly it is sent
# A connection is looked at every second: a dead one is found within 10 s of its last sign of life.
SOCKET_PING_AFTER_S = 5  # of silence
SOCKET_LOST_AFTER_S = 9

# ---------------------------------------------------------------- web push
# base64url of the private key, or PEM. Without one, development makes a pair and keeps it in the data folder,
# and production pushes nothing.
VAPID_PRIVATE_KEY: str = env.str("VAPID_PRIVATE_KEY", default="", multiline=True)
VAPID_KEY_FILE: Path | None = DATA_DIR / "vapid.pem" if DEBUG and not VAPID_PRIVATE_KEY else None
VAPID_SUBJECT: str = env.str(
    "VAPID_SUBJECT", default="mailto:hello@speedycheers.test"
)  # whom push services may write to
# Hosts, with those below them, that browsers' push services run on. Nothing else is ever called.
WEB_PUSH_SERVICES: list[str] = env.list(
    "WEB_PUSH_SERVICES",
    default=["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
)
WEB_PUSH_TO_LOOPBACK: bool = env.bool("WEB_PUSH_TO_LOOPBACK", default=False)  # for tests
# An offer that no socket has acknowledged by then goes out as a push.
OFFER_PUSH_AFTER_S: float = env.float("OFFER_PUSH_AFTER_S", default=3.0)

# ---------------------------------------------------------------- language, time, static files
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = not DEBUG
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
if not DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "web.storage.StaticFiles"},
    }

# ---------------------------------------------------------------- safety
# Where the map's tiles come from, if not from here ("https://tiles.example"): the pages may fetch from nowhere else.
MAP_TILE_ORIGINS: list[str] = env.list("MAP_TILE_ORIGINS", default=[])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF, "data:", *MAP_TILE_ORIGINS],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF, *MAP_TILE_ORIGINS],
        "manifest-src": [csp.SELF],
        "worker-src": [csp.SELF],
        "form-action": [csp.SELF],
        "base-uri": [csp.NONE],
        "frame-ancestors": [csp.NONE],
    }
}
PERMISSIONS_POLICY: dict[str, str | list[str]] = {
    "geolocation": "self",
    "screen-wake-lock": "self",
    "publickey-credentials-get": "self",
    "publickey-credentials-create": "self",
    "camera": [],
    "microphone": [],
    "display-capture": [],
    "usb": [],
    "serial": [],
    "browsing-topics": [],
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if not DEBUG:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=True)
    SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)  # usually the proxy's work
    SECURE_HSTS_SECONDS = env.int("HSTS_S", default=0)  # once every address of the domain is on HTTPS for good
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None

# ---------------------------------------------------------------- logging: to the standard streams, no personal data
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
    },
}

# ---------------------------------------------------------------- the admin's looks
UNFOLD = {
    "SITE_TITLE": "SpeedyCheers",
    "SITE_HEADER": "SpeedyCheers",
    "SITE_SUBHEADER": "Dispatch desk",
    "SITE_SYMBOL": "celebration",
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "ops.admin_site.dashboard",
    # None in the page itself: static/css/admin.css has them.
    "COLORS": "ops.admin_site.no_inline_colours",
    "STYLES": ["ops.admin_site.stylesheet"],
    "SIDEBAR": {"show_search": True, "navigation": "ops.admin_site.navigation"},
}
