"""Protection of browsers: TLS, cookies, sessions and headers. With DEBUG off, everything assumes TLS in front."""

from speedycheers.settings.base import DEBUG, env
from speedycheers.settings.watching import PROBES

YEAR_S = 365 * 24 * 3600
# Off only for a trial without TLS: browsers then send sessions over connections that anybody can read.
SECURE_COOKIES: bool = not DEBUG and env.bool("SECURE_COOKIES", default=True)
# A __Host- cookie can't be planted by another host of the same domain, or over a connection without TLS.
_PREFIX = "__Host-" if SECURE_COOKIES else ""
SESSION_COOKIE_NAME = f"{_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{_PREFIX}django_language"
MESSAGE_COOKIE_NAME = f"{_PREFIX}messages"
THEME_COOKIE_NAME = f"{_PREFIX}theme"  # a script sets it
MESSAGE_STORAGE = "web.passing_messages.Storage"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = YEAR_S

# A session ends this long after signing in, or after its last use, whichever comes first.
SESSION_COOKIE_AGE: int = env.int("SESSION_AGE_S", default=14 * 24 * 3600)
SESSION_IDLE_S: int = env.int("SESSION_IDLE_S", default=3 * 24 * 3600)

SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) and not DEBUG else None
)
SECURE_SSL_REDIRECT: bool = not DEBUG and env.bool("SSL_REDIRECT", default=SECURE_COOKIES)
SECURE_REDIRECT_EXEMPT = [rf"^{probe[1:]}$" for probe in PROBES]
SECURE_HSTS_SECONDS: int = 0 if DEBUG else env.int("HSTS_S", default=YEAR_S if SECURE_COOKIES else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD: bool = env.bool("HSTS_PRELOAD", default=False)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # e-mail addresses are unique by a constraint on their lower case, which the check does not recognize
    # Both are promises for other hosts of the domain, which only their owner can make: HSTS_SUBDOMAINS, HSTS_PRELOAD.
    "security.W005",
    "security.W021",
]
