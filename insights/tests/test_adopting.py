"""Rules of a trial in force, and back: versions of the policy, each by somebody and for a reason."""

import pytest

from accounts.models import User
from core.errors import Conflict, Invalid
from insights.sandbox.adopting import adopt, undo_adoption
from insights.sandbox.models import Trial
from insights.tests.sandbox_trials import asked, done
from regions.models import Region
from regions.policies import Intake
from regions.selectors import policy_of
from regions.services import change_policy, set_intake
from tests.cast import Clock, fresh, unchanged


@pytest.fixture
def trial(nyc: Region, staff: User, clock: Clock) -> Trial:
    return done(nyc, staff, clock.now, changes={"radii_m": [3000, 8000], "age_credit": 2.0})


def test_in_force_and_back(trial: Trial, nyc: Region, staff: User, clock: Clock) -> None:
    change_policy(nyc, actor=staff, reason="Ours", now=clock.now, offer_ttl_s=40, age_credit=1.0)
    policy = adopt(trial, actor=staff, reason="It waits less", now=clock.advance(60))
    assert (policy.version, policy.radii_m, policy.age_credit, policy.offer_ttl_s) == (2, [3000, 8000], 2.0, 40)
    assert (policy.author, policy.reason) == (staff, "It waits less")
    assert fresh(trial).policy == policy == policy_of(nyc.pk)
    set_intake(nyc, Intake.PAUSED, "", actor=staff, reason="Storm", now=clock.advance(60))
    undone = undo_adoption(trial, actor=staff, reason="It didn't", now=clock.advance(60))
    assert (undone.version, undone.radii_m, undone.age_credit, undone.offer_ttl_s) == (4, None, 1.0, 40)
    assert undone.intake == Intake.PAUSED
    with unchanged(), pytest.raises(Conflict):
        undo_adoption(trial, actor=staff, reason="Twice", now=clock.now)


def test_a_region_without_a_policy_goes_back_to_the_installations(
    trial: Trial, nyc: Region, staff: User, clock: Clock
) -> None:
    adopt(trial, actor=staff, reason="It waits less", now=clock.now)
    undone = undo_adoption(trial, actor=staff, reason="It didn't", now=clock.now)
    assert (undone.version, undone.radii_m, undone.opening_hours) == (2, None, "")


def test_what_others_have_put_in_force_is_not_undone(trial: Trial, nyc: Region, staff: User, clock: Clock) -> None:
    adopt(trial, actor=staff, reason="It waits less", now=clock.now)
    change_policy(nyc, actor=staff, reason="Ours", now=clock.now, offer_ttl_s=40)
    with unchanged(), pytest.raises(Conflict) as refused:
        undo_adoption(trial, actor=staff, reason="It didn't", now=clock.now)
    assert refused.value.code == "state_changed"


def test_what_can_not_be_in_force(trial: Trial, nyc: Region, staff: User, clock: Clock) -> None:
    partners = done(nyc, staff, clock.now, changes={}, partners=2.0)
    for row in (asked(nyc, staff, clock.now), partners):
        with unchanged(), pytest.raises(Conflict):
            adopt(row, actor=staff, reason="No", now=clock.now)


def test_rules_that_do_not_go_with_the_usual_ones(nyc: Region, staff: User, clock: Clock) -> None:
    change_policy(nyc, actor=staff, reason="Ours", now=clock.now, cap_s=1000.0)
    trial = done(nyc, staff, clock.now, changes={"cap_least_s": 800.0})
    change_policy(nyc, actor=staff, reason="As usual", now=clock.now, cap_s=None)  # the usual cap is lower
    with unchanged(), pytest.raises(Invalid):
        adopt(trial, actor=staff, reason="No", now=clock.now)
