"""Accounts, sign-in, tokens and mail."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import DATA_DIR, DEBUG, env
from speedycheers.settings.refusals import NO_MAIL, mail_is_readable, mail_refusal

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
# The accounts of `make run`, whose password is public. They exist in development only; elsewhere they are refused.
DEMO_ACCOUNTS: bool = DEBUG
PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher", "accounts.hashers.PBKDF2Hasher"]
# Passwords hashed at the same time in one process (19 MiB each), and how long others wait before they are refused.
PASSWORD_HASHES_AT_ONCE: int = env.int("PASSWORD_HASHES_AT_ONCE", default=4)
PASSWORD_HASH_WAIT_S: float = env.float("PASSWORD_HASH_WAIT_S", default=3.0)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "accounts.password_rules.BreachedPasswordValidator"},
    {"NAME": "accounts.password_rules.ContextValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# "mandatory": nobody signs in before the address is confirmed.
ACCOUNT_EMAIL_VERIFICATION: str = env.str("EMAIL_VERIFICATION", default="optional" if DEBUG else "mandatory")
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm", "reset_password": "accounts.forms.ResetPasswordForm"}
# Sign-ins, sign-ups and second factors are limited by api/attempts.py instead, as in the API.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "signup": None}
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_DISPLAY = "accounts.adapters.label_of"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a mail about each change of a password, an address or a second factor
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds until sensitive pages ask for the password again
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
ADDRESS_UNDO_DAYS: int = env.int("ADDRESS_UNDO_DAYS", default=7)  # how long the old address may undo a change
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "reauthenticate": "accounts.forms.SecondFactorAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "SpeedyCheers"
MFA_TOTP_TOLERANCE = 0  # a code counts in its own 30 seconds only, for which a used one is remembered
MFA_RECOVERY_CODES_SHOW_ONCE = True  # only their hashes are kept (accounts/recovery_codes.py)
# Browsers support passkeys on https and on http://localhost.
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
TOKENS_PER_ACCOUNT: int = env.int("TOKENS_PER_ACCOUNT", default=50)  # a new one ends the oldest
# Staff sign in for a shift: their tokens end after so many seconds, their sessions after so many without a call.
STAFF_TOKEN_TTL_S: int = env.int("STAFF_TOKEN_TTL_S", default=12 * 3600)
if not 0 < STAFF_TOKEN_TTL_S <= 12 * 3600:
    raise ImproperlyConfigured("STAFF_TOKEN_TTL_S takes seconds, at most 43200: 12 hours.")
STAFF_IDLE_S: int = env.int("STAFF_IDLE_S", default=30 * 60)
if STAFF_IDLE_S <= 0:
    raise ImproperlyConfigured("STAFF_IDLE_S takes seconds, at least 1.")
SOCKET_TICKET_TTL_S = 30
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("NUM_PROXIES", default=0)

# In development every mail becomes a file in this folder, and the pages that send mails say so.
MAIL_DIR = DATA_DIR / "mail"
EMAIL_URL: str = env.str("EMAIL_URL", default=f"filemail:///{MAIL_DIR}" if DEBUG else "")
if reason := mail_refusal(EMAIL_URL, debug=DEBUG):
    raise ImproperlyConfigured(reason)
EMAIL_CONFIG = env.email_url_config("dummymail://" if EMAIL_URL == NO_MAIL else EMAIL_URL)
vars().update(EMAIL_CONFIG)
if not DEBUG and mail_is_readable(EMAIL_CONFIG):
    raise ImproperlyConfigured("EMAIL_URL sends mails and its password without TLS: use smtp+tls:// or smtp+ssl://.")
EXAMPLE_DOMAIN = "speedycheers.test"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"SpeedyCheers <hello@{EXAMPLE_DOMAIN}>")
EMAIL_TIMEOUT = 10
