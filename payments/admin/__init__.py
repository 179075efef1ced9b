"""The admin pages of payments."""

from payments.admin import (
    books,
    credits,
    manual,
    operations,
    payments,
    payout_holds,
    periods,
    promotions,
    reconciling,
    referrals,
)

__all__ = [
    "books",
    "credits",
    "manual",
    "operations",
    "payments",
    "payout_holds",
    "periods",
    "promotions",
    "reconciling",
    "referrals",
]
