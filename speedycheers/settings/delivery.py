"""Sockets, web push and mail."""

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import DATA_DIR, DEBUG, env

# ---------------------------------------------------------------- sockets
SOCKET_MAX_FRAME_BYTES = 16 * 1024
SOCKETS_MAX: int = env.int("SOCKETS_MAX", default=20_000)  # in one process; more are closed with 1013
SOCKETS_PER_ACCOUNT: int = env.int("SOCKETS_PER_ACCOUNT", default=20)  # in one process; a new one closes the oldest
# Open connections per client address, HTTP and sockets together; more are closed immediately. Behind proxies, all
# connections have the proxy's address, so the proxies must count instead.
CONNECTIONS_PER_ADDRESS: int = env.int("CONNECTIONS_PER_ADDRESS", default=4000)
REQUEST_ARRIVES_S = 15  # time limit for receiving a whole request
# Connections are checked every second; a dead one is found within 10 s of its last sign of life.
SOCKET_PING_AFTER_S = 5  # of silence
SOCKET_LOST_AFTER_S = 9

# ---------------------------------------------------------------- calls to addresses that strangers can influence
# Private addresses that may be called all the same, on any port and without TLS ("127.0.0.1"): for tests only.
OUTWARD_PRIVATE: list[str] = env.list("OUTWARD_PRIVATE", default=[])
if OUTWARD_PRIVATE and not DEBUG:
    raise ImproperlyConfigured("OUTWARD_PRIVATE is for development: it lets strangers reach addresses of this network.")
# A proxy for such calls ("http://proxy.internal:3128"), which resolves names itself and must refuse private addresses.
# The proxies of the environment are not used.
OUTWARD_PROXY: str = env.str("OUTWARD_PROXY", default="")

# ---------------------------------------------------------------- search of places
# A geocoder that answers as Photon does ("https://photon.example/api"), asked beside the names that ship with the
# program. It is sent what users type.
GEOCODER_URL: str = env.str("GEOCODER_URL", default="")
if GEOCODER_URL and ("?" in GEOCODER_URL or not GEOCODER_URL.startswith(("https://", "http://"))):
    raise ImproperlyConfigured("GEOCODER_URL takes the address of a search, without a query.")

# ---------------------------------------------------------------- web push
# The private key as base64url or PEM. Without one, development creates a pair in the data folder, and production
# sends no web pushes.
VAPID_PRIVATE_KEY: str = env.str("VAPID_PRIVATE_KEY", default="", multiline=True)
VAPID_KEY_FILE: Path | None = DATA_DIR / "vapid.pem" if DEBUG and not VAPID_PRIVATE_KEY else None
VAPID_SUBJECT: str = env.str(
    "VAPID_SUBJECT", default="mailto:hello@speedycheers.test"
)  # the contact address for push services
# Hosts of browsers' push services, including their subdomains. No other host is called.
WEB_PUSH_SERVICES: list[str] = env.list(
    "WEB_PUSH_SERVICES",
    default=["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
)
# An offer that no socket acknowledges within this time is sent as a push.
OFFER_PUSH_AFTER_S: float = env.float("OFFER_PUSH_AFTER_S", default=3.0)

# ---------------------------------------------------------------- mail
# How long after the end of a session its receipt is mailed. By then the card is charged, and perhaps a tip given.
RECEIPT_AFTER_S: float = env.float("RECEIPT_AFTER_S", default=60.0)
# A mail that can't be sent within this time is given up; until then its row keeps it from being sent twice.
MAIL_SENT_WITHIN_S: int = env.int("MAIL_SENT_WITHIN_S", default=2 * 24 * 3600)
if MAIL_SENT_WITHIN_S < 60:
    raise ImproperlyConfigured("MAIL_SENT_WITHIN_S takes seconds, at least 60.")
