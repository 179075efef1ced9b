"""A switchback: rules take turns by versions of the policy, once for each half hour, and end as they should."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import User
from core.errors import Conflict
from insights.sandbox import turning
from insights.sandbox.adopting import adopt
from insights.sandbox.models import Switchback, SwitchbackSlot, Trial
from insights.sandbox.outcomes import count_slot
from insights.sandbox.states import Arm, SwitchbackEnd
from insights.sandbox.switchbacks import begin_switchback, slots_of, stop_switchback
from insights.sandbox.turning import CARRY_OVER, switch_rules, take_turn
from insights.sandbox.turns import HALF_HOUR, arm_of
from insights.tests.plans import plans_of, read_whole
from insights.tests.sandbox_trials import done
from regions.models import Region
from regions.policies import Intake, Policy
from regions.selectors import policy_of
from regions.services import change_policy, set_intake
from rides.models import Ride
from tests.cast import Clock, fresh, queue, unchanged


@pytest.fixture
def trial(nyc: Region, staff: User, clock: Clock) -> Trial:
    return done(nyc, staff, clock.now, changes={"age_credit": 2.0})


@pytest.fixture
def switchback(trial: Trial, nyc: Region, staff: User, clock: Clock) -> Switchback:
    change_policy(nyc, actor=staff, reason="Ours", now=clock.now, age_credit=0.5, offer_ttl_s=40)
    return begin_switchback(trial, length_days=1, actor=staff, reason="To know", now=clock.now, seed=7)


def at(clock: Clock, moment: datetime) -> None:
    clock.now = moment


def credit(region: Region) -> float | None:
    found: float | None = Policy.objects.filter(region=region).order_by("-version")[0].age_credit
    return found


def test_rules_take_turns_from_midnight_on_and_end(switchback: Switchback, nyc: Region, clock: Clock) -> None:
    assert switchback.begins_at.astimezone(ZoneInfo(nyc.time_zone)).hour == 0
    versions = Policy.objects.count()
    switch_rules(switchback.pk)  # before its time
    assert Policy.objects.count() == versions
    moment, seen = switchback.begins_at, []
    while moment < switchback.ends_at:
        at(clock, moment + timedelta(seconds=1))
        switch_rules(switchback.pk)
        seen.append(credit(nyc))
        assert fresh(switchback).due_at == moment + HALF_HOUR
        moment += HALF_HOUR
    slots = list(switchback.slots.order_by("starts_at"))
    assert len(slots) == (switchback.ends_at - switchback.begins_at) / HALF_HOUR
    assert [slot.arm for slot in slots] == [arm_of(slot.day, slot.number, seed=7) for slot in slots]
    assert seen == [2.0 if slot.arm == Arm.TRIED else 0.5 for slot in slots]
    at(clock, switchback.ends_at)
    switch_rules(switchback.pk)
    row = fresh(switchback)
    assert (row.end, row.due_at, credit(nyc)) == (SwitchbackEnd.OVER, None, 0.5)
    assert policy_of(nyc.pk).offer_ttl_s == 40


def test_what_is_in_force_at_the_first_midnight_is_what_comes_back(
    switchback: Switchback, trial: Trial, nyc: Region, staff: User, clock: Clock
) -> None:
    change_policy(nyc, actor=staff, reason="Later", now=clock.now, age_credit=0.75)
    for number in range(2):
        at(clock, switchback.begins_at + number * HALF_HOUR)
        switch_rules(switchback.pk)
    stop_switchback(trial, actor=staff, reason="Enough", now=clock.now)
    assert credit(nyc) == 0.75


def test_rules_that_do_not_go_together_any_more(nyc: Region, staff: User, clock: Clock) -> None:
    trial = done(nyc, staff, clock.now, changes={"cap_least_s": 400.0})
    switchback = begin_switchback(trial, length_days=1, actor=staff, reason="To know", now=clock.now)
    change_policy(nyc, actor=staff, reason="Later", now=clock.now, cap_s=300.0)
    for number in range(2):
        at(clock, switchback.begins_at + number * HALF_HOUR)
        switch_rules(switchback.pk)
    assert fresh(switchback).end == SwitchbackEnd.CHANGED
    assert Policy.objects.order_by("-version")[0].cap_s == 300.0


def test_a_turn_is_taken_once(switchback: Switchback, clock: Clock) -> None:
    at(clock, switchback.begins_at + timedelta(seconds=1))
    switch_rules(switchback.pk)
    with unchanged():  # a second worker, beside the first
        take_turn(switchback.pk, now=clock.now)
    assert SwitchbackSlot.objects.count() == 1


def test_requests_count_some_time_after_a_change(switchback: Switchback, clock: Clock) -> None:
    at(clock, switchback.begins_at + timedelta(seconds=2))
    switch_rules(switchback.pk)
    at(clock, switchback.begins_at + HALF_HOUR)
    switch_rules(switchback.pk)
    first, second = switchback.slots.order_by("starts_at")
    assert first.since == first.starts_at + timedelta(seconds=2) + CARRY_OVER
    assert first.arm != second.arm
    assert second.since == second.starts_at + CARRY_OVER


def test_a_late_worker_makes_a_short_half_hour(switchback: Switchback, clock: Clock) -> None:
    at(clock, switchback.begins_at + timedelta(minutes=25))
    switch_rules(switchback.pk)
    [slot] = switchback.slots.all()
    assert slot.since > slot.ends_at
    count_slot(slot)
    assert fresh(slot).requests == 0


def test_staff_have_the_last_word(switchback: Switchback, nyc: Region, staff: User, clock: Clock) -> None:
    at(clock, switchback.begins_at)
    switch_rules(switchback.pk)
    set_intake(nyc, Intake.PAUSED, "", actor=staff, reason="Storm", now=clock.now)
    at(clock, switchback.begins_at + HALF_HOUR)
    switch_rules(switchback.pk)
    assert fresh(switchback).end == ""
    assert Policy.objects.order_by("-version")[0].intake == Intake.PAUSED
    change_policy(nyc, actor=staff, reason="Ours", now=clock.now, age_credit=3.0)
    at(clock, switchback.begins_at + 2 * HALF_HOUR)
    switch_rules(switchback.pk)
    assert fresh(switchback).end == SwitchbackEnd.CHANGED
    assert credit(nyc) == 3.0


@pytest.mark.parametrize("half_hours", range(2))
def test_it_is_stopped_by_one_step(
    switchback: Switchback, trial: Trial, nyc: Region, staff: User, clock: Clock, half_hours: int
) -> None:
    for number in range(half_hours + 1):
        at(clock, switchback.begins_at + number * HALF_HOUR)
        switch_rules(switchback.pk)
    stop_switchback(trial, actor=staff, reason="Enough", now=clock.now)
    assert (fresh(switchback).end, credit(nyc)) == (SwitchbackEnd.STOPPED, 0.5)
    with unchanged():
        switch_rules(switchback.pk)
        with pytest.raises(Conflict):
            stop_switchback(trial, actor=staff, reason="Enough", now=clock.now)


def test_it_stops_itself_if_it_does_harm(
    switchback: Switchback, nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turning, "count_slot", lambda slot: None)  # what it would count is set below
    for number in range(2):
        at(clock, switchback.begins_at + number * HALF_HOUR)
        switch_rules(switchback.pk)
    switchback.slots.filter(arm=Arm.BEFORE).update(requests=200, unmatched=10)
    switchback.slots.filter(arm=Arm.TRIED).update(requests=200, unmatched=80)
    at(clock, switchback.begins_at + 2 * HALF_HOUR)
    switch_rules(switchback.pk)
    assert (fresh(switchback).end, credit(nyc)) == (SwitchbackEnd.GUARD, 0.5)


def test_one_of_a_region(switchback: Switchback, trial: Trial, staff: User, clock: Clock) -> None:
    with unchanged(), pytest.raises(Conflict):
        begin_switchback(trial, length_days=1, actor=staff, reason="Again", now=clock.now)


def test_what_became_of_requests_is_counted_from_their_rows(
    completed: Ride, other_user: User, trial: Trial, staff: User, clock: Clock
) -> None:
    served = completed.request
    queue(other_user)
    switchback = begin_switchback(trial, length_days=1, actor=staff, reason="To know", now=clock.now)
    policy = change_policy(trial.region, actor=staff, reason="Ours", now=clock.now, age_credit=1.0)
    slot = SwitchbackSlot.objects.create(
        switchback=switchback,
        day=served.created_at.date(),
        number=0,
        starts_at=served.created_at - timedelta(minutes=1),
        ends_at=served.created_at + timedelta(minutes=29),
        arm=Arm.TRIED,
        policy=policy,
        since=served.created_at - timedelta(minutes=1),
    )
    for _ in range(2):
        count_slot(slot)
    [found] = slots_of(switchback)
    assert (found.requests, found.unmatched, found.served) == (2, 0, 1)
    came = completed.arrived_at or completed.start_time
    assert came is not None
    assert found.waited_s == pytest.approx((came - served.created_at).total_seconds())


def test_nothing_else_is_put_in_force_meanwhile(
    switchback: Switchback, trial: Trial, staff: User, clock: Clock
) -> None:
    with unchanged(), pytest.raises(Conflict):
        adopt(trial, actor=staff, reason="No", now=clock.now)


def test_a_half_hour_is_counted_by_indexes(completed: Ride, staff: User) -> None:
    region, at = completed.request.region, completed.request.created_at
    switchback = begin_switchback(done(region, staff, at), length_days=1, actor=staff, reason="To know", now=at)
    slot = SwitchbackSlot.objects.create(
        switchback=switchback,
        day=at.date(),
        number=0,
        starts_at=at - timedelta(minutes=1),
        ends_at=at + timedelta(minutes=29),
        arm=Arm.TRIED,
        policy=change_policy(region, actor=staff, reason="Ours", now=at, age_credit=1.0),
        since=at - timedelta(minutes=1),
    )
    assert read_whole(plans_of(lambda: count_slot(slot))) == {}
