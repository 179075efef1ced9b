"""The admin pages of payments."""

from payments.admin import books, operations, payments
from payments.admin.payments import PaymentInline

__all__ = ["PaymentInline", "books", "operations", "payments"]
