"""What a life of money must have come to once everything is done, reckoned again from its facts alone.

Bills, the ledger, payouts, statements and receipts are compared with it to the minor unit. Every function gives its
findings in words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from django.db.models import Sum

from accounts.models import Partner
from payments.books.ageing import owed_by_users, owed_to_partners
from payments.books.balances import Scope, balances
from payments.books.periods import period_of
from payments.books.statement import Parts, every_line, statement_of, zone_of
from payments.models import Attempt, Credit, Entry, Payment, PayoutAccount, PayoutHold, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.states import (
    AttemptKind,
    ManualKind,
    PaymentKind,
    PaymentStatus,
    PayoutHoldStatus,
    TransferStatus,
)
from payments.tests.facts import Facts, Life, bills_of
from payments.tests.money_life import CURRENCIES
from payments.tests.referral_reckoning import wrong_referrals
from rides.models import Ride
from rides.receipts import receipt
from rides.states import RideStatus

Key = tuple[str, str]  # currency and account
OF_SHARES = (
    EntryKind.SHARE,
    EntryKind.SHARE_REVERSED,
    EntryKind.SHARE_RESTORED,
    EntryKind.PARTNER_CREDITED,
    EntryKind.PARTNER_CHARGED,
)


def every_error(life: Life) -> list[str]:
    """Everything below, in words."""
    facts = Facts(life)
    looks = (
        wrong_bills,
        wrong_shares,
        wrong_balances,
        wrong_payouts,
        forgotten_debts,
        wrong_statements,
        wrong_receipts,
        wrong_referrals,
    )
    return [error for look in looks for error in look(facts)]


def wrong_bills(facts: Facts) -> Iterator[str]:
    """Each ride is billed once what its prices, its length and its tip say, and nothing else is."""
    bills = bills_of(facts.life)
    ours = {
        (payment.ride_id, payment.kind): (payment.currency, payment.amount, payment.tax_amount, payment.partner_share)
        for payment in facts.payments.values()
    }
    for key in bills.keys() | ours.keys():
        bill = bills.get(key)
        if ours.get(key) != (bill and (bill.currency, bill.amount, bill.tax, bill.share)):
            yield f"{key[1]} of ride {key[0]}: it is {ours.get(key)}, and should be {bill}"
    for payment in facts.payments.values():
        if payment.kind == PaymentKind.TIP and facts.credit[payment.pk]:
            yield f"{payment}: a tip was paid with credit"


def entries_by_account(entries: list[Entry]) -> Counter[Key]:
    """The balances of some entries, added up one by one."""
    sums: Counter[Key] = Counter()
    for entry in entries:
        sums[entry.currency, entry.debit] += entry.amount
        sums[entry.currency, entry.credit] -= entry.amount
    return sums


def share_in_books(payment: Payment) -> int:
    """The partner's share of a payment as the ledger has it."""
    entries = list(Entry.objects.filter(payment=payment, kind__in=OF_SHARES))
    return -entries_by_account(entries)[payment.currency, "partners"]


def wrong_shares(facts: Facts) -> Iterator[str]:
    """The ledger has what refunds, losses and staff have left of each share."""
    for payment in facts.payments.values():
        booked, expected = share_in_books(payment), facts.share_left(payment)
        most = payment.partner_share + facts.manual[ManualKind.PARTNER_CREDITED][payment.pk]
        if booked != expected if expected is not None else not 0 <= booked <= most:
            yield f"{payment}: the share is {booked}, and should be {expected}"


# ---------------------------------------------------------------- the ledger


def wrong_balances(facts: Facts) -> Iterator[str]:
    """Each account has what happened, in each currency, and all of them together nothing."""
    expected = expected_balances(facts)
    booked = entries_by_account(list(Entry.objects.all()))
    shown: Counter[Key] = Counter()
    for row in balances(None, None, Scope()):
        shown[row.currency, row.account] += row.closing
    if +shown != +booked or -shown != -booked:
        yield f"the trial balance is {dict(shown)}, and the entries {dict(booked)}"
    for currency in CURRENCIES:
        if sum(amount for (its, _), amount in booked.items() if its == currency):
            yield f"the {currency} do not add up to zero"
    for key in expected.keys() | booked.keys():
        if key[1] != "sales" and booked[key] != expected[key]:
            yield f"{key}: the books have {booked[key]}, and it should be {expected[key]}"
    for account, sign, rows in (
        ("receivable", 1, owed_by_users(Scope(), now=facts.life.clock.now)),
        ("partners", -1, owed_to_partners(Scope(), now=facts.life.clock.now)),
    ):
        for ages in rows:
            if ages.total != sign * booked[ages.currency, account]:
                yield f"{account}: {ages} by age, {booked[ages.currency, account]} in the books"


def expected_balances(facts: Facts) -> Counter[Key]:
    """The balance of every account but sales, which follows from the others."""
    found: Counter[Key] = Counter()
    for payment in facts.payments.values():
        _add_payment(found, facts, payment)
    for credit in Credit.objects.all():
        found[credit.currency, "credits"] -= credit.left
        found[credit.currency, "promotions"] += credit.amount - credit.ended
    for currency in CURRENCIES:
        of_charges = fees_of_charges(currency)
        found[currency, "provider"] = money_there(facts, currency) - of_charges
        by_hand = {kind: counted[currency] for kind, counted in facts.manual.items()}
        out, back = by_hand.get(ManualKind.PAID_BY_HAND, 0), by_hand.get(ManualKind.DEBT_REPAID, 0)
        written_off, fee = by_hand.get(ManualKind.DEBT_WRITTEN_OFF, 0), by_hand.get(ManualKind.FEE, 0)
        found[currency, "cash"] += back - out - fee
        found[currency, "partners"] += out - back - written_off
        found[currency, "written_off"] += written_off
        found[currency, "fees"] += fee + of_charges
    return found


def fees_of_charges(currency: str) -> int:
    """The provider's fees for charges, as the books have them."""
    others = [EntryKind.DISPUTE_FEE, EntryKind.FEE_RETURNED, EntryKind.FEE_BY_HAND]
    entries = list(Entry.objects.filter(currency=currency).exclude(kind__in=others))
    return entries_by_account(entries)[currency, "fees"]


def money_there(facts: Facts, currency: str) -> int:
    """Our balance at the provider in a currency, without its fees for charges."""
    moves = [one for one in facts.account.every("balance_transaction") if one["currency"] == currency]
    return sum(one["amount"] if one["type"] == "charge" else one["net"] for one in moves)


def _add_payment(found: Counter[Key], facts: Facts, payment: Payment) -> None:
    id, currency = payment.pk, payment.currency
    written_off, lost = facts.written_off(payment), facts.withdrawn(id, lost=True)
    given, taken = (facts.manual[kind][id] for kind in (ManualKind.USER_CREDITED, ManualKind.USER_CHARGED))
    found[currency, "receivable"] += payment.amount - facts.collected(id) - written_off
    found[currency, "written_off"] += written_off + lost
    found[currency, "disputed"] += facts.withdrawn(id, lost=False)
    found[currency, "fees"] += facts.dispute_fees(id)
    found[currency, "tax"] -= facts.tax_kept(payment)
    found[currency, "cash"] += facts.cash[id] - facts.refunds[id]["cash"] + taken - given
    share = facts.share_left(payment)
    found[currency, "partners"] += facts.sent[id] - (share_in_books(payment) if share is None else share)


# ---------------------------------------------------------------- payouts


def wrong_payouts(facts: Facts) -> Iterator[str]:
    """A partner whose account is ready has been paid exactly what is theirs of what has come in, and never more."""
    ready = set(PayoutAccount.objects.filter(ready=True).values_list("partner", flat=True))
    by_payment: dict[UUID, list[Transfer]] = defaultdict(list)
    for transfer in Transfer.objects.all():
        by_payment[transfer.payment_id].append(transfer)
    for payment in facts.payments.values():
        made = by_payment[payment.pk]
        ours = sum(t.amount - t.reversed_amount for t in made if t.status == TransferStatus.NETTED)
        ours += sum(t.amount for t in made if t.by_hand_id is not None)
        failed = Reversal.objects.filter(
            transfer__payment=payment, transfer__status=TransferStatus.SUCCEEDED, status=TransferStatus.FAILED
        ).aggregate(sum=Sum("amount", default=0))["sum"]
        paid, due = facts.sent[payment.pk] + ours - failed, max(0, share_in_books(payment))
        must = payment.partner_id in ready and _is_due(payment, made)
        if paid > due or (must and paid != due):
            yield f"{payment}: {paid} were paid to the partner, and {due} are theirs"


def forgotten_debts(facts: Facts) -> Iterator[str]:
    """As long as a partner owes something, nothing is paid to them that came due later."""
    for debt in Reversal.objects.filter(debt__gt=0).select_related("transfer__payment"):
        if debt.netted.filter(reversed_amount__gt=0).exists():
            continue  # it was kept for once, and is owed again
        since = debt.transitions.get(new=TransferStatus.FAILED).at
        of_partner = Transfer.objects.filter(partner=debt.transfer.partner_id)
        later = of_partner.filter(created_at__gt=since, payment__currency=debt.transfer.payment.currency)
        for transfer in later.filter(status=TransferStatus.SUCCEEDED):
            yield f"{transfer} was paid although {debt.debt} are owed since {since}"


def _is_due(payment: Payment, made: list[Transfer]) -> bool:
    """Whether nothing stands against a payout: all has come in by card or credit, and no rule or failure holds it."""
    held = PayoutHold.objects.filter(payment=payment).exclude(status=PayoutHoldStatus.RELEASED)
    by_cash = Attempt.objects.filter(payment=payment, kind=AttemptKind.CASH)
    failed = any(t.status == TransferStatus.FAILED and not t.seen_to for t in made)
    collected = payment.status in (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED)
    return collected and not failed and not by_cash.exists() and not held.exists()


# ---------------------------------------------------------------- what people are shown


def wrong_statements(facts: Facts) -> Iterator[str]:
    """A partner's months follow one another, and add up to what they have earned, were paid and are owed."""
    expected = expected_balances(facts)
    for currency in CURRENCIES:
        owed, given = 0, Counter[str]()
        for partner in facts.life.partners:
            closing, parts, errors = _months(facts.life, partner, currency)
            owed += closing
            for each in parts:
                given.update(fares=each.fares, fees=each.fees, tips=each.tips)
            yield from errors
        if owed != -expected[currency, "partners"]:
            yield f"the statements close with {owed} {currency}, and should with {-expected[currency, 'partners']}"
        shares = Counter({"fares": 0, "fees": 0, "tips": 0})
        for payment in facts.payments.values():
            part = {PaymentKind.FARE: "fares", PaymentKind.TIP: "tips"}.get(PaymentKind(payment.kind), "fees")
            shares[part] += payment.partner_share if payment.currency == currency else 0
        if given != shares:
            yield f"the statements have shares of {dict(given)} {currency}, and they are {dict(shares)}"


def _months(life: Life, partner: Partner, currency: str) -> tuple[int, list[Parts], list[str]]:
    """The last closing balance of a partner's months, what moved in each, and what is wrong with them."""
    zone = zone_of(partner)
    period = period_of(f"{life.began.astimezone(zone):%Y-%m}", zone)
    owed, parts, errors = 0, [], []
    while period.start <= life.clock.now:
        shown = statement_of(partner, period, currency, now=life.clock.now)
        lines = sum(line.amount for line in every_line(partner, period, currency))
        if (shown.opening, shown.parts.change) != (owed, lines):
            errors.append(f"{period.name}: {owed} and {lines} of lines, and it says {shown}")
        parts.append(shown.parts)
        owed, period = shown.closing, period_of(period.next, zone)
    return owed, parts, errors


def wrong_receipts(facts: Facts) -> Iterator[str]:
    """A bill says what was charged, given back, is due, paid with credit and owed as tax."""
    for ride in Ride.objects.filter(status__in=[RideStatus.COMPLETED, RideStatus.CANCELLED]):
        payments = [payment for payment in facts.payments.values() if payment.ride_id == ride.pk]
        shown = receipt(ride, now=facts.life.clock.now)
        refunded = sum(facts.refunded(payment.pk) for payment in payments)
        said = {name: shown[name]["amount"] for name in ("total", "refunded", "due", "credit")}
        expected = {
            "total": sum(payment.amount for payment in payments) - refunded,
            "refunded": refunded,
            "due": sum(payment.amount - facts.collected(payment.pk) for payment in payments),
            "credit": sum(facts.credit[payment.pk] - facts.refunds[payment.pk]["credit"] for payment in payments),
        }
        if ride.tax_rate:
            said["tax"] = shown["tax"]["amount"]["amount"]
            expected["tax"] = sum(facts.tax_kept(payment) for payment in payments)
        if said != expected:
            yield f"the receipt of ride {ride.pk} says {said}, and should say {expected}"
        lines = [(line["kind"], line["amount"]["amount"]) for line in shown["lines"]]
        if sorted(lines) != sorted((payment.kind, payment.amount) for payment in payments):
            yield f"the receipt of ride {ride.pk} has the lines {lines}"
