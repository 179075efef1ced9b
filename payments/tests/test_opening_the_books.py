"""The migration that begins the ledger leaves books that the audit finds in order."""

from importlib import import_module

from django.apps import apps

from payments.audit import CHECKS
from payments.books import ledger
from payments.models import Payment
from rides.models import Ride
from tests.cast import Clock

BEFORE = [("fare", "due", 0), ("tip", "paid", 0), ("no_show_fee", "partially_refunded", 400),
          ("cancellation_fee", "refunded", 1000)]  # fmt: skip


def test_what_was_owed_paid_and_given_back_before(ride: Ride, clock: Clock) -> None:
    Payment.objects.bulk_create(
        Payment(
            ride=ride,
            user=ride.user,
            kind=kind,
            amount=1000,
            refunded_amount=refunded,
            currency="usd",
            status=status,
            created_at=clock.now,
        )
        for kind, status, refunded in BEFORE
    )
    import_module("payments.migrations.0003_open_the_books").open_the_books(apps, None)
    checks = [check for check in CHECKS if not check.name.startswith("payment_history")]
    assert [check.name for check in checks if check.look(clock.now).wrong] == []
    assert (ledger.balance("receivable"), ledger.balance("cash")) == (1000, 3000 - 1400)
