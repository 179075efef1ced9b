"""Sockets and web push."""

from pathlib import Path

from speedycheers.settings.base import DATA_DIR, DEBUG, env

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
