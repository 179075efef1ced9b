"""Disputes whose events are lost, the evidence that we submit, and rows of earlier releases."""

from datetime import timedelta

import pytest

from accounts.models import User
from backoffice.tests.desk import desk_of, take
from payments.books import ledger
from payments.models import Dispute, Payment
from payments.models.ledger import EntryKind
from payments.provider.reconcile import reconcile_today
from payments.tests.dispute_scenes import FEE, books, broken, hear, odd, open_dispute, paid
from tests.cast import Clock, fresh
from tests.online import Online, later

__all__ = ["paid"]

OF_CHARGE = 59  # the fee of the charge, which the comparison books


# ---------------------------------------------------------------- lost events, and evidence


def test_a_dispute_whose_events_are_lost_is_found(online: Online, paid: Payment, clock: Clock) -> None:
    dispute = open_dispute(online, paid)
    online.events.clear()
    assert any(dispute in line for line in reconcile_today(clock.now).repaired)  # type: ignore[union-attr]
    assert Dispute.objects.get().evidence_due_by is not None
    later(clock, days=60)
    online.account.close_dispute(dispute, won=False)
    online.events.clear()
    assert any(dispute in line for line in reconcile_today(clock.now).repaired)  # type: ignore[union-attr]
    assert books() == {"provider": -FEE - OF_CHARGE, "written_off": 1000, "fees": FEE + OF_CHARGE}
    later(clock, days=1)
    run = reconcile_today(clock.now)
    assert run is not None
    assert (run.repaired, run.differences) == ([], [])


def test_evidence_that_is_due_soon_is_seen(online: Online, paid: Payment, clock: Clock) -> None:
    open_dispute(online, paid)
    hear(online)
    assert "disputes_are_answered" not in odd(clock)
    later(clock, days=8)
    assert "disputes_are_answered" in odd(clock)


@pytest.mark.parametrize("fault", ["", "lost_reply", "lost_request", "poisoned", "broken"])
def test_evidence_is_submitted_once_from_the_admin(
    online: Online, paid: Payment, staff: User, clock: Clock, fault: str
) -> None:
    open_dispute(online, paid)
    hear(online)
    row = Dispute.objects.get()
    if fault:
        online.fail(fault)
    step(staff, row, "The session took place.")
    for _ in range(4):
        online.work()
        later(clock, minutes=10)
    theirs = online.account.find("dispute", row.pk)
    assert (theirs["status"], theirs["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert "The session took place." in theirs["evidence"]["uncategorized_text"]
    assert "The partner was then at" in theirs["evidence"]["uncategorized_text"]
    row = fresh(row)
    assert (row.status, row.evidence, row.failure, row.next_step_at) == ("under_review", "", "", None)
    assert row.submitted_at is not None
    step(staff, row, "Once more.")
    online.work()
    assert (fresh(row).evidence, theirs["evidence_details"]["submission_count"]) == ("", 1)


def test_evidence_that_comes_too_late_is_said_to_be(online: Online, paid: Payment, staff: User, clock: Clock) -> None:
    dispute = open_dispute(online, paid)
    hear(online)
    online.account.close_dispute(dispute, won=False)
    row = Dispute.objects.get()
    step(staff, row, "The session took place.")
    online.work()
    row = fresh(row)
    assert (row.status, row.failure, row.evidence) == ("lost", "the bank takes no evidence any more", "")
    assert row.submitted_at is None


def test_a_loss_of_an_earlier_release_is_written_off(online: Online, paid: Payment, clock: Clock) -> None:
    """Before, a dispute was booked in full when it was opened, and a lost one stayed an asset."""
    lost, inquiry = open_dispute(online, paid, amount=400), open_dispute(online, paid, amount=600, inquiry=True)
    online.account.close_dispute(lost, won=False)
    online.events.clear()
    attempt = paid.attempts.get()
    for id, amount, status in ((lost, 400, "lost"), (inquiry, 600, "warning_needs_response")):
        Dispute.objects.create(
            id=id, attempt=attempt, amount=amount, currency="usd", reason="", status=status, opened_at=clock.now
        )
        ledger.book(EntryKind.DISPUTED, id, paid, amount, now=clock.now)
    assert books() == {"disputed": 1000}
    reconcile_today(clock.now + timedelta(days=1))
    fees = FEE + OF_CHARGE
    assert books() == {"provider": 1000 - 400 - fees, "written_off": 400, "fees": fees}
    assert broken(clock) == []


def step(staff: User, row: Dispute, reason: str) -> None:
    """Submit evidence, as staff do on the page of a dispute."""
    assert take(desk_of(staff), row, "submit_evidence", reason=reason).status_code == 200
