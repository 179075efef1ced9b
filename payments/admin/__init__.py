"""The admin pages of payments."""

from payments.admin import books, operations, payments, payout_holds

__all__ = ["books", "operations", "payments", "payout_holds"]
