"""Signs of life of parts that nobody calls, such as the sweep."""

from core import valkey

KEPT_S = 10


def beat(part: str) -> None:
    """Note that a part is alive, for `KEPT_S`. While Valkey is down nothing is noted."""
    try:
        valkey.client().set(f"heartbeat:{part}", 1, ex=KEPT_S)
    except valkey.Unreachable:
        return


def is_alive(part: str) -> bool:
    """Whether a part has given a sign of life within `KEPT_S`. Raises `valkey.Unreachable`."""
    return bool(valkey.client().exists(f"heartbeat:{part}"))
