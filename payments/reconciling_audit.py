"""The audit's checks of the comparisons with the provider, and of what was done there and not by us."""

from datetime import datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Abs

from backoffice.audit import ODD, OVERDUE, Checks, Result, add_history_checks, unless, wrong_rows
from payments.books.movements import BOOKED_BY_MOVEMENTS, FEE_KINDS, MOVED, with_provider
from payments.books.payouts import needing_staff
from payments.difference_states import DifferenceStatus, DifferenceSubject
from payments.models import BankPayout, Difference, Entry, Movement, Reconciliation, Transfer
from payments.models.ledger import EntryKind
from payments.provider.movements import OF_DISPUTES

CHECKS = Checks()
READ_WITHIN = timedelta(days=2)
MATCHED_WITHIN = timedelta(days=3)


@CHECKS
def movements_have_their_entries(now: datetime) -> Result:
    """The ledger has the entry that a movement of our balance names, of its amount, and the fee that the provider kept.

    The amount of a charge is compared when it is read: a part that was not captured is a movement of its own. A
    difference that has been noted about a movement says what is wrong with it.
    """
    its_amount = Q(amount=Abs(OuterRef("amount"))) | Q(kind=EntryKind.COLLECTED)
    named = Entry.objects.filter(its_amount, kind=OuterRef("booked_as"), source=OuterRef("booked_under"))
    fee = Entry.objects.filter(kind__in=FEE_KINDS, source=OuterRef("reference"), amount=Abs(OuterRef("fee")))
    noted = Difference.objects.filter(subject=DifferenceSubject.MOVEMENT, reference=OuterRef("reference"))
    booked = Q(booked_under="") | Q(Exists(named))
    free = Q(fee=0) | Q(category__in=[*OF_DISPUTES, "fee"]) | Q(Exists(fee))
    return unless(Movement.objects.all(), booked & free | Q(Exists(noted.exclude(text=""))))


@CHECKS
def what_movements_book_has_a_movement(now: datetime) -> Result:
    """Each fee of the provider and each payout to our bank in the ledger is that of a movement."""
    booked = Entry.objects.filter(kind__in=BOOKED_BY_MOVEMENTS)
    moved = Movement.objects.filter(reference=OuterRef("source"))
    return wrong_rows(booked, booked.filter(~Exists(moved)))


@CHECKS.of_kind(ODD)
def differences_need_nobody(now: datetime) -> Result:
    """Our books and the provider's don't differ, or staff have dealt with it."""
    return unless(Difference.objects.all(), ~Q(status=DifferenceStatus.OPEN))


@CHECKS.of_kind(OVERDUE)
def the_provider_is_read(now: datetime) -> Result:
    """Once they have been read at all, the movements of our balance are read within two days of what is booked."""
    mark = Reconciliation.objects.aggregate(last=Max("mark"))["last"]
    entries = Entry.objects.filter(with_provider(), kind__in=MOVED)
    unread = entries.none() if mark is None else entries.filter(at__gt=mark, at__lt=now - READ_WITHIN)
    return wrong_rows(entries, unread)


@CHECKS.of_kind(OVERDUE)
def bank_payouts_are_matched(now: datetime) -> Result:
    """An automatic payout to our bank is the sum of its movements, line by line."""
    payouts = BankPayout.objects.all()
    return wrong_rows(payouts, payouts.filter(automatic=True, matched_at=None, created_at__lt=now - MATCHED_WITHIN))


@CHECKS.of_kind(ODD)
def payouts_need_nobody(now: datetime) -> Result:
    """No transfer has failed, or was taken back elsewhere, without staff having seen to it."""
    transfers = Transfer.objects.all()
    return wrong_rows(transfers, needing_staff(transfers))


add_history_checks(CHECKS, "difference", Difference, Difference.history, Difference.graph)
