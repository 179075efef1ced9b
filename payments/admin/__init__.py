"""The admin pages of payments."""

from payments.admin import books, operations, payments

__all__ = ["books", "operations", "payments"]
