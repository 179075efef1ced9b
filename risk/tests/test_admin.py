"""Flags in the admin."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, refusals, take, take_selected, told, url_of
from risk.flags import raise_flag
from risk.models import Flag
from risk.states import FlagKind, FlagStatus
from tests.cast import fresh, make_clerk, unchanged


def staff_with(*rights: str) -> Client:
    return desk_of(make_clerk(f"Clerk {len(rights)}", *rights))


@pytest.fixture
def flag(user: User) -> Flag:
    raise_flag(FlagKind.TIP_OVER_CAP, now=timezone.now(), account_id=user.pk, figure=90000, limit=2000)
    return Flag.objects.get()


def test_a_flag_is_cleared_by_who_may_review(flag: Flag) -> None:
    desk = staff_with("risk.review_flag")
    assert "90000 / 2000" in desk.get(page_of(flag)).content.decode()
    assert told(take(desk, flag, "clear", reason="a birthday")) == [("success", "Clear: done.")]
    assert (fresh(flag).status, fresh(flag).note) == (FlagStatus.CLEARED, "a birthday")
    assert "clear" not in [action["path"] for action in desk.get(page_of(flag)).context["actions_detail"]]
    take(desk, flag, "confirm")
    assert fresh(flag).status == FlagStatus.CONFIRMED


def test_many_flags_are_reviewed_together(flag: Flag, user: User) -> None:
    raise_flag(FlagKind.CARD_VELOCITY, now=timezone.now(), account_id=user.pk)
    take_selected(staff_with("risk.review_flag"), list(Flag.objects.all()), "confirm")
    assert {each.status for each in Flag.objects.all()} == {FlagStatus.CONFIRMED}


def test_looking_is_not_reviewing(flag: Flag) -> None:
    desk = staff_with("risk.view_flag", "risk.change_flag")
    assert desk.get(page_of(flag)).status_code == 200
    with unchanged():
        assert desk.get(url_of(Flag, "clear", flag.pk)).status_code == 403
        assert desk.post(url_of(Flag, "clear", flag.pk), {"_form_submitted": "on"}).status_code == 403
    nobody = staff_with()
    assert nobody.get(page_of(flag)).status_code == 403
    assert nobody.get(url_of(Flag, "changelist")).status_code == 403


def test_a_flag_that_changed_meanwhile_is_not_overwritten(flag: Flag) -> None:
    desk = staff_with("risk.review_flag")
    take(desk, flag, "clear")
    with unchanged():
        assert refusals(take(desk, flag, "clear")) == [f"{flag}: This flag is cleared and can't become cleared."]
