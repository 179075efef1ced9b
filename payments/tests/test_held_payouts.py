"""Payouts that wait: of new partners, to new accounts, and of what is flagged."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from pytest_django import Settings

from accounts.deferred_mails import send_deferred
from accounts.models import DeferredMail, Partner, User
from backoffice.tests.desk import desk_of, page_of, refusals, take, told, url_of
from core.errors import Conflict
from ops.audit import all_checks
from payments.books import ledger
from payments.books.payout_holds import refuse, release, sweep_payout_holds
from payments.books.refunds import refund
from payments.models import PayoutAccount, PayoutHold, Transfer
from payments.provider import accounts
from payments.states import PayoutHoldStatus, TransferStatus
from regions.models import Region
from risk.flags import clear, raise_flag
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import EMPIRE_STATE, Clock, fresh, make_clerk, report, unchanged
from tests.online import Online, later
from tests.online_scenes import charged, fare_of

Scene = Any


@pytest.fixture
def paid(online: Online, user: User, partner: Partner, nyc: Region, settings: Settings, clock: Clock) -> Scene:
    """Returns a function that has a fare of $10 paid by card, while the partner is paid by the provider."""
    settings.STRIPE_CONNECT = True
    online.save_card(user)
    accounts.onboarding_url(partner, return_url="http://testserver/", now=clock.now)
    online.account.finish_onboarding(partner.payout_account.reference)
    accounts.apply_account(online.account.find("account", partner.payout_account.reference), now=clock.now)

    def pay(minutes: float = 4) -> Any:
        report(partner, EMPIRE_STATE)
        return fare_of(charged(online, user, nyc, clock, minutes=minutes))

    return pay


def hold_of(payment: Any) -> PayoutHold:
    return PayoutHold.objects.get(payment=payment)


def look(online: Online, clock: Clock) -> list[Transfer]:
    """Let the sweep and the workers do what is due."""
    sweep_payout_holds(clock.now)
    online.work()
    return list(Transfer.objects.filter(status=TransferStatus.SUCCEEDED))


def findings(clock: Clock) -> list[str]:
    return [check.name for check in all_checks() if check.look(clock.now).wrong]


def test_a_new_partner_waits_and_is_then_paid_once(
    online: Online, paid: Scene, partner: Partner, settings: Settings, clock: Clock
) -> None:
    settings.PAYOUT_DELAY_DAYS = 7
    fare = paid()
    hold = hold_of(fare)
    assert (hold.status, hold.reasons) == (PayoutHoldStatus.HELD, ["new_partner"])
    assert hold.due_at == fare.created_at + timedelta(days=7)
    assert ledger.owed_to(partner, "usd") == 800
    later(clock, days=6.9)
    second = paid()  # counted from the first earning
    assert hold_of(second).due_at == hold.due_at
    assert look(online, clock) == []
    later(clock, days=0.2)
    assert len(look(online, clock)) == 2
    with unchanged():
        assert len(look(online, clock)) == 2
    assert len(online.account.every("transfer")) == 2
    assert ledger.owed_to(partner, "usd") == 0
    assert findings(clock) == []


def test_a_changed_account_waits_and_is_flagged(
    online: Online, paid: Scene, partner: Partner, settings: Settings, clock: Clock
) -> None:
    settings.PAYOUT_ACCOUNT_DELAY_DAYS = 3
    answer: dict[str, Any] = online.account.find("account", partner.payout_account.reference)

    def tell(fingerprint: str) -> None:
        bank = {"id": "ba_1", "fingerprint": fingerprint, "default_for_currency": True}
        accounts.apply_account({**answer, "external_accounts": {"data": [{"id": "ba_0"}, bank]}}, now=clock.now)

    EmailAddress.objects.filter(user=partner.user).update(verified=True)
    later(clock, days=10)
    tell("mine")
    assert not Flag.objects.exists()
    later(clock, days=10)
    tell("mine")
    assert not hasattr(paid(), "payout_hold")
    tell("the thief's")
    flag = Flag.objects.get()
    assert (flag.kind, flag.account) == (FlagKind.PAYOUT_ACCOUNT_CHANGED, partner.user)
    assert "thief" not in str(PayoutAccount.objects.values())
    told = DeferredMail.objects.get(kind="payout_account_changed")
    mail.outbox.clear()
    send_deferred(told.pk)
    assert (mail.outbox[0].to, mail.outbox[0].subject) == ([partner.user.email], "Your payouts go to another account")
    tell("the thief's")
    assert DeferredMail.objects.filter(kind="payout_account_changed").count() == 1
    fare = paid()
    assert hold_of(fare).reasons == ["new_payout_account"]
    later(clock, days=3)
    assert fare.pk in [transfer.payment_id for transfer in look(online, clock)]


def test_first_payouts_wait_for_staff(
    online: Online, paid: Scene, partner: Partner, staff: User, settings: Settings, clock: Clock
) -> None:
    settings.PAYOUTS_REVIEWED = 2
    fares = [paid() for _ in range(4)]
    assert [hold_of(fare).due_at for fare in fares] == [None] * 4
    flag = Flag.objects.get()
    assert (flag.kind, flag.times, flag.subject) == (FlagKind.FIRST_PAYOUT, 4, f"partner:{partner.pk}")
    later(clock, days=60)
    assert look(online, clock) == []  # time alone releases nothing
    release(hold_of(fares[0]), actor=staff, now=clock.now, reason="known")
    assert len(look(online, clock)) == 1
    release(hold_of(fares[1]), actor=staff, now=clock.now)
    assert len(look(online, clock)) == 4  # the others are no longer among the first
    steps = [(step.new, step.actor, step.reason) for step in hold_of(fares[0]).transitions.all()]
    assert steps == [("held", None, "first_payout"), ("released", staff, "known")]
    assert findings(clock) == []


def test_what_is_flagged_waits_until_staff_release_it(
    online: Online, paid: Scene, user: User, partner: Partner, staff: User, settings: Settings, clock: Clock
) -> None:
    settings.MIN_SESSION_S = 60
    fare = paid(minutes=0.01)
    assert hold_of(fare).reasons == [FlagKind.SESSION_TOO_SHORT]
    later(clock, days=60)
    assert look(online, clock) == []
    assert paid().pk in [transfer.payment_id for transfer in look(online, clock)]  # an honest one is not held
    release(hold_of(fare), actor=staff, now=clock.now)
    assert fare.pk in [transfer.payment_id for transfer in look(online, clock)]


def test_a_flag_that_comes_while_a_payout_waits_holds_it_on(
    online: Online, paid: Scene, staff: User, settings: Settings, clock: Clock
) -> None:
    settings.PAYOUT_DELAY_DAYS = 7
    fare, other = paid(), paid()
    raise_flag(FlagKind.LINKED_ACCOUNTS, now=clock.now, ride_id=fare.ride_id)
    raise_flag(FlagKind.ARRIVAL_DISPUTED, now=clock.now, ride_id=other.ride_id)
    clear(Flag.objects.get(ride=other.ride_id), actor=staff, now=clock.now)
    later(clock, days=8)
    assert [transfer.payment_id for transfer in look(online, clock)] == [other.pk]
    assert (hold_of(fare).reasons, hold_of(fare).due_at) == ([FlagKind.LINKED_ACCOUNTS], None)


def test_a_refund_while_it_waits_lowers_the_payout(
    online: Online, paid: Scene, partner: Partner, staff: User, settings: Settings, clock: Clock
) -> None:
    settings.PAYOUTS_REVIEWED = 1
    fare = paid()
    refund(fare, amount=500, reason="too quiet", actor=staff, now=clock.now)
    online.work()
    release(hold_of(fare), actor=staff, now=clock.now)
    assert [transfer.amount for transfer in look(online, clock)] == [400]
    assert (ledger.owed_to(partner, "usd"), online.account.every("transfer_reversal")) == (0, [])


def test_a_refused_payout_is_not_made_by_anything(
    online: Online, paid: Scene, partner: Partner, staff: User, settings: Settings, clock: Clock
) -> None:
    settings.PAYOUTS_REVIEWED = 1
    fare = paid()
    refuse(hold_of(fare), actor=staff, now=clock.now, reason="fraud")
    later(clock, days=60)
    accounts.apply_account(online.account.find("account", partner.payout_account.reference), now=clock.now)
    assert look(online, clock) == []
    assert ledger.owed_to(partner, "usd") == 800
    release(hold_of(fare), actor=staff, now=clock.now, reason="it was none")
    assert len(look(online, clock)) == 1
    with unchanged(), pytest.raises(Conflict, match="wrong_state"):
        refuse(hold_of(fare), actor=staff, now=clock.now)


def test_nobody_releases_a_payout_to_themselves(
    paid: Scene, partner: Partner, settings: Settings, clock: Clock
) -> None:
    settings.PAYOUTS_REVIEWED = 1
    fare = paid()
    with unchanged():
        for step in (release, refuse):
            with pytest.raises(Conflict, match="own_payout"):
                step(hold_of(fare), actor=partner.user, now=clock.now)


def test_finance_releases_in_the_admin_and_sees_the_flags(paid: Scene, settings: Settings, clock: Clock) -> None:
    settings.PAYOUTS_REVIEWED = 1
    settings.MIN_SESSION_S = 60
    hold = hold_of(paid(minutes=0.01))
    refused_desk = desk_of(make_clerk("Clerk", "payments.view_payouthold", "payments.change_payouthold"))
    with unchanged():
        assert refused_desk.post(url_of(PayoutHold, "release", hold.pk), {"_form_submitted": "on"}).status_code == 403
    desk = desk_of(make_clerk("Finance", "payments.release_payout", "risk.view_flag"))
    page = desk.get(page_of(hold)).content.decode()
    assert "Session too short" in page
    assert "First payout" in page
    assert told(take(desk, hold, "release", reason="known")) == [("success", "Release: done.")]
    assert fresh(hold).status == PayoutHoldStatus.RELEASED
    assert Transfer.objects.get().payment == hold.payment
    assert refusals(take(desk, hold, "release")) != []
