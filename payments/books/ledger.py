"""Writing the ledger, and reading its balances. An entry is written in the transaction of the change it records."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import router
from django.db.models import Q, QuerySet, Sum

from accounts.models import Partner
from core.sql import insert_all
from payments.models.credit import Credit
from payments.models.ledger import Entry, EntryKind, LedgerAccount
from payments.models.payment import Payment
from payments.states import AttemptKind

RECEIVABLE, SALES, PARTNERS = LedgerAccount.RECEIVABLE, LedgerAccount.SALES, LedgerAccount.PARTNERS
PROVIDER, CASH, DISPUTED = LedgerAccount.PROVIDER, LedgerAccount.CASH, LedgerAccount.DISPUTED
FEES, WRITTEN_OFF, TAX = LedgerAccount.FEES, LedgerAccount.WRITTEN_OFF, LedgerAccount.TAX
BANK = LedgerAccount.BANK
CREDITS, PROMOTIONS = LedgerAccount.CREDITS, LedgerAccount.PROMOTIONS

# The accounts that each kind of entry debits and credits. Money comes from and goes to the provider, cash or credit.
SIDES = {
    EntryKind.OWED: (RECEIVABLE, SALES),
    EntryKind.SHARE: (SALES, PARTNERS),
    EntryKind.TAXED: (SALES, TAX),
    EntryKind.TAX_REVERSED: (TAX, SALES),
    EntryKind.TAX_RESTORED: (SALES, TAX),
    EntryKind.COLLECTED: (PROVIDER, RECEIVABLE),
    EntryKind.REFUNDED: (SALES, PROVIDER),
    EntryKind.REFUND_FAILED: (PROVIDER, SALES),
    EntryKind.SHARE_REVERSED: (PARTNERS, SALES),
    EntryKind.SHARE_RESTORED: (SALES, PARTNERS),
    EntryKind.PAID_OUT: (PARTNERS, PROVIDER),
    EntryKind.PAYOUT_REVERSED: (PROVIDER, PARTNERS),
    EntryKind.DISPUTED: (DISPUTED, PROVIDER),
    EntryKind.DISPUTE_WON: (PROVIDER, DISPUTED),
    EntryKind.DISPUTE_FEE: (FEES, PROVIDER),
    EntryKind.FEE_RETURNED: (PROVIDER, FEES),
    EntryKind.DISPUTE_LOST: (WRITTEN_OFF, DISPUTED),
    EntryKind.LOSS_APPEALED: (DISPUTED, WRITTEN_OFF),
    EntryKind.WRITTEN_OFF: (WRITTEN_OFF, RECEIVABLE),
    EntryKind.RECOVERED: (RECEIVABLE, WRITTEN_OFF),
    EntryKind.USER_CREDITED: (SALES, CASH),
    EntryKind.USER_CHARGED: (CASH, SALES),
    EntryKind.PARTNER_CREDITED: (SALES, PARTNERS),
    EntryKind.PARTNER_CHARGED: (PARTNERS, SALES),
    EntryKind.DEBT_REPAID: (CASH, PARTNERS),
    EntryKind.DEBT_WRITTEN_OFF: (WRITTEN_OFF, PARTNERS),
    EntryKind.FEE_BY_HAND: (FEES, CASH),
    EntryKind.CREDIT_GIVEN: (PROMOTIONS, CREDITS),
    EntryKind.CREDIT_ENDED: (CREDITS, PROMOTIONS),
    EntryKind.PROVIDER_FEE: (FEES, PROVIDER),
    EntryKind.FEE_GIVEN_BACK: (PROVIDER, FEES),
    EntryKind.BANKED: (BANK, PROVIDER),
    EntryKind.BANK_RETURNED: (PROVIDER, BANK),
}
INSTEAD_OF_PROVIDER = {AttemptKind.CASH: CASH, AttemptKind.CREDIT: CREDITS}
OF_PARTNERS = {kind for kind, sides in SIDES.items() if PARTNERS in sides}


def book(
    kind: EntryKind, source: str, payment: Payment, amount: int, *, now: datetime, way: str = AttemptKind.CHARGE
) -> None:
    """Book `amount` minor units, once for each kind and source. Zero is not booked.

    `way` is the kind of the attempt that collected what is booked.

    Raises: `IntegrityError` if this kind has been booked for this source.
    """
    book_all({kind: amount}, source, payment, now=now, way=way)


def book_all(
    amounts: Mapping[EntryKind, int], source: str, payment: Payment, *, now: datetime, way: str = AttemptKind.CHARGE
) -> None:
    """Book several kinds for one source, in one statement. Raises like `book`."""
    entries = []
    for kind, amount in amounts.items():
        debit, credit = (_instead(side, way) for side in SIDES[kind])
        entries.append(
            Entry(
                kind=kind,
                source=source,
                debit=debit,
                credit=credit,
                amount=amount,
                currency=payment.currency,
                payment=payment,
                partner_id=payment.partner_id if kind in OF_PARTNERS else None,
                user_id=payment.user_id if CREDITS in (debit, credit) else None,
                at=now,
            )
        )
    insert_all([entry for entry in entries if entry.amount], using=router.db_for_write(Entry, instance=payment))


def book_fee(source: str, amount: int, currency: str, *, now: datetime) -> None:
    """Book a fee that was paid outside of the provider and concerns no single payment. Raises like `book`."""
    debit, credit = SIDES[EntryKind.FEE_BY_HAND]
    Entry.objects.create(
        kind=EntryKind.FEE_BY_HAND,
        source=source,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=currency,
        at=now,
    )


def _instead(side: LedgerAccount, way: str) -> LedgerAccount:
    return INSTEAD_OF_PROVIDER.get(AttemptKind(way), side) if side == PROVIDER else side


def book_credit(kind: EntryKind, source: str, credit: Credit, amount: int, *, now: datetime) -> None:
    """Book that a credit was given, or a part of it ended. Raises like `book`."""
    debit, owed = SIDES[kind]
    entry = Entry(
        kind=kind,
        source=source,
        debit=debit,
        credit=owed,
        amount=amount,
        currency=credit.currency,
        user_id=credit.user_id,
        at=now,
    )
    insert_all([entry], using=router.db_for_write(Entry, instance=credit))


def book_movement(
    amounts: Mapping[EntryKind, int], source: str, currency: str, *, payment_id: UUID | None, now: datetime
) -> None:
    """Book what a movement of our balance with the provider changes besides the payments. Raises like `book`."""
    entries = [
        Entry(
            kind=kind,
            source=source,
            debit=SIDES[kind][0],
            credit=SIDES[kind][1],
            amount=amount,
            currency=currency,
            payment_id=payment_id,
            at=now,
        )
        for kind, amount in amounts.items()
        if amount
    ]
    insert_all(entries, using=router.db_for_write(Entry))


def balance(account: str, entries: QuerySet[Entry] | None = None) -> int:
    """Returns an account's debits less its credits, in minor units of one currency, over all entries or these."""
    rows = Entry.objects.all() if entries is None else entries
    sums = rows.aggregate(
        debit=Sum("amount", filter=Q(debit=account), default=0),
        credit=Sum("amount", filter=Q(credit=account), default=0),
    )
    return int(sums["debit"]) - int(sums["credit"])


def owed_to(partner: Partner, currency: str) -> int:
    """Returns what a partner is owed, in minor units; it is negative if they were paid too much."""
    return -balance(PARTNERS, Entry.objects.filter(partner=partner, currency=currency))
