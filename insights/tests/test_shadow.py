"""A shadow: judges what the matcher has decided, afterwards, and changes nothing for anybody."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import Partner, User
from core.errors import Conflict
from insights.sandbox import shadows
from insights.sandbox.choosing import choices, shadowed, summed
from insights.sandbox.models import Shadow, ShadowChoice, Trial
from insights.sandbox.shadows import begin_shadow, end_shadow, judge, judge_shadow
from insights.tests.plans import plans_of, read_whole
from insights.tests.sandbox_trials import asked, done
from regions.models import Region
from requests_app.matching.policy import Pair
from requests_app.models import Offer
from requests_app.records import Matching
from requests_app.rules import RULES
from rides.models import Ride
from tests.cast import fresh, make_partner, make_user, match, north, queue, submit, unchanged
from tests.rows import rows_unchanged

R1, R2, P1, P2 = (UUID(int=number) for number in range(1, 5))


def later(seconds: float = 120) -> datetime:
    """A moment at which the offers that were just made are settled."""
    return timezone.now() + timedelta(seconds=seconds)


@pytest.fixture
def trial(nyc: Region, staff: User) -> Trial:
    return done(nyc, staff, timezone.now(), changes={"cap_s": 60.0, "cap_least_s": 30.0, "radii_m": [500]})


@pytest.fixture
def shadow(trial: Trial, staff: User) -> Shadow:
    return begin_shadow(trial, actor=staff, reason="To see", now=timezone.now() - timedelta(seconds=1))


def test_the_policy_chooses_once_more() -> None:
    pairs = [Pair(R1, P1, 3000.0, 0.0), Pair(R2, P1, 100.0, 0.0), Pair(R2, P2, 200.0, 0.0)]
    really = {R1: P1, R2: P2}
    found = choices(pairs, really, shortage=100, rules=RULES, changes={"cap_s": 60.0, "cap_least_s": 60.0})
    assert [(each.request, each.really, each.instead) for each in found] == [(R1, P1, None), (R2, P2, P1)]
    sums = summed(found)
    assert (sums.judged, sums.differed, sums.both) == (2, 2, 1)
    assert (sums.way_really_m, sums.way_instead_m) == (200.0, 100.0)
    assert not any(each.differs for each in choices(pairs, really, shortage=0, rules=RULES, changes={}))


def test_a_request_that_only_the_shadow_would_have_offered() -> None:
    pairs = [Pair(R1, P1, 3000.0, 0.0), Pair(R2, P2, 200.0, 0.0)]
    rules = {"cap_s": 7200.0, "cap_least_s": 7200.0}
    [first, second] = choices(pairs, {R2: P2}, shortage=100, rules=RULES, changes=rules)
    assert (first.really, first.instead, first.really_m, first.instead_m) == (None, P1, None, 3000.0)
    assert not second.differs


def test_only_rules_are_judged() -> None:
    assert shadowed({"radii_m": [500], "offer_ttl_s": 40, "age_credit": 2.0}) == {"age_credit": 2.0}


@pytest.fixture
def contended(shadow: Shadow, nyc: Region) -> list[Offer]:
    """Two requests that were matched together, each with a partner of its own."""
    for name, metres in (("Ann", 100), ("Bea", 300)):
        queue(make_user(name), at=north(metres))
    for name, metres in (("Pat", 150), ("Quo", 350)):
        make_partner(name, at=north(metres))
    match(nyc)
    offers = list(Offer.objects.all())
    assert len(offers) == 2
    assert Matching.objects.count() == 1
    return offers


def test_offers_are_judged_afterwards_and_nothing_else_changes(shadow: Shadow, contended: list[Offer]) -> None:
    with rows_unchanged([Offer, Partner, Matching]):
        judge(shadow.pk, now=later())
    row = fresh(shadow)
    assert (row.judged, row.differed, row.both) == (2, 0, 2)
    assert row.way_really_m == row.way_instead_m > 0
    assert not ShadowChoice.objects.exists()


def test_a_difference_is_kept_once(shadow: Shadow, contended: list[Offer]) -> None:
    for offer in contended:  # as if it had been in a shortage
        Offer.objects.filter(pk=offer.pk).update(decision={**offer.decision, "shortage": 500})
    Matching.objects.update(pairs=_farther(Matching.objects.get().pairs))
    judge(shadow.pk, now=later())
    first = fresh(shadow)
    assert (first.judged, first.differed) == (2, 2)
    assert [choice.instead_m for choice in ShadowChoice.objects.all()] == [None, None]
    judge(shadow.pk, now=later())
    assert fresh(shadow).judged == 2


def test_of_two_workers_one_counts(shadow: Shadow, contended: list[Offer], monkeypatch: pytest.MonkeyPatch) -> None:
    reading = shadows._offers_since

    def overtaken(row: Shadow, until: UUID) -> Any:
        offers = reading(row, until)
        monkeypatch.setattr(shadows, "_offers_since", reading)
        judge(shadow.pk, now=later())  # the other one, while this one has read and not written
        return offers

    monkeypatch.setattr(shadows, "_offers_since", overtaken)
    judge(shadow.pk, now=later())
    assert fresh(shadow).judged == 2


def _farther(pairs: dict[str, list[list[float]]]) -> dict[str, list[list[float]]]:
    return {**pairs, "pairs": [[request, partner, 9000.0] for request, partner, _ in pairs["pairs"]]}


def test_young_offers_wait_and_the_mark_moves_on(shadow: Shadow, contended: list[Offer]) -> None:
    judge(shadow.pk, now=later(1))
    assert fresh(shadow).judged == 0
    judge(shadow.pk, now=later())
    judge(shadow.pk, now=later())
    assert fresh(shadow).judged == 2


def test_a_backlog_goes_in_parts(
    shadow: Shadow, contended: list[Offer], other_partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(make_user("Cid"), at=north(1000))
    monkeypatch.setattr(shadows, "AT_ONCE", 3)
    monkeypatch.setattr(shadows, "TOGETHER", timedelta())
    assert judge(shadow.pk, now=later())
    judge(shadow.pk, now=later())
    assert fresh(shadow).judged == 3


def test_a_decision_whose_pairs_are_gone_is_passed_over(shadow: Shadow, contended: list[Offer]) -> None:
    Matching.objects.all().delete()
    judge(shadow.pk, now=later())
    assert fresh(shadow).judged == 0
    assert fresh(shadow).mark > max(offer.pk for offer in contended)


def test_one_of_a_region_and_only_of_a_trial_that_is_done(
    shadow: Shadow, trial: Trial, nyc: Region, staff: User
) -> None:
    now = timezone.now()
    waiting = asked(nyc, staff, now)
    radii = done(nyc, staff, now, changes={"radii_m": [500]})
    for row in (trial, waiting, radii):
        with unchanged(), pytest.raises(Conflict):
            begin_shadow(row, actor=staff, reason="Again", now=now)


def test_it_ends(shadow: Shadow, trial: Trial, contended: list[Offer]) -> None:
    end_shadow(trial, now=timezone.now())
    with unchanged():
        judge_shadow(shadow.pk)
        judge(shadow.pk, now=later())
        with pytest.raises(Conflict):
            end_shadow(trial, now=timezone.now())


def test_a_shadow_reads_the_newest_offers_only(completed: Ride, staff: User) -> None:
    now = timezone.now()
    trial = done(completed.request.region, staff, now)
    shadow = begin_shadow(trial, actor=staff, reason="To see", now=now - timedelta(hours=1))
    assert read_whole(plans_of(lambda: judge(shadow.pk, now=now + timedelta(minutes=5)))) == {}
