"""Dead letters at the desk: the list by age and owner, the page with the whole story, and the steps."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, page_of, refusals, take, take_selected, told, url_of
from payments.books import holds
from payments.models import Customer
from regions.models import Region
from requests_app import care, dead_letters
from requests_app.models import CheerRequest
from requests_app.records import DeadLetter
from requests_app.states import RequestStatus
from requests_app.tests.scenes import make_dead_letter
from rides.models import Ride
from tests.cast import (
    decline,
    fresh,
    make_clerk,
    make_partner,
    make_staff,
    make_user,
    match,
    offered_to,
    open_offer,
    queue,
    submit,
    unchanged,
)

DISPATCHER = ("requests_app.view_cheerrequest", "requests_app.change_cheerrequest")
LETTERS = {"status__exact": "no_match"}


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def dead_letter(user: User) -> CheerRequest:
    return make_dead_letter(user)


def dead_since(name: str, **ago: int) -> CheerRequest:
    """A dead letter of somebody, of this age."""
    letter = make_dead_letter(make_user(name))
    since = timezone.now() - timedelta(**ago)
    CheerRequest.objects.filter(pk=letter.pk).update(give_up_at=since, created_at=since - timedelta(minutes=10))
    return fresh(letter)  # type: ignore[no-any-return]


def listed(desk: Client, **query: str) -> list[CheerRequest]:
    page = desk.get(url_of(CheerRequest, "changelist"), query)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


# ---------------------------------------------------------------- the list


def test_the_oldest_first_with_those_that_are_overdue_marked(desk: Client, nyc: Region) -> None:
    late = dead_since("Late", minutes=settings.DEAD_LETTER_TARGET_MINUTES + 1)
    new = dead_since("New", minutes=settings.DEAD_LETTER_TARGET_MINUTES - 1)
    queue(make_user("Ada"))
    assert listed(desk, **LETTERS) == [late, new]
    text = desk.get(url_of(CheerRequest, "changelist"), LETTERS).content.decode()
    assert text.count("min, overdue") == 1
    assert len(listed(desk)) == 3


def test_filters(desk: Client, staff: User, nyc: Region) -> None:
    late, mine, others = dead_since("Late", hours=1), dead_since("Mine", minutes=1), dead_since("Other", minutes=1)
    submit(make_user("Ada"))
    care.take_care(mine, actor=staff, now=timezone.now())
    care.take_care(others, actor=make_staff("Nina"), now=timezone.now())
    assert listed(desk, letters="mine") == [mine]
    assert listed(desk, letters="unowned") == [late]
    assert listed(desk, letters="overdue") == [late]
    assert listed(desk, letters="mine", region__id__exact=str(nyc.pk)) == [mine]
    assert len(listed(desk, letters="\"'; nonsense")) == 4


# ---------------------------------------------------------------- the page


def story(desk: Client, request: CheerRequest) -> list[str]:
    """The lines of the story: what happened, and who did it."""
    rows = desk.get(page_of(request)).context["story"]["rows"]
    return [f"{what}|{more}|{who}" for _, what, more, who in rows]


def test_the_story_in_order(desk: Client, staff: User, user: User, nyc: Region) -> None:
    partner = make_partner("Pia")
    request = submit(user)
    decline(open_offer(request), "too_far")
    match(nyc)
    CheerRequest.objects.filter(pk=request.pk).update(give_up_at=timezone.now())
    letter = make_dead(request)
    take(desk, letter, "take_care")
    take(desk, letter, "requeue", reason="It rained")
    lines = story(desk, letter)
    expected = [
        "Looking for a partner",
        "Offered to",
        "Offered</a> to",
        f'Declined by <a href="{page_of(partner)}"',
        "No partner found|nobody_accepted",
        f"Staff: take care|–|{staff.email}",
        f"Looking for a partner|requeued by staff|{staff.email}",
        f"Staff: requeue|It rained|{staff.email}",
    ]
    places = [next(n for n, line in enumerate(lines) if part in line) for part in expected]
    assert places == sorted(places), lines
    assert any("Offered immediately; 1 could be chosen, 0 were left out" in line for line in lines)
    assert any("Too far" in line for line in lines)


def make_dead(request: CheerRequest) -> CheerRequest:
    assert dead_letters.dead_letter(request.pk, now=timezone.now())
    return fresh(request)  # type: ignore[no-any-return]


def test_money_is_for_those_who_may_see_it(desk: Client, completed: Ride) -> None:
    customer = Customer.objects.create(user=completed.user, reference="cus_1", created_at=timezone.now())
    with transaction.atomic():
        holds.place(
            customer,
            request_id=completed.request_id,
            amount=6000,
            currency="usd",
            off_session=False,
            now=timezone.now(),
        )
    assert any("Hold of $60.00" in line for line in story(desk, completed.request))
    assert any("Fare of" in line for line in story(desk, completed.request))
    clerk = desk_of(make_clerk("Clara", *DISPATCHER))
    assert not any("$" in line for line in story(clerk, completed.request))


def test_words_of_people_are_escaped(desk: Client, user: User, dead_letter: CheerRequest) -> None:
    take(desk, dead_letter, "leave_note", note="<script>alert(1)</script>")
    text = desk.get(page_of(dead_letter)).content.decode()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text


# ---------------------------------------------------------------- steps


def recorded() -> list[tuple[str, str, str]]:
    steps = StaffAction.objects.filter(kind="requests_app.cheerrequest")
    return list(steps.order_by("number").values_list("action", "detail", "reason"))


def test_taken_noted_and_given_back(desk: Client, staff: User, dead_letter: CheerRequest) -> None:
    take(desk, dead_letter, "take_care")
    take(desk, dead_letter, "leave_note", note="At the gate")
    page = desk.get(page_of(dead_letter)).content.decode()
    assert staff.email in page
    assert "At the gate" in page
    take(desk, dead_letter, "give_back", reason="My shift is over")
    letter = DeadLetter.objects.get()
    assert (letter.owner, letter.note) == (None, "At the gate")
    assert recorded() == [("take_care", "", ""), ("leave_note", "", ""), ("give_back", "", "My shift is over")]


def test_widen(desk: Client, dead_letter: CheerRequest) -> None:
    with unchanged():
        assert refusals(take(desk, dead_letter, "widen", radius_km="5")) != []
        assert refusals(take(desk, dead_letter, "widen")) == [f"{dead_letter}: Say how far, or for how long."]
    take(desk, dead_letter, "widen", radius_km="20", patience_min="30", reason="Snow")
    found = fresh(dead_letter)
    assert (found.status, found.reach_m, found.patience_s) == (RequestStatus.PENDING, 20_000, 1800)
    assert recorded() == [("widen", "radius_km 20, patience_min 30", "Snow")]


@pytest.mark.parametrize("said", ["id", "address"])
def test_offer_to_a_partner(desk: Client, dead_letter: CheerRequest, said: str) -> None:
    named = make_partner("Named")
    take(desk, dead_letter, "direct", partner=str(named.pk) if said == "id" else named.user.email.upper())
    assert offered_to(dead_letter) == named
    assert recorded() == [("direct", f"partner {named.pk}", "")]


@pytest.mark.parametrize("said", ["", "nobody@cast.test", "00000000-0000-0000-0000-000000000000", "\0"])
def test_there_must_be_such_a_partner(desk: Client, dead_letter: CheerRequest, said: str) -> None:
    with unchanged():
        page = desk.post(url_of(CheerRequest, "direct", dead_letter.pk), {"_form_submitted": "on", "partner": said})
    assert page.status_code == 200


def test_an_assignment_wants_a_reason(desk: Client, staff: User, dead_letter: CheerRequest) -> None:
    named = make_partner("Named")
    with unchanged():
        take(desk, dead_letter, "assign", partner=str(named.pk))
    take(desk, dead_letter, "assign", partner=str(named.pk), reason="They agreed on the phone")
    assert Ride.objects.get().partner == named
    assert recorded() == [("assign", f"partner {named.pk}", "They agreed on the phone")]


def test_an_assignment_asks_who_it_is(staff: User, dead_letter: CheerRequest) -> None:
    named, desk = make_partner("Named"), desk_of(staff, confirmed=False)
    body = {"_form_submitted": "on", "partner": str(named.pk), "reason": "They agreed"}
    with unchanged():
        assert desk.post(url_of(CheerRequest, "assign", dead_letter.pk), body).status_code == 302


def test_in_bulk_each_has_its_outcome(desk: Client, staff: User, nyc: Region) -> None:
    letters = [make_dead_letter(make_user(f"U{number}")) for number in range(3)]
    take(desk, letters[1], "requeue")
    named = make_partner("Named")
    response = take_selected(desk, letters, "direct", partner=str(named.pk), reason="Storm")
    assert ("success", "Offer: done.") in told(response)
    assert refusals(response) == [
        f"{letters[1]}: The state of this request does not allow that.",
        f"{letters[0]}: This partner is not free.",
    ]
    assert offered_to(letters[2]) == named  # the newest is at the top of the list
    assert [action for action, _, _ in recorded()] == ["requeue", "direct"]
    response = take_selected(desk, letters, "widen", radius_km="20")
    assert told(response)[0] == ("success", "Widen: done.")
    assert len(refusals(response)) == 2


def test_many_are_requeued_in_bulk(desk: Client, nyc: Region) -> None:
    letters = [make_dead_letter(make_user(f"U{number}")) for number in range(20)]
    assert ("success", "Requeue: done for 20.") in told(take_selected(desk, letters, "requeue", reason="Storm"))
    assert not CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).exists()
    assert {reason for _, _, reason in recorded()} == {"Storm"}
