"""Raising and reviewing flags."""

import json
from datetime import timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict
from ops.audit import all_checks
from rides.models import Ride
from risk.flags import clear, confirm, raise_flag
from risk.models import Flag
from risk.states import DESCRIPTIONS, FlagKind, FlagStatus
from tests.cast import Clock, fresh, unchanged
from web.privacy.deletion import delete_account
from web.privacy.export import export


def flagged(user: User, **more: object) -> Flag:
    raise_flag(FlagKind.TIP_OVER_CAP, now=timezone.now(), account_id=user.pk, **{"figure": 900, "limit": 500, **more})
    return Flag.objects.latest("last_at")


def test_every_kind_is_described() -> None:
    assert set(DESCRIPTIONS) == set(FlagKind.values)


def test_a_flag_names_its_subject_and_begins_its_history(user: User, ride: Ride, clock: Clock) -> None:
    raise_flag(
        FlagKind.SESSION_TOO_SHORT,
        now=clock.now,
        account_id=user.pk,
        ride_id=ride.pk,
        figure=0.016,
        limit=60,
        evidence={"partner": ride.partner_id, "at": clock.now, "why": "too_short", "distances": [1, 2.5]},
    )
    flag = Flag.objects.get()
    assert (flag.subject, flag.status, flag.times, flag.first_at) == (f"ride:{ride.pk}", "open", 1, clock.now)
    assert flag.evidence["partner"] == str(ride.partner_id)
    assert [(step.old, step.new) for step in flag.transitions.all()] == [("", "open")]


def test_a_rule_that_fires_again_counts_up(user: User, clock: Clock) -> None:
    for minutes, figure in ((0, 900), (5, 950), (3, 920)):
        raise_flag(
            FlagKind.TIP_OVER_CAP,
            now=clock.now + timedelta(minutes=minutes),
            account_id=user.pk,
            figure=figure,
            limit=1,
        )
    flag = Flag.objects.get()
    assert (flag.times, flag.figure, flag.last_at) == (3, 920, clock.now + timedelta(minutes=5))
    raise_flag(FlagKind.CARD_VELOCITY, now=clock.now, account_id=user.pk)
    raise_flag(FlagKind.TIP_OVER_CAP, now=clock.now, account_id=user.pk, subject="another")
    assert Flag.objects.count() == 3


def test_a_reviewed_flag_makes_room_for_a_new_one(user: User, staff: User) -> None:
    first = flagged(user)
    clear(first, actor=staff, now=timezone.now(), note="a birthday")
    again = flagged(user)
    assert again.pk != first.pk
    assert {flag.status for flag in Flag.objects.all()} == {FlagStatus.OPEN, FlagStatus.CLEARED}


def test_a_flag_goes_with_the_transaction_that_raised_it(user: User) -> None:
    def tip_and_fail() -> None:
        with transaction.atomic():
            flagged(user)
            raise ZeroDivisionError

    with unchanged(), pytest.raises(ZeroDivisionError):
        tip_and_fail()


def test_a_flag_is_about_something_and_quotes_nobody(user: User, clock: Clock) -> None:
    with unchanged():
        with pytest.raises(ValueError, match="about something"):
            raise_flag(FlagKind.TIP_OVER_CAP, now=clock.now)
        for words in ("my flat 0", "ada@cast.test ", {"nested": 1}, "x" * 81, ["fine", "not fine"]):
            with pytest.raises(ValueError, match="evidence said"):
                raise_flag(FlagKind.TIP_OVER_CAP, now=clock.now, account_id=user.pk, evidence={"said": words})


def test_a_review_is_kept_with_its_note(user: User, staff: User) -> None:
    flag = flagged(user)
    clear(flag, actor=staff, now=timezone.now(), note="a birthday")
    kept: Flag = fresh(flag)
    assert (kept.status, kept.reviewed_by, kept.note) == (FlagStatus.CLEARED, staff, "a birthday")
    confirm(kept, actor=staff, now=timezone.now())
    assert [step.new for step in flag.transitions.all()] == ["open", "cleared", "confirmed"]
    assert [check.name for check in all_checks() if check.look(timezone.now()).wrong] == []


def test_two_reviews_of_one_flag_have_one_winner(user: User, staff: User) -> None:
    flag, same = flagged(user), Flag.objects.get()
    clear(flag, actor=staff, now=timezone.now())
    with unchanged(), pytest.raises(Conflict, match="state_changed"):
        confirm(same, actor=staff, now=timezone.now())
    with unchanged(), pytest.raises(Conflict, match="wrong_state"):
        clear(fresh(flag), actor=staff, now=timezone.now())


def test_nobody_reviews_a_flag_about_themselves(staff: User) -> None:
    flag = flagged(staff)
    with unchanged(), pytest.raises(Conflict, match="own_flag"):
        clear(flag, actor=staff, now=timezone.now())


def test_the_database_keeps_flags_whole(user: User) -> None:
    flag = flagged(user)
    for changes in ({"kind": "?"}, {"status": "?"}, {"status": "cleared"}, {"subject": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Flag.objects.filter(pk=flag.pk).update(**changes)
    with pytest.raises(IntegrityError, match=r"flag_one_open|UNIQUE"), transaction.atomic():
        Flag.objects.create(kind=flag.kind, subject=flag.subject, first_at=flag.first_at, last_at=flag.last_at)


def test_deletion_and_export_know_flags(user: User, staff: User) -> None:
    flag = flagged(user, evidence={"partner": staff.pk})
    confirm(flag, actor=staff, now=timezone.now(), note="Ada's own word")
    said = json.dumps(export(user, now=timezone.now())["data"]["flags"], cls=DjangoJSONEncoder)
    assert FlagKind.TIP_OVER_CAP in said
    assert str(staff.pk) not in said
    assert "own word" not in said
    delete_account(user, now=timezone.now())
    kept: Flag = fresh(flag)
    assert (kept.status, kept.note) == (FlagStatus.CONFIRMED, "")
    assert not kept.transitions.exclude(reason="").exists()
