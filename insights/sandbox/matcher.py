"""The settings of the matcher, as a replay takes them."""

from django.conf import settings

from insights.sandbox.world import Matcher
from requests_app.matching import batch, immediate, search
from requests_app.tasks import ROUNDS_MAX


def matcher() -> Matcher:
    """Return the settings of the matcher."""
    return Matcher(
        candidates=search.CANDIDATES,
        searched_max=search.SEARCHED_MAX,
        immediate=immediate.CANDIDATES,
        batch=batch.BATCH,
        waiting_max=batch.WAITING_MAX,
        rounds_max=ROUNDS_MAX,
        postpone_s=batch.POSTPONE_S,
        retry_base_s=settings.RETRY_BASE_S,
        retry_max_s=settings.RETRY_MAX_S,
        reoffer_after_s=settings.REOFFER_AFTER_S,
    )
