"""The partner's console, and what it says they have earned."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.applications import decide_application
from accounts.models import Partner, User
from accounts.states import Application
from payments.books.ledger import owed_to
from payments.books.periods import period_of
from payments.books.refunds import refund
from payments.books.statement import statement_of, zone_of
from payments.models import Payment
from payments.states import PaymentKind
from regions.models import Region
from regions.selectors import forget_regions
from requests_app.models import Offer
from requests_app.services import cancel_request
from rides.models import Ride
from rides.services import rate_ride, tip_ride
from tests.cast import Clock, accept, end, fresh, make_applicant, match, open_offer, start, submit
from tests.settling import settle_in_cash
from web.selectors import earnings_of
from web.tests.browse import browser_of, data_of, text_of


def test_the_console_starts_from_the_present_state(partner: Partner, offer: Offer) -> None:
    data = data_of(browser_of(partner.user).get("/partner"))
    assert data["partner"]["status"] == "offered"
    assert [o["offerId"] for o in data["offers"]] == [str(offer.pk)]
    assert data["ride"] is None
    assert data["types"]["pep_talk"]["name"] == "Pep talk"


def test_the_ride_in_hand(partner: Partner, ride: Ride) -> None:
    data = data_of(browser_of(partner.user).get("/partner"))
    assert data["ride"]["rideId"] == str(ride.pk)
    assert data["ride"]["userName"] == "Ada"
    assert data["ride"]["pin"] is None
    assert data["offers"] == []


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (None, "We are reviewing your application"),
        (Application.REJECTED, "We can't offer you a place right now"),
        (Application.SUSPENDED, "Your account is paused"),
    ],
)
def test_without_approval_there_is_no_switch(nyc: object, clock: Clock, decision: str | None, says: str) -> None:
    applicant = make_applicant("Nora")
    if decision == Application.SUSPENDED:
        decide_application(applicant, Application.APPROVED, actor=None, now=clock.now)
    if decision:
        decide_application(fresh(applicant), decision, actor=None, now=clock.now)
    answer = browser_of(applicant.user).get("/partner")
    assert says in text_of(answer)
    assert 'id="online"' not in answer.content.decode()


def test_earnings_are_the_share_of_fares_and_tips(partner: Partner, completed: Ride, clock: Clock) -> None:
    tip_ride(completed, amount=300, currency="usd", now=clock.now)
    rate_ride(completed, stars=4, comment="")
    text = text_of(browser_of(partner.user).get("/partner/earnings"))
    assert "Today $11.00 7 days $11.00 All time $11.00" in text
    assert "Fares charged: $10.00. Your rating is 4 of 5." in text
    assert "Pep talk 4 ★" in text
    assert "0 s $11.00" in text


def test_the_number_of_rides_costs_no_statements(partner: Partner, user: User, completed: Ride, clock: Clock) -> None:
    client = browser_of(partner.user)
    client.get("/partner/earnings")  # what is read once a process
    with CaptureQueriesContext(connection) as few:
        client.get("/partner/earnings")
    for _ in range(3):
        clock.advance(1)
        request = submit(user, now=clock.now)
        match(request.region)
        end(start(accept(open_offer(request))))
    with CaptureQueriesContext(connection) as more:
        assert text_of(client.get("/partner/earnings")).count("Pep talk") == 4
    assert len(more) == len(few)


def test_what_was_given_back_is_not_earned(partner: Partner, completed: Ride, staff: User, clock: Clock) -> None:
    """The figures of the console and of the statement are the same, and both are the ledger's."""
    tip_ride(completed, amount=300, currency="usd", now=clock.now)
    assert earnings_of(fresh(partner), now=clock.now).total == 1100
    for kind, amount in ((PaymentKind.TIP, 300), (PaymentKind.FARE, 500)):
        payment = Payment.objects.get(ride=completed, kind=kind)
        settle_in_cash(payment, actor=staff, now=clock.now)
        refund(payment, amount=amount, reason="too quiet", actor=staff, now=clock.now)
    found = earnings_of(fresh(partner), now=clock.now)
    assert (found.today, found.week, found.total, found.fares_charged) == (400, 400, 400, 1000)
    assert owed_to(partner, "usd") == found.total
    statement = statement_of(partner, period_of(f"{clock.now:%Y}", zone_of(partner)), "usd", now=clock.now)
    parts = statement.parts
    assert (parts.fares, parts.tips, parts.returned, parts.earned, statement.unpaid) == (800, 300, 700, 400, 0)
    shown = text_of(browser_of(partner.user).get("/partner/earnings"))
    assert "Fares charged: $10.00" in shown
    assert "Earnings" in shown
    assert "$4.00" in shown


def test_what_users_have_not_paid_is_said(partner: Partner, completed: Ride) -> None:
    assert "Of that, not yet paid by users $8.00" in text_of(browser_of(partner.user).get("/partner/statement"))


def test_a_fee_is_earned(partner: Partner, ride: Ride, clock: Clock) -> None:
    Region.objects.update(cancellation_grace_s=0)
    forget_regions()
    clock.advance(120)
    cancel_request(ride.user, ride.request_id, reason="", now=clock.now)
    fee = Payment.objects.get(kind=PaymentKind.CANCELLATION_FEE)
    assert fee.partner_share > 0
    found = earnings_of(fresh(partner), now=clock.now)
    assert (found.today, found.total, found.fares_charged) == (fee.partner_share, fee.partner_share, 0)


def test_somebody_elses_rides_are_not_earned(other_partner: Partner, completed: Ride, clock: Clock) -> None:
    found = earnings_of(fresh(other_partner), now=clock.now)
    assert (found.today, found.week, found.total, found.rides) == (0, 0, 0, 0)


def test_today_begins_at_midnight_in_the_region(partner: Partner, completed: Ride) -> None:
    # 02:00 UTC is 22:00 of the day before in New York.
    started, ended = datetime(2026, 5, 2, 1, tzinfo=UTC), datetime(2026, 5, 2, 2, tzinfo=UTC)
    Ride.objects.update(accepted_at=started, arrived_at=started, start_time=started, end_time=ended)
    same_evening = datetime(2026, 5, 2, 3, 59, tzinfo=UTC)
    next_day = datetime(2026, 5, 2, 4, 0, tzinfo=UTC)
    found = fresh(partner)
    assert earnings_of(found, now=same_evening).today == 800
    assert earnings_of(found, now=next_day).today == 0
    assert earnings_of(found, now=next_day).week == 800
    assert earnings_of(found, now=next_day + timedelta(days=8)).week == 0
    assert earnings_of(found, now=next_day + timedelta(days=8)).total == 800


def test_the_days_of_the_chart_are_those_of_the_region(partner: Partner, completed: Ride, clock: Clock) -> None:
    tip_ride(completed, amount=300, currency="usd", now=clock.now)
    # 02:00 UTC is 22:00 of the day before in New York.
    started, ended = datetime(2026, 5, 2, 1, tzinfo=UTC), datetime(2026, 5, 2, 2, tzinfo=UTC)
    Ride.objects.update(accepted_at=started, arrived_at=started, start_time=started, end_time=ended)
    found = earnings_of(fresh(partner), now=datetime(2026, 5, 3, 12, tzinfo=UTC))
    assert [amount for _, amount in found.days] == [0, 0, 0, 0, 1100, 0, 0]
    assert [day.day for day, _ in found.days] == [27, 28, 29, 30, 1, 2, 3]
    assert [bar.height > 0 for bar in found.chart.bars] == [False] * 4 + [True] + [False] * 2
    assert found.total == sum(amount for _, amount in found.days)


def test_a_chart_once_something_was_earned(partner: Partner, other_partner: Partner, completed: Ride) -> None:
    assert "<svg" in browser_of(partner.user).get("/partner/earnings").content.decode()
    assert "chart" not in browser_of(other_partner.user).get("/partner/earnings").content.decode()


def test_the_application_form(user: User) -> None:
    text = text_of(browser_of(user).get("/become-a-partner"))
    for word in (
        "Cheerleader",
        "Coach",
        "Musician",
        "Mascot",
        "You get $8 for every 5 minutes or part of it",
        "our commission is 20%",
    ):
        assert word in text
