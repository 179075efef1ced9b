"""The programs that may watch the system, and how often it is looked at."""

from ipaddress import ip_network
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import DEBUG, env
from speedycheers.settings.refusals import is_loopback

# Paths that programs beside us ask all the time: by address instead of name, without TLS, and without a limit.
PROBES = ("/healthz", "/readyz", "/metrics")
# Callers of /metrics, who also see the names of failing parts in /readyz.
MONITOR_TOKEN: str = env.str("MONITOR_TOKEN", default="")
MONITOR_NETWORKS: list[str] = env.list("MONITOR_NETWORKS", default=["127.0.0.0/8", "::1/128"])
try:
    for _network in MONITOR_NETWORKS:
        ip_network(_network)
except ValueError as error:
    raise ImproperlyConfigured(f"MONITOR_NETWORKS takes networks such as 10.0.0.0/8: {error}.") from None
READY_KEPT_S = 1.0  # an answer of /readyz serves everybody for this long

# Who is told about alerts (alerts/rules.py). Without any of these, alerts are on their page for staff only.
ALERT_MAIL_TO: list[str] = env.list("ALERT_MAIL_TO", default=[])
ALERT_ESCALATION_MAIL_TO: list[str] = env.list("ALERT_ESCALATION_MAIL_TO", default=[])
ALERT_WEBHOOK_URL: str = env.str("ALERT_WEBHOOK_URL", default="")
ALERT_WEBHOOK_SECRET: str = env.str("ALERT_WEBHOOK_SECRET", default="")
ALERT_CHAT_URL: str = env.str("ALERT_CHAT_URL", default="")  # an incoming webhook that takes {"text": …}
for _url in (ALERT_WEBHOOK_URL, ALERT_CHAT_URL):
    if _url and not DEBUG and not _url.startswith("https://"):
        raise ImproperlyConfigured("ALERT_WEBHOOK_URL and ALERT_CHAT_URL begin with https://.")
ALERT_ESCALATE_AFTER_S: int = env.int("ALERT_ESCALATE_AFTER_S", default=900)  # unless somebody has acknowledged it
ALERT_SILENCE_S: int = env.int("ALERT_SILENCE_S", default=3600)

# Where traces are sent: a collector's address for OTLP over HTTP, with the path. Which part of the traces is recorded.
TRACES_URL: str = env.str("TRACES_URL", default="")
TRACES_SAMPLED: float = env.float("TRACES_SAMPLED", default=0.1)
if TRACES_URL and urlsplit(TRACES_URL).scheme != "https" and not is_loopback(urlsplit(TRACES_URL).hostname or ""):
    raise ImproperlyConfigured("TRACES_URL begins with https://, or its collector is on this machine.")
if not 0 <= TRACES_SAMPLED <= 1:
    raise ImproperlyConfigured("TRACES_SAMPLED is a part from 0 to 1.")
