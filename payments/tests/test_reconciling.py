"""The comparison with the provider: each movement of our balance is read once, differences stay until they end."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from accounts.models import User
from core.errors import Conflict, Invalid
from fake_stripe.errors import declined, invalid, key_in_use
from payments.books import differences, ledger, movements
from payments.difference_states import DifferenceStatus, DifferenceSubject
from payments.models import Difference, Entry, Movement, Payment
from payments.provider import reconcile as reconciling
from payments.provider.gateway import StripeGateway
from payments.provider.reconcile import reconcile, reconcile_today
from payments.tests.reconciling_scenes import FEE, broken, paid, read, stray
from tests.cast import Clock, unchanged
from tests.online import Online, later
from tests.planning import by_index

__all__ = ["paid"]
pytestmark = pytest.mark.django_db


# ---------------------------------------------------------------- the mark


def test_a_million_payments_later_only_what_is_new_is_read(
    online: Online, paid: Payment, clock: Clock, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    read(clock)
    later(clock, days=40)
    mark = read(clock).mark
    assert mark is not None
    later(clock, days=1)
    asked = []
    listing = StripeGateway.movements

    def noted(self: StripeGateway, since: Any, until: Any) -> Any:
        asked.append(since)
        return listing(self, since, until)

    monkeypatch.setattr(StripeGateway, "movements", noted)
    with django_assert_max_num_queries(35):
        run = read(clock)
    assert (min(asked), run.looked_at) == (mark - reconciling.READ_AGAIN, 0)


def test_what_is_missing_is_found_by_indexes(online: Online, paid: Payment, clock: Clock) -> None:
    read(clock)
    found = movements.missing(clock.now, later(clock, days=1))
    with by_index():
        plan = found.explain()
    assert "movement_of_entry" in plan
    assert not [line for line in plan.splitlines() if line.split()[:1] == ["SCAN"] or "Seq Scan" in line]


def test_a_gap_of_weeks_is_read_from_the_mark_on(online: Online, paid: Payment, clock: Clock) -> None:
    read(clock)
    online.account.charge_fee(25)  # while the workers are down
    later(clock, days=40)
    assert read(clock).looked_at >= 1
    assert ledger.balance("provider") == online.account.balance()


@pytest.mark.parametrize("answer", [invalid("No."), declined("card_declined", None), key_in_use()])
@pytest.mark.parametrize("path", ["balance_transactions", "payment_intents", "disputes"])
def test_a_list_that_can_not_be_read_neither_ends_the_comparison_nor_loses_the_mark(
    online: Online, paid: Payment, clock: Clock, path: str, answer: Any
) -> None:
    mark = read(clock).mark
    online.account.charge_fee(25)
    online.server.unreadable[f"/v1/{path}"] = answer
    run = reconcile_today(later(clock, hours=1))
    assert run is not None
    assert run.finished_at is None
    assert [line.partition(":")[0] for line in run.differences] == [path.replace("_", " ")]
    assert (run.mark or mark) == (mark if path == "balance_transactions" else clock.now)
    online.server.unreadable.clear()
    assert reconcile_today(later(clock, minutes=30)) is None  # the next try is due an hour later
    again = reconcile_today(later(clock, minutes=31))
    assert again is not None
    assert (again.differences, again.finished_at is None) == ([], False)
    assert ledger.balance("provider") == online.account.balance()


def test_one_bad_object_hides_no_other(online: Online, paid: Payment, clock: Clock) -> None:
    intent = stray(online)
    first, second = online.account.every("balance_transaction")[0], online.account.charge_fee(25)
    kept = dict(first)
    online.account.things[first["id"]]["amount"] = None
    run = read(clock)
    assert (len(run.differences), run.mark) == (1, clock.now)
    assert ledger.balance("fees") == FEE + 25
    assert Movement.objects.filter(reference=second["id"]).exists()
    online.account.things[first["id"]].update(kept)
    assert read(clock).differences == [f"{intent['id']}: no row of ours knows it"]


def test_movements_of_a_kind_that_is_not_booked_are_told(online: Online, paid: Payment, clock: Clock) -> None:
    move = online.account.move("reserve_hold", -300, "usd", source=None, category="risk_reserved_funds")
    assert read(clock).differences == [
        f"{move['id']}: a movement of a kind that is not booked here: risk_reserved_funds"
    ]


def test_what_is_settled_in_another_currency_is_told(online: Online, paid: Payment, clock: Clock) -> None:
    [move] = [one for one in online.account.every("balance_transaction") if one["type"] == "charge"]
    online.account.things[move["id"]]["currency"] = "eur"
    assert any("it is settled in eur, and was in usd" in line for line in read(clock).differences)


# ---------------------------------------------------------------- differences are rows


def test_a_difference_stays_open_however_old_it_gets(online: Online, paid: Payment, clock: Clock) -> None:
    intent = stray(online)
    for days in (0, 4, 40):
        later(clock, days=days)
        assert read(clock).differences == [f"{intent['id']}: no row of ours knows it"]
    assert (Difference.objects.count(), broken(clock)) == (1, ["differences_need_nobody"])
    with pytest.raises(CommandError):
        call_command("reconcile")


def test_a_person_closes_it_once_and_with_a_reason(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    stray(online)
    read(clock)
    row = Difference.objects.get()
    with unchanged(), pytest.raises(Invalid):
        differences.close(row, actor=staff, reason=" ", now=clock.now)
    differences.close(row, actor=staff, reason="a test of finance, refunded there", now=clock.now)
    with unchanged(), pytest.raises(Conflict):
        differences.close(row, actor=staff, reason="again", now=clock.now)
    last = row.transitions.last()
    assert (last.new, last.actor, last.reason) == ("closed", staff, "a test of finance, refunded there")
    assert read(clock).differences == []


def test_a_closed_one_opens_again_if_it_has_become_another(
    online: Online, paid: Payment, staff: User, clock: Clock
) -> None:
    subject = DifferenceSubject.PAYOUT
    differences.note(subject, "x", "first", now=clock.now)
    row = Difference.objects.get()
    differences.close(row, actor=staff, reason="known", now=clock.now)
    differences.note(subject, "x", "first", now=clock.now)
    assert Difference.objects.get().status == DifferenceStatus.CLOSED
    differences.note(subject, "x", "second", now=clock.now)
    assert (Difference.objects.get().status, Difference.objects.get().text) == ("open", "second")


def test_a_cause_that_has_gone_closes_it(online: Online, paid: Payment, clock: Clock) -> None:
    move = online.account.every("balance_transaction")[-1]
    taken = online.account.things.pop(move["id"])
    assert read(clock).differences == [
        f"{paid.attempts.get().pk}: the provider has not moved what is booked as collected"
    ]
    online.account.things[move["id"]] = taken
    later(clock, minutes=1)
    reconcile(paid.created_at, now=clock.now)
    read(clock)
    row = Difference.objects.get()
    assert (row.status, row.transitions.last().reason) == ("closed", differences.CAUSE_GONE)


def test_an_entry_of_the_ledger_still_can_not_be_changed(paid: Payment) -> None:
    with pytest.raises(DatabaseError):
        Entry.objects.update(amount=1)
