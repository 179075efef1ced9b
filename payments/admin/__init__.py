"""Money in the admin: what is owed, what became of it, and what the provider said."""

from payments.admin import books, errands, payments
from payments.admin.payments import PaymentInline

__all__ = ["PaymentInline", "books", "errands", "payments"]
