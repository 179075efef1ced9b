"""Scenes that the tests of the admin share."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from alerts.tests.scenes import make_alert
from failures.tests.scenes import failing_mail, given_up_mail
from payments.books import differences, holds, movements, payouts
from payments.books.disputes import apply_dispute
from payments.books.ledger import book
from payments.difference_states import DifferenceSubject
from payments.models import Attempt, Customer, Payment, PayoutAccount, PayoutHold, Reconciliation, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.provider.webhook import take_provider_event
from payments.states import HoldStatus, PayoutHoldStatus
from regions.models import Region
from requests_app import dead_letters, services
from requests_app.models import CheerRequest, ScheduledRequest
from requests_app.planning import places, schedule
from requests_app.sharing import links
from rides.models import Ride
from rides.services import rate_ride
from risk.flags import raise_flag
from risk.states import FlagKind
from tests.cast import (
    accept,
    decline,
    end,
    fresh,
    make_applicant,
    make_partner,
    make_user,
    match,
    open_offer,
    queue,
    start,
    submit,
    token_of,
)

HOUR = timedelta(hours=1)


def make_dead_letter(user: User) -> CheerRequest:
    """A request that nobody took."""
    request = queue(user, now=timezone.now() - HOUR)
    assert dead_letters.dead_letter(request.pk, now=timezone.now())
    return fresh(request)  # type: ignore[no-any-return]


def plan(user: User, *, ahead: timedelta = HOUR, now: datetime | None = None) -> ScheduledRequest:
    """A cheer planned so long ahead."""
    moment = now or timezone.now()
    return schedule.schedule_request(
        user, lat=40.7484, lng=-73.9857, request_type=None, note="Later", scheduled_for=moment + ahead, now=moment
    )


def planned_and_shared(user: User, other: User, *, now: datetime) -> None:
    """One cheer that waits for its time, one that was requested, a saved place, and a link to what is under way."""
    plan(other, now=now)
    request = schedule.request_scheduled(plan(user, now=now - HOUR).pk, now=now)
    assert request is not None
    places.save_place(user, name="Home", lat=40.75, lng=-73.99, now=now)
    links.share_request(user, request.pk, now=now)


def everything(nyc: Region, staff: User) -> None:
    """Rows of every model, in every state that the services lead to."""
    partners = [make_partner(f"Pia {n}") for n in range(4)]
    make_applicant("Ann")
    make_dead_letter(make_user("Dora"))
    users = [make_user(f"Uma {n}") for n in range(5)]
    first = submit(users[0])
    match(nyc)
    decline(open_offer(first), "busy")
    match(nyc)
    done = end(start(accept(open_offer(first))))
    rate_ride(fresh(done), stars=4, comment="<b>loud</b>")
    for user in users[1:4]:
        submit(user)
        match(nyc)
    running, _, cancelled = [open_offer(r) for r in CheerRequest.objects.filter(user__in=users[1:4]).order_by("pk")]
    start(accept(running))
    accept(cancelled)
    services.cancel_request_as_staff(cancelled.request, actor=staff, reason="<script>", now=timezone.now())
    submit(users[4], note="'\"><script>alert(1)</script>")
    planned_and_shared(make_user("Paula"), make_user("Pam"), now=timezone.now())
    take_provider_event({"id": "evt_1", "type": "payment_intent.created"}, now=timezone.now())
    raise_flag(FlagKind.TIP_OVER_CAP, now=timezone.now(), account_id=users[0].pk)
    make_alert()
    failing_mail(users[0])
    given_up_mail(users[1])
    for person in (*users, *(partner.user for partner in partners)):
        token_of(person)


def held_and_paid_out(ride: Ride, *, now: datetime) -> None:
    """Add to a completed ride what it has where cards are charged: a released hold, a payout, a reversal, a dispute.

    The rows of `payments`, without the provider that they are about.
    """
    customer = Customer.objects.create(user=ride.user, reference="cus_1", card_reference="pm_1", created_at=now)
    with transaction.atomic():
        hold = holds.place(
            customer, request_id=ride.request_id, amount=6000, currency="usd", off_session=False, now=now
        )
        holds.move(hold, HoldStatus.AUTHORIZED, now=now, reason="", next_step_at=None)
        holds.release_one(hold, now=now)
        holds.move(hold, HoldStatus.RELEASED, now=now, reason="", next_step_at=None)
    fare = Payment.objects.get(ride=ride, kind="fare")
    with transaction.atomic():
        delayed = PayoutHold(payment=fare, partner=ride.partner, reasons=["new_partner"], due_at=now, created_at=now)
        delayed.create(actor=None, at=now)
        delayed.move(PayoutHoldStatus.RELEASED, actor=None, at=now, due_at=None)
    PayoutAccount.objects.create(partner=ride.partner, reference="acct_1", created_at=now, next_step_at=None)
    paid = Transfer(payment=fare, partner=ride.partner, amount=800, key="transfer:1", created_at=now)
    paid.create(actor=None, at=now)
    payouts.succeed(paid, "tr_1", now=now)
    with transaction.atomic():
        book(EntryKind.SHARE_REVERSED, str(fare.pk), fare, 100, now=now)
        payouts.reverse(fare, source=fare.pk, now=now)
    back = Reversal.objects.get()
    payouts.succeed(back, "trr_1", now=now)
    _read_from_the_provider(paid, now=now)
    attempt = Attempt.objects.filter(payment__ride=ride)[:1].get()
    Attempt.objects.filter(pk=attempt.pk).update(reference="pi_1")
    moved = {"amount": -200, "fee": 1500}
    denied = {"id": "dp_1", "payment_intent": "pi_1", "amount": 200, "currency": "usd", "status": "needs_response"}
    apply_dispute({**denied, "balance_transactions": [moved]}, now=now)


def _read_from_the_provider(paid: Transfer, *, now: datetime) -> None:
    """A comparison with the provider has read a transfer, a payout to our bank, and a difference that has gone."""
    move = {"id": "txn_1", "amount": -800, "fee": 5, "currency": "usd", "created": now.timestamp(), "source": "tr_1"}
    books = movements.fee_books(5)
    verdict = movements.Verdict("tr_1", EntryKind.PAID_OUT, paid.pk, paid.payment_id, books)
    movements.store(move, verdict, now=now)
    payout = {"id": "po_1", "amount": 900, "currency": "usd", "automatic": True, "created": now.timestamp()}
    movements.take_payout(payout)
    differences.note(DifferenceSubject.PAYOUT, "po_1", "it paid 900, and its movements add up to 0", now=now)
    differences.settle(DifferenceSubject.PAYOUT, "po_1", now=now)
    Reconciliation.objects.create(started_at=now, finished_at=now, mark=now)
