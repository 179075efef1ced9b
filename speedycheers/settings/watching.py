"""The programs that may watch the system, and how often it is looked at."""

from ipaddress import ip_network

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import env

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
RECOUNT_EVERY_S = 300  # rows in a final state are counted this often, by the sweep
