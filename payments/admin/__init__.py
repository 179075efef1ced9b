"""The admin pages of payments."""

from payments.admin import books, credits, manual, operations, payments, payout_holds, periods

__all__ = ["books", "credits", "manual", "operations", "payments", "payout_holds", "periods"]
