"""The payment provider."""

import re

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import DEBUG, PORT, env

# "demo": a stand-in for Stripe on this machine (fake_stripe), for trying card payments without an account.
PAYMENTS: str = env.str("PAYMENTS", default="")
PAYMENTS_ARE_DEMO = PAYMENTS == "demo"
if PAYMENTS not in ("", "demo") or (PAYMENTS_ARE_DEMO and not DEBUG):
    raise ImproperlyConfigured("PAYMENTS takes demo, with DEBUG on; real payments are switched on by the STRIPE_ keys.")
_demo = {
    "key": "sk_test_demo",
    "hook": "whsec_demo",
    "connect_hook": "whsec_demo_connect",
    "page": "pk_test_demo",
    "base": f"http://127.0.0.1:{PORT + 1}",
}
_stripe = _demo if PAYMENTS_ARE_DEMO else dict.fromkeys(_demo, "")
# Without a secret key nothing is charged: payments stay `due`, and staff settle them.
STRIPE_SECRET_KEY: str = env.str("STRIPE_SECRET_KEY", default=_stripe["key"])
# The secrets of the endpoint for our own account's events, and of the one for partners' accounts. Each takes several,
# comma-separated: while a secret is changed, the provider signs with both.
STRIPE_WEBHOOK_SECRET: list[str] = [
    each for each in env.list("STRIPE_WEBHOOK_SECRET", default=[_stripe["hook"]]) if each
]
STRIPE_CONNECT_WEBHOOK_SECRET: list[str] = [
    each for each in env.list("STRIPE_CONNECT_WEBHOOK_SECRET", default=[_stripe["connect_hook"]]) if each
]
STRIPE_PUBLISHABLE_KEY: str = env.str("STRIPE_PUBLISHABLE_KEY", default=_stripe["page"])
STRIPE_API_BASE: str = env.str("STRIPE_API_BASE", default=_stripe["base"])
STRIPE_TIMEOUT_S: float = env.float("STRIPE_TIMEOUT_S", default=20.0)  # for each call, before it is repeated
# Pay partners by Stripe Connect.
STRIPE_CONNECT: bool = env.bool("STRIPE_CONNECT", default=PAYMENTS_ARE_DEMO)
# A member of staff books this much by hand in 24 hours, in minor units of each currency; what goes beyond it needs the
# approval of another. In a currency that is not named everything needs it.
MANUAL_ENTRY_LIMITS: dict[str, int] = {
    currency.lower(): int(limit)
    for currency, limit in env.dict("MANUAL_ENTRY_LIMITS", default={"usd": "20000", "eur": "20000"}).items()
}
# What a cardholder's statement adds to our account's own descriptor, within the provider's rules for a suffix:
# https://docs.stripe.com/get-started/account/statement-descriptors. The prefix and "* " leave 10 characters at least.
STRIPE_STATEMENT_SUFFIX: str = env.str("STRIPE_STATEMENT_SUFFIX", default="")
if STRIPE_STATEMENT_SUFFIX and not re.fullmatch(r"(?=.*[A-Za-z])[ -~]{1,10}", STRIPE_STATEMENT_SUFFIX):
    raise ImproperlyConfigured("STRIPE_STATEMENT_SUFFIX takes up to 10 Latin characters with a letter among them.")
if set(STRIPE_STATEMENT_SUFFIX) & set("<>\\'\"*"):
    raise ImproperlyConfigured("STRIPE_STATEMENT_SUFFIX takes none of < > \\ ' \" *.")
# How many hours after a decline a card that had too little on it is tried again, each once.
PAYMENT_RETRIES_H: list[float] = env.list("PAYMENT_RETRIES_H", cast=float, default=[1.0, 24.0, 72.0])
# How many hours after a payment has failed its user is reminded of it, and after which nothing more is done by itself.
PAYMENT_REMINDERS_H: list[float] = env.list("PAYMENT_REMINDERS_H", cast=float, default=[0.25, 72.0, 168.0])
PAYMENT_GIVE_UP_H: float = env.float("PAYMENT_GIVE_UP_H", default=336.0)
if sorted(PAYMENT_REMINDERS_H) != PAYMENT_REMINDERS_H or max([0.0, *PAYMENT_REMINDERS_H]) > PAYMENT_GIVE_UP_H:
    raise ImproperlyConfigured("PAYMENT_REMINDERS_H takes growing hours, and PAYMENT_GIVE_UP_H none before the last.")
# A lost dispute is borne by us, or its part of their share by the partner.
DISPUTES_BORNE_BY: str = env.str("DISPUTES_BORNE_BY", default="us")
if DISPUTES_BORNE_BY not in ("us", "partner"):
    raise ImproperlyConfigured("DISPUTES_BORNE_BY takes us or partner.")

# ---------------------------------------------------------------- credit
# Credit can be spent for this time. What staff give one user as apologies in 30 days has a limit, in minor units.
CREDIT_DAYS: float = env.float("CREDIT_DAYS", default=365.0)
APOLOGY_CREDIT_MAX: int = env.int("APOLOGY_CREDIT_MAX", default=5000)
# What a user and the friend whom they invite are given each, by the currency of the friend's first cheer, in minor
# units. It is given so many hours after that was paid, and to the user for so many friends within a year. Empty: off.
REFERRAL_CREDITS: dict[str, int] = {
    currency.lower(): int(amount) for currency, amount in env.dict("REFERRAL_CREDITS", default={}).items()
}
if min([1, *REFERRAL_CREDITS.values()]) < 1:
    raise ImproperlyConfigured("REFERRAL_CREDITS takes amounts above 0.")
REFERRAL_AFTER_H: float = env.float("REFERRAL_AFTER_H", default=24.0)
REFERRALS_PER_YEAR: int = env.int("REFERRALS_PER_YEAR", default=20)
