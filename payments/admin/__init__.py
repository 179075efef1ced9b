"""The admin pages of payments."""

from payments.admin import books, manual, operations, payments, payout_holds

__all__ = ["books", "manual", "operations", "payments", "payout_holds"]
