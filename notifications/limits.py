"""Limits on what an account sends over sockets, by all its connections together."""

from django.utils.translation import gettext_noop

from api.throttles import Rate, hit_all
from core.errors import ServiceError
from core.floods import Floods

BAD_FRAMES_MAX, BAD_FRAMES_WINDOW_S = 20, 10.0
FRAMES_MAX, FRAMES_WINDOW_S = 1000, 10.0

floods = Floods()  # those of this process


class TooManyCommands(ServiceError):
    status = 429
    default_code = "throttled"
    default_detail = gettext_noop("Too many commands. Try again in %(seconds)s seconds.")


def handshake_wait(address: str) -> float | None:
    """Count a handshake of an address in this process. Returns the seconds to wait if there are too many, else None."""
    rate = Rate.named("socket_address")
    return floods.hit(("handshake", address), rate.limit, rate.period_s)


def too_many_frames(account: str) -> bool:
    """Count a frame. Returns whether they are a flood."""
    return floods.hit(("frames", account), FRAMES_MAX, FRAMES_WINDOW_S) is not None


def too_many_bad_frames(account: str) -> bool:
    """Count a malformed frame. Returns whether they are a flood."""
    return floods.hit(("bad frames", account), BAD_FRAMES_MAX, BAD_FRAMES_WINDOW_S) is not None


def count_command(scope: str, account: str) -> None:
    """Count a command in this process. Raises `TooManyCommands`, also while Valkey is away."""
    rate = Rate.named(scope)
    _refuse(floods.hit((scope, account), rate.limit, rate.period_s))


def count_command_everywhere(scope: str, account: str) -> None:
    """Count a command among those in all processes. Raises `TooManyCommands`."""
    _refuse(hit_all([(scope, account)]))


def _refuse(wait_s: float | None) -> None:
    if wait_s is not None:
        raise TooManyCommands(seconds=max(1, round(wait_s)))
