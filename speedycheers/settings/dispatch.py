"""Offers, matching, positions, planned cheers and shared links."""

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import env

OFFER_TTL_S: int = env.int("OFFER_TTL_S", default=20)
REQUEST_PATIENCE_S: int = env.int("REQUEST_PATIENCE_S", default=600)
# Staff may requeue a dead letter for this long; later the user has to ask again.
REQUEUE_MAX_AGE_S: int = env.int("REQUEUE_MAX_AGE_S", default=3600)
# A dead letter that is older than this is marked as overdue.
DEAD_LETTER_TARGET_MINUTES: int = env.int("DEAD_LETTER_TARGET_MINUTES", default=15)
# The farthest that staff may have a partner looked for, and the longest, for one request.
WIDEN_RADIUS_MAX_M: int = env.int("WIDEN_RADIUS_MAX_M", default=50_000)
WIDEN_PATIENCE_MAX_S: int = env.int("WIDEN_PATIENCE_MAX_S", default=7200)
# The search radius of each wave, in metres, in ascending order.
MATCH_RADIUS_M: list[int] = [int(r) for r in env.list("MATCH_RADIUS_M", default=["2000", "5000", "10000"])]
if not MATCH_RADIUS_M or sorted(set(MATCH_RADIUS_M)) != MATCH_RADIUS_M or MATCH_RADIUS_M[0] <= 0:
    raise ImproperlyConfigured("MATCH_RADIUS_M takes growing radii in metres, for example 2000,5000,10000.")
# A partner who let an offer lapse may get the same request again after this time.
REOFFER_AFTER_S: int = env.int("REOFFER_AFTER_S", default=120)
# A partner who has sent no position for longer gets no offers.
POSITION_FRESH_S: int = env.int("POSITION_FRESH_S", default=120)
# The longest time that a reported position waits, on a busy system, to be written together with others.
POSITION_FLUSH_S: float = env.float("POSITION_FLUSH_S", default=0.025)
# A position that a partner can't have reached is held back: faster than this between two reports, beyond an allowance
# for the errors of devices.
POSITION_SPEED_MAX_MPS: float = env.float("POSITION_SPEED_MAX_MPS", default=50.0)
POSITION_ALLOWANCE_M: float = env.float("POSITION_ALLOWANCE_M", default=300.0)
# A position whose device names a larger error is not used.
POSITION_ACCURACY_MAX_M: float = env.float("POSITION_ACCURACY_MAX_M", default=300.0)
# A report's own time counts up to this long before its receipt. One that runs further ahead of our clock is not used.
POSITION_LATE_S: int = env.int("POSITION_LATE_S", default=20)
POSITION_AHEAD_S: int = env.int("POSITION_AHEAD_S", default=300)
# So many reports in a row, over this time, make a place plausible that can't have been reached.
POSITION_SETTLE_REPORTS: int = env.int("POSITION_SETTLE_REPORTS", default=5)
POSITION_SETTLE_S: int = env.int("POSITION_SETTLE_S", default=60)
# So many implausible reports within this time raise a flag.
POSITION_FLAG_REPORTS: int = env.int("POSITION_FLAG_REPORTS", default=10)
POSITION_FLAG_SPAN_S: int = env.int("POSITION_FLAG_SPAN_S", default=3600)
# A partner has arrived after this many fresh reports in a row within this radius of the place. The first and the last
# are received at least this many seconds apart.
ARRIVAL_RADIUS_M: float = env.float("ARRIVAL_RADIUS_M", default=100.0)
ARRIVAL_REPORTS: int = env.int("ARRIVAL_REPORTS", default=2)
ARRIVAL_DWELL_S: float = env.float("ARRIVAL_DWELL_S", default=3.0)
# An arrival is taken back after this many fresh reports in a row from farther away.
LEFT_PLACE_M: float = env.float("LEFT_PLACE_M", default=300.0)
LEFT_PLACE_REPORTS: int = env.int("LEFT_PLACE_REPORTS", default=3)
# A partner on the way of whom nothing has been heard for longer may be anywhere: nobody says that they stayed away.
SILENT_ON_THE_WAY_S: int = env.int("SILENT_ON_THE_WAY_S", default=30)
# A session is flagged whose partner sends this many reports in a row from farther away.
PARTED_M: float = env.float("PARTED_M", default=500.0)
PARTED_REPORTS: int = env.int("PARTED_REPORTS", default=5)
if not ARRIVAL_RADIUS_M < LEFT_PLACE_M <= PARTED_M:
    raise ImproperlyConfigured("ARRIVAL_RADIUS_M is less than LEFT_PLACE_M, which is at most PARTED_M.")
# A partner who has turned down more than this share of their last offers, of so many at least, sees only roughly where
# the next ones are.
DECLINES_OF_LAST: int = env.int("DECLINES_OF_LAST", default=20)
DECLINES_AT_LEAST: int = env.int("DECLINES_AT_LEAST", default=10)
DECLINES_SHARE: float = env.float("DECLINES_SHARE", default=0.8)
if not 1 <= DECLINES_AT_LEAST <= DECLINES_OF_LAST <= 100:
    raise ImproperlyConfigured("DECLINES_AT_LEAST is at most DECLINES_OF_LAST, and both are 1 to 100.")
# Whether free partners are told where it is likely to be busier, in regions whose policy says nothing about it.
ADVISE_PARTNERS: bool = env.bool("ADVISE_PARTNERS", default=True)
RETRY_BASE_S: float = env.float("RETRY_BASE_S", default=1.0)
RETRY_MAX_S: float = env.float("RETRY_MAX_S", default=30.0)

# A planned cheer's request is created this long before its time.
SCHEDULE_LEAD_S: int = env.int("SCHEDULE_LEAD_S", default=600)
SCHEDULE_AHEAD_MAX_S: int = env.int("SCHEDULE_AHEAD_MAX_S", default=14 * 24 * 3600)
# The lifetime of a shared link.
SHARE_TTL_S: int = env.int("SHARE_TTL_S", default=4 * 3600)
