"""Trials: asked for, run once however often a worker is told to, and kept with their result or the reason."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Partner, User
from core.errors import Invalid
from core.jobs import QUEUED_FOR
from insights.management.commands.replay_trial import replay
from insights.sandbox.models import Trial
from insights.sandbox.replaying import Refused, result_in
from insights.sandbox.running import TRIES_MAX, run_trial
from insights.sandbox.states import Failure, Stage, TrialStatus
from insights.sandbox.sweeping import sweep_sandbox
from insights.tests.sandbox_trials import RESULT, asked
from regions.models import Region
from rides.models import Ride
from tests.cast import Clock, fresh, unchanged

Told = Callable[[Stage], None]


@pytest.fixture
def trial(nyc: Region, staff: User, clock: Clock) -> Trial:
    return asked(nyc, staff, clock.now)


def nobody(trial_id: UUID, told: Told) -> dict[str, Any]:
    raise AssertionError("it was run again")


def broken(trial_id: UUID, told: Told) -> dict[str, Any]:
    raise RuntimeError("odd")


def test_a_trial_is_run_and_tells_how_far_it_is(trial: Trial) -> None:
    seen = []

    def replayed(trial_id: UUID, told: Told) -> dict[str, Any]:
        for stage in Stage:
            told(stage)
            seen.append((fresh(trial).status, fresh(trial).stage))
        return RESULT

    assert fresh(trial).status == TrialStatus.WAITING
    run_trial(trial.pk, replay=replayed)
    assert seen == [(TrialStatus.RUNNING, stage) for stage in Stage]
    row = fresh(trial)
    assert (row.status, row.stage, row.due_at, row.result) == (TrialStatus.DONE, "", None, RESULT)
    run_trial(trial.pk, replay=nobody)


@pytest.mark.parametrize(
    ("how", "attr"),
    [
        ({"day": timezone.now().date() + timedelta(days=1)}, "day"),
        ({"changes": {"offer_ttl_s": 1}}, "offer_ttl_s"),
        ({"changes": {"radii_m": [5, 2]}}, "radii_m"),
        ({"changes": {"intake": "paused"}}, "intake"),
        ({"changes": {"cap_s": 100.0}}, "cap_least_s"),
        ({"partners": 11.0}, "partners"),
        ({"partners": float("nan")}, "partners"),
    ],
)
def test_what_makes_no_sense_is_refused(nyc: Region, staff: User, clock: Clock, how: dict[str, Any], attr: str) -> None:
    with unchanged(), pytest.raises(Invalid) as refused:
        asked(nyc, staff, clock.now, **how)
    assert refused.value.attr == attr


def test_a_day_is_over_by_the_regions_own_clock(nyc: Region, staff: User, clock: Clock) -> None:
    clock.now = clock.now.replace(hour=3)  # of the evening before in New York
    today = clock.now.astimezone(ZoneInfo(nyc.time_zone)).date()
    with pytest.raises(Invalid):
        asked(nyc, staff, clock.now, day=today)
    asked(nyc, staff, clock.now, day=today - timedelta(days=1))


def test_a_worker_that_dies_leaves_a_trial_that_another_runs(trial: Trial, clock: Clock) -> None:
    def killed(trial_id: UUID, told: Told) -> dict[str, Any]:
        raise SystemExit

    with pytest.raises(SystemExit):
        run_trial(trial.pk, replay=killed)
    assert fresh(trial).status == TrialStatus.RUNNING
    run_trial(trial.pk, replay=nobody)  # the lease still holds
    clock.advance(60)
    run_trial(trial.pk, replay=lambda *_: RESULT)
    assert (fresh(trial).status, fresh(trial).tries) == (TrialStatus.DONE, 2)


def test_what_breaks_is_tried_again_and_fails_in_the_end(trial: Trial, clock: Clock) -> None:
    for tries in range(1, TRIES_MAX + 1):
        assert fresh(trial).failure == ""
        run_trial(trial.pk, replay=broken)
        assert fresh(trial).tries == tries
        clock.advance(600)
    assert (fresh(trial).status, fresh(trial).failure) == (TrialStatus.FAILED, Failure.BROKE)
    run_trial(trial.pk, replay=nobody)


def test_what_can_have_no_result_fails_with_the_reason(trial: Trial) -> None:
    def refused(trial_id: UUID, told: Told) -> dict[str, Any]:
        raise Refused(Failure.NO_REQUESTS)

    run_trial(trial.pk, replay=refused)
    assert (fresh(trial).failure, fresh(trial).tries) == (Failure.NO_REQUESTS, 1)


def test_the_sweep_makes_up_for_a_lost_task(trial: Trial, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    queued: list[Any] = []
    monkeypatch.setattr("core.jobs.current_app.send_task", lambda name, args, **_: queued.append((name, *args)))
    monkeypatch.setattr("core.jobs.require_no_transaction", lambda _: None)
    sweep_sandbox(clock.advance(QUEUED_FOR.total_seconds() + 1))
    assert queued == [("run_trial", str(trial.pk))]


# ---------------------------------------------------------------- the child


def test_the_child_replays_and_only_reads(completed: Ride, other_partner: Partner, staff: User) -> None:
    request = completed.request
    day = request.created_at.astimezone(ZoneInfo(request.region.time_zone)).date()
    trial = asked(request.region, staff, timezone.now() + timedelta(days=2), day=day, changes={}, partners=0.0)
    lines: list[str] = []
    with unchanged():
        replay(trial.pk, lines.append)
    told: list[Stage] = []
    result = result_in(lines, told.append)
    assert told == list(Stage)
    assert [(run["name"], run["figures"]["served"]) for run in result["runs"]] == [
        ("recorded", 1),
        ("in force", 1),
        ("=wider", 0),
    ]
    assert "zones" not in result["runs"][0]
    assert result["zones"] == []  # of one person nothing is told


def test_a_day_without_requests(trial: Trial) -> None:
    lines: list[str] = []
    replay(trial.pk, lines.append)
    with pytest.raises(Refused) as refused:
        result_in(lines, lambda _: None)
    assert refused.value.failure == Failure.NO_REQUESTS


def test_a_child_that_is_ended_or_breaks() -> None:
    def late() -> Iterator[str]:
        yield json.dumps({"stage": "reading"})
        raise TimeoutError

    with pytest.raises(Refused) as refused:
        result_in(late(), lambda _: None)
    assert refused.value.failure == Failure.TOO_LONG
    with pytest.raises(ChildProcessError):
        result_in([], lambda _: None)
