"""The figures of the rules against fraud, which docs/fraud.md explains; amounts are minor units."""

from speedycheers.settings.base import env

# ---------------------------------------------------------------- tips
# The highest tip: this percentage of the fare, or the floor if that is more.
TIP_CAP_PERCENT: int = env.int("TIP_CAP_PERCENT", default=100)
TIP_CAP_FLOOR: int = env.int("TIP_CAP_FLOOR", default=2000)
# The highest sum of one user's tips to one partner in 24 hours.
TIPS_PER_PAIR_DAY_MAX: int = env.int("TIPS_PER_PAIR_DAY_MAX", default=10_000)

# ---------------------------------------------------------------- sessions
# A shorter session is billed as any other, but flagged, and its payout waits for a review.
MIN_SESSION_S: float = env.float("MIN_SESSION_S", default=30.0)

# ---------------------------------------------------------------- payouts
# Earnings are held for this time after a partner's first earning, and after a payout account is new or has changed.
PAYOUT_DELAY_DAYS: float = env.float("PAYOUT_DELAY_DAYS", default=7.0)
PAYOUT_ACCOUNT_DELAY_DAYS: float = env.float("PAYOUT_ACCOUNT_DELAY_DAYS", default=3.0)
# So many first payouts of a partner wait for a review by staff.
PAYOUTS_REVIEWED: int = env.int("PAYOUTS_REVIEWED", default=3)

# ---------------------------------------------------------------- cards
# So many declined cards in a row block an account from saving another for some time. Rates are with the other rates.
CARD_DECLINES_MAX: int = env.int("CARD_DECLINES_MAX", default=5)
CARD_DECLINES_WAIT_S: int = env.int("CARD_DECLINES_WAIT_S", default=6 * 3600)
# A card that more accounts have saved is flagged. Families share cards.
CARD_ACCOUNTS_MAX: int = env.int("CARD_ACCOUNTS_MAX", default=3)

# ---------------------------------------------------------------- links between accounts
# The two sides of a ride are flagged from this score on, and the payout waits for a review.
LINK_SCORE_LIMIT: int = env.int("LINK_SCORE_LIMIT", default=60)
# A kind of trace that both sides share counts this much. Households and mobile networks share addresses.
LINK_WEIGHTS: dict[str, int] = {
    "card": env.int("LINK_WEIGHT_CARD", default=100),
    "device": env.int("LINK_WEIGHT_DEVICE", default=80),
    "phone": env.int("LINK_WEIGHT_PHONE", default=80),
    "address": env.int("LINK_WEIGHT_ADDRESS", default=20),
}
LINK_SHARED_MAX: int = env.int("LINK_SHARED_MAX", default=10)  # a trace of more accounts links nobody
# The number of digests of a kind for each account.
TRACES_PER_KIND: int = env.int("TRACES_PER_KIND", default=20)
