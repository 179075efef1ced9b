"""From a trial to its rules in force: one step each, with a reason, by right and region, and one back."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, page_of, refusals, take, told, url_of
from insights.sandbox.models import Shadow, Switchback, SwitchbackSlot, Trial
from insights.sandbox.states import Arm, SwitchbackEnd
from insights.tests.sandbox_trials import done
from regions.models import Region
from regions.policies import Policy
from regions.selectors import policy_of
from regions.services import change_policy
from tests.cast import fresh, make_clerk, unchanged

DAY = (timezone.now() - timedelta(days=3)).date()
FORM = {
    "day": DAY.isoformat(),
    "name": "wider",
    "reason": "Rain",
    "radii_m": "3000, 8000",
    "age_credit": "2",
    "cap_lone": "true",
    "partners": "0.8",
    "seed": "1",
}
WHY = {"reason": "It waits less"}


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def trial(nyc: Region, staff: User) -> Trial:
    return done(nyc, staff, timezone.now(), changes={"age_credit": 2.0})


def clerk_of(region: Region | None, *rights: str) -> Client:
    clerk = make_clerk("Carl", *rights)
    if region is not None:
        User.objects.filter(pk=clerk.pk).update(every_region=False)
        clerk.regions.set([region])
    return desk_of(clerk)


def test_from_a_trial_to_its_rules_in_force_and_back(desk: Client, trial: Trial, nyc: Region) -> None:
    take(desk, trial, "shadow", **WHY)
    assert Shadow.objects.get().reason == WHY["reason"]
    take(desk, trial, "end_shadow", reason="Seen")
    take(desk, trial, "switchback", days="7", **WHY)
    assert Switchback.objects.get().ends_at - Switchback.objects.get().begins_at > timedelta(days=6)
    take(desk, trial, "stop_switchback", reason="Enough")
    assert Switchback.objects.get().end == SwitchbackEnd.STOPPED
    assert policy_of(nyc.pk).version == 0
    page = take(desk, trial, "adopt", **WHY)
    assert told(page) == [("success", "Version 1 is in force.")]
    assert policy_of(nyc.pk).age_credit == 2.0
    take(desk, trial, "undo", reason="It didn't")
    assert (policy_of(nyc.pk).version, policy_of(nyc.pk).age_credit) == (2, None)
    steps = StaffAction.objects.filter(kind="insights.trial", subject=str(trial.pk)).order_by("number")
    assert list(steps.values_list("action", "detail", "reason")) == [
        ("shadow", "", WHY["reason"]),
        ("end_shadow", "", "Seen"),
        ("switchback", "days 7", WHY["reason"]),
        ("stop_switchback", "", "Enough"),
        ("adopt", "", WHY["reason"]),
        ("undo", "", "It didn't"),
    ]
    assert "Staff: adopt" in desk.get(page_of(trial)).content.decode()


@pytest.mark.parametrize("step", ["adopt", "end_shadow", "shadow", "stop_switchback", "switchback", "undo"])
def test_a_reason_must_be_given(desk: Client, trial: Trial, step: str) -> None:
    with unchanged():
        desk.post(url_of(Trial, step, trial.pk), {"_form_submitted": "on", "days": "7"})


@pytest.mark.parametrize("days", ["0", "29", "x", ""])
def test_days_that_make_no_sense(desk: Client, trial: Trial, days: str) -> None:
    with unchanged():
        desk.post(url_of(Trial, "switchback", trial.pk), {"_form_submitted": "on", "days": days, **WHY})


def test_a_refusal_is_told(desk: Client, trial: Trial) -> None:
    assert refusals(take(desk, trial, "undo", **WHY)) == [
        f"{trial}: Other rules are in force by now. Bring back the version that you want."
    ]


def test_who_asks_puts_nothing_in_force(nyc: Region, trial: Trial) -> None:
    desk = clerk_of(None, "regions.view_region", "insights.view_trial", "insights.add_trial")
    with unchanged():
        for step in ("shadow", "switchback", "adopt", "undo"):
            answer = desk.post(url_of(Trial, step, trial.pk), {"_form_submitted": "on", "days": "7", **WHY})
            assert answer.status_code == 403
    assert desk.post(url_of(Trial, "add"), {**FORM, "region": nyc.pk}).status_code == 302


def test_what_runs_is_shown(desk: Client, trial: Trial, nyc: Region, staff: User) -> None:
    take(desk, trial, "shadow", **WHY)
    take(desk, trial, "switchback", days="1", **WHY)
    switchback, shadow = Switchback.objects.get(), Shadow.objects.get()
    policy = change_policy(nyc, actor=staff, reason="Ours", now=timezone.now(), age_credit=1.0)
    for number, arm in enumerate(Arm):
        SwitchbackSlot.objects.create(
            switchback=switchback,
            day=DAY,
            number=number,
            starts_at=switchback.begins_at + number * timedelta(minutes=30),
            ends_at=switchback.begins_at + (number + 1) * timedelta(minutes=30),
            arm=arm,
            policy=policy,
            since=switchback.begins_at,
            requests=10,
            unmatched=number,
            served=5,
            waited_s=1500.0,
        )
    page = desk.get(page_of(switchback)).content.decode()
    assert "1 hours of 1 days" in page
    assert "+10.00" in page
    assert desk.get(page_of(shadow)).status_code == 200
    for model in (Shadow, Switchback, Trial):
        assert desk.get(url_of(model, "changelist")).status_code == 200
    assert fresh(policy) == Policy.objects.get()


def test_staff_of_another_region_take_no_steps(boston: Region, trial: Trial) -> None:
    desk = clerk_of(boston, "regions.view_region", "insights.view_trial", "insights.add_trial", "regions.add_policy")
    with unchanged():
        for step in ("adopt", "end_shadow", "shadow", "stop_switchback", "switchback", "undo"):
            desk.post(url_of(Trial, step, trial.pk), {"_form_submitted": "on", "days": "7", **WHY})
