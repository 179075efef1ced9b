"""Every offer says why it went to this partner, and from that the policy makes the same choice again."""

from random import Random
from statistics import median
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import positions
from accounts.models import Partner, User
from accounts.states import PartnerStatus
from api.stored_json import packed
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.matching import decisions, immediate, policy
from requests_app.matching.decisions import chosen_again, explained
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.records import Matching
from requests_app.services import cancel_request
from requests_app.serving import availability, fulfilment
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    accept,
    decline,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    open_offer,
    queue,
    report,
    submit,
)


def left_out(offer: Offer) -> list[tuple[Partner, str]]:
    """Those who were left out by name, with the reason."""
    return [(Partner.objects.get(pk=pk), reason) for pk, reason in explained(offer).left_out]


def candidates(offer: Offer) -> list[tuple[str, str | None]]:
    """The names of the candidates, nearest first, and why each but the chosen one was not."""
    found = explained(offer).candidates
    return [(Partner.objects.get(pk=each.partner_id).name, each.left_out) for each in found]


# ---------------------------------------------------------------- immediate offers


def test_the_nearest_of_several(nyc: Region, user: User) -> None:
    for name, metres in (("Near", 100), ("Middle", 300), ("Far", 700)):
        make_partner(name, at=north(metres))
    offer = open_offer(submit(user))
    assert candidates(offer) == [("Near", None), ("Middle", ""), ("Far", "")]
    why = explained(offer)
    assert (why.by, why.shortage, why.cap_s, why.contending, why.nearer) == ("immediate", 0, None, 1, 0)
    assert why.rules == policy.RULES
    assert [round(each.distance_m, -1) for each in why.candidates] == [100, 300, 700]
    assert (why.left_out, why.more_left_out) == ([], {})
    assert chosen_again(offer) == offer.partner_id


def test_who_is_taken_by_another_at_that_moment(
    nyc: Region, user: User, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, near = make_partner("Second", at=north(600)), immediate.near

    def then_leave(*args: Any, **kwargs: Any) -> Any:
        found = near(*args, **kwargs)
        availability.go_offline(partner, now=timezone.now())
        return found

    monkeypatch.setattr(immediate, "near", then_leave)
    offer = open_offer(submit(user))
    assert left_out(offer) == [(partner, "taken_by_another")]
    assert candidates(offer) == [("Second", None)]
    assert chosen_again(offer) == second.pk


def test_who_can_not_serve_this_kind(nyc: Region, user: User) -> None:
    RequestType.objects.filter(slug="pep_talk").update(partner_types=["mascot"])
    wrong = make_partner("Pia", at=north(-10))
    mascot = make_partner("Max", at=north(-400), type="mascot")
    offer = open_offer(submit(user))
    assert left_out(offer) == [(wrong, "wrong_kind")]
    assert chosen_again(offer) == mascot.pk


def test_whose_position_is_too_old(nyc: Region, user: User, clock: Clock) -> None:
    silent = make_partner("Silent", at=north(50))
    clock.advance(settings.POSITION_FRESH_S + 1)
    heard = make_partner("Heard", at=north(200))
    report(heard, north(200))
    offer = open_offer(submit(user, now=clock.now))
    assert left_out(offer) == [(silent, "stale_position")]
    assert chosen_again(offer) == heard.pk


def test_equally_near_ones_are_settled_as_the_policy_does(nyc: Region, user: User) -> None:
    pair = [make_partner("One", at=north(100)), make_partner("Two", at=north(100))]
    ties = positions.Nearest([positions.Candidate(each.pk, 100.0) for each in reversed(pair)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(positions, "nearest_to_many", lambda *_, **__: [ties])
        offer = open_offer(submit(user))
    assert chosen_again(offer) == offer.partner_id


# ---------------------------------------------------------------- the matcher's


def test_who_declined_cancelled_or_let_it_lapse(nyc: Region, user: User, clock: Clock) -> None:
    names = ("Declines", "Cancels", "Lapses", "Serves")
    people = {name: make_partner(name, at=north(100.0 * place)) for place, name in enumerate(names)}
    request = submit(user)
    decline(open_offer(request))
    match(nyc)
    ride = accept(open_offer(request))
    fulfilment.cancel_by_partner(fresh(people["Cancels"]), ride.pk, reason="flat tyre", now=clock.now)
    match(nyc)
    clock.now = open_offer(request).expires_at
    sweep_deadlines(clock.now)
    match(nyc)
    offer = open_offer(request)
    reasons = {partner.name: reason for partner, reason in left_out(offer)}
    assert reasons == {"Declines": "declined", "Cancels": "cancelled_ride", "Lapses": "lapsed_lately"}
    assert candidates(offer) == [("Serves", None)]
    assert explained(offer).waited_s == (clock.now - request.created_at).total_seconds()
    assert chosen_again(offer) == offer.partner_id


def test_who_is_not_available_any_more(nyc: Region, user: User, partner: Partner) -> None:
    second = make_partner("Second", at=north(600))
    request = queue(user)
    Partner.objects.filter(pk=partner.pk).update(status=PartnerStatus.BUSY)  # Valkey does not know yet
    match(nyc)
    offer = open_offer(request)
    assert left_out(offer) == [(partner, "busy")]
    assert chosen_again(offer) == second.pk


def test_those_beyond_are_counted(nyc: Region, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "NAMED_MAX", 1)
    busy = [make_partner(f"Busy {number}", at=north(10.0 * number)).pk for number in range(3)]
    make_partner("Free", at=north(600))
    request = queue(user)
    Partner.objects.filter(pk__in=busy).update(status=PartnerStatus.BUSY)
    match(nyc)
    why = explained(open_offer(request))
    assert (why.left_out, why.more_left_out) == ([(busy[0], "busy")], {"busy": 2})


def test_requests_that_contend_refer_to_the_same_pairs(nyc: Region, user: User, other_user: User) -> None:
    make_partner("Between", at=north(0))
    make_partner("North", at=north(400))
    south, middle = queue(user, at=north(-200)), queue(other_user, at=north(100))
    match(nyc)
    first, second = open_offer(south), open_offer(middle)
    matching = Matching.objects.get()
    assert first.decision["matching"] == second.decision["matching"] == str(matching.pk)
    assert (matching.region, explained(first).contending) == (nyc, 2)
    assert candidates(first) == [("Between", None), ("North", "taken_by_another")]
    assert candidates(second) == [("Between", "taken_by_another"), ("North", None)]
    assert (explained(first).nearer, explained(second).nearer) == (0, 1)
    for offer in (first, second):
        assert chosen_again(offer) == offer.partner_id


def test_the_cap_in_a_shortage(nyc: Region, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(policy, "SHORTAGE_REQUESTS", 2)
    monkeypatch.setattr(policy, "SHORTAGE_BUSY", 3)
    at_work = [make_partner(name).pk for name in "XYZUVW"]
    Partner.objects.filter(pk__in=at_work).update(status=PartnerStatus.BUSY)
    make_partner("Near", at=north(2200))
    make_partner("Far", at=north(4900))
    for number in range(3):
        queue(make_user(f"Remote {number}"), at=north(-20_000 - number))
    request = queue(make_user("Ada"))
    monkeypatch.setattr(settings, "MATCH_RADIUS_M", [5000, 10000])
    match(nyc)
    offer = open_offer(request)
    why = explained(offer)
    assert why.shortage == 4
    assert why.cap_s is not None
    assert candidates(offer) == [("Near", None), ("Far", "beyond_cap")]
    assert chosen_again(offer) == offer.partner_id


def test_a_decision_with_fewer_rules_than_now_is_read(nyc: Region, user: User, partner: Partner) -> None:
    """An older release has stored fewer values; a rule that was added since has its default."""
    offer = open_offer(submit(user))
    offer.decision["rules"] = offer.decision["rules"][:-1]
    assert explained(offer).rules == policy.RULES


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("seed", range(4))
def test_every_choice_is_made_again(nyc: Region, seed: int, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night of immediate offers and batches, with and without a shortage: replayed to the same choices."""
    random = Random(seed)
    if seed % 2:
        monkeypatch.setattr(policy, "SHORTAGE_REQUESTS", 2)
        monkeypatch.setattr(policy, "SHORTAGE_BUSY", 3)
    partners = [make_partner(f"P{n}", at=north(random.uniform(-4000, 4000))) for n in range(16)]
    for number in range(24):
        user, place = make_user(f"U{number}"), north(random.uniform(-4000, 4000))
        if random.random() < 0.4:
            for waiting in CheerRequest.objects.filter(status="pending").select_related("user"):
                cancel_request(waiting.user, waiting.pk, reason="", now=clock.now)  # else the matcher would decide
            submit(user, at=place)
        else:
            queue(user, at=place)
        if random.random() < 0.5:
            match(nyc)
        for offer in Offer.objects.filter(status="pending").select_related("request", "partner__user"):
            what = random.random()
            if what < 0.3:
                decline(offer)
            elif what < 0.5:
                accept(offer)
        clock.advance(random.uniform(1, 30))
        sweep_deadlines(clock.now)
        for partner in random.sample(partners, 8):
            report(partner, north(random.uniform(-4000, 4000)))
    offers = list(Offer.objects.select_related("request"))
    assert len(offers) >= 15
    by = {offer.decision["by"] for offer in offers}
    assert by == {"immediate", "matcher"}
    assert any("matching" in offer.decision for offer in offers)
    assert [offer for offer in offers if chosen_again(offer) != offer.partner_id] == []
    for offer in offers:
        why = explained(offer)
        assert [each.partner_id for each in why.candidates if each.left_out is None] == [offer.partner_id]
        assert (offer.rank, offer.among) == (why.nearer + 1, len(why.candidates))
    assert median(len(packed(offer.decision)) for offer in offers) <= 1000


def test_a_record_of_another_choice_is_told_apart(nyc: Region, user: User) -> None:
    near, far = make_partner("Near", at=north(100)), make_partner("Far", at=north(700))
    offer = open_offer(submit(user))
    offer.decision["candidates"] = [[str(near.pk), 700.0], [str(far.pk), 100.0]]
    assert chosen_again(offer) == far.pk != offer.partner_id


def test_it_is_written_with_the_offer(nyc: Region, user: User, partner: Partner) -> None:
    """In the same INSERT, so an immediate offer costs no statement more."""
    with CaptureQueriesContext(connection) as said:
        submit(user, at=EMPIRE_STATE)
    writing = [query["sql"] for query in said if "decision" in query["sql"]]
    assert len(writing) == 1
    assert 'INSERT INTO "requests_app_offer"' in writing[0]
    assert CheerRequest.objects.get().offers.get().decision["by"] == "immediate"
