"""The sandbox in the admin: staff ask for a trial, read its result, and put it to use by one step each."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, page_of, url_of
from insights.admin.panels import csv_of
from insights.sandbox.models import Trial
from insights.sandbox.states import Failure, TrialStatus
from insights.tests.sandbox_trials import asked, done
from regions.models import Region
from tests.cast import make_clerk, unchanged

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


def test_a_trial_is_asked_for(desk: Client, nyc: Region, staff: User) -> None:
    assert desk.get(f"{url_of(Trial, 'add')}?region={nyc.pk}").status_code == 200
    assert desk.post(url_of(Trial, "add"), {**FORM, "region": nyc.pk}).status_code == 302
    row = Trial.objects.get()
    assert (row.region, row.day, row.name, row.author, row.partners) == (nyc, DAY, "wider", staff, 0.8)
    assert row.changes == {"radii_m": [3000, 8000], "age_credit": 2.0, "cap_lone": True}
    assert (row.status, row.due_at is None) == (TrialStatus.WAITING, False)
    assert list(StaffAction.objects.filter(kind="insights.trial").values_list("action", "subject")) == [
        ("add", str(row.pk))
    ]
    assert "trial-busy" in desk.get(page_of(row)).content.decode()


def test_another_is_asked_for_like_it(desk: Client, trial: Trial) -> None:
    page = desk.get(f"{url_of(Trial, 'add')}?like={trial.pk}").content.decode()
    assert 'value="2.0"' in page
    assert "=wider" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": (timezone.now() + timedelta(days=2)).date().isoformat()},
        {"day": "yesterday"},
        {"radii_m": "8000, 3000"},
        {"age_credit": "1000"},
        {"age_credit": "nan"},
        {"cap_s": "100"},
        {"partners": "11"},
        {"partners": ""},
        {"seed": "-1"},
        {"name": ""},
        {"region": ""},
    ],
)
def test_what_is_wrong_is_said(desk: Client, nyc: Region, wrong: dict[str, str]) -> None:
    with unchanged():
        page: Any = desk.post(url_of(Trial, "add"), {**FORM, "region": nyc.pk, **wrong})
    assert page.status_code == 200
    assert page.context_data["adminform"].form.errors


def test_the_result_is_shown(desk: Client, trial: Trial) -> None:
    page = desk.get(page_of(trial)).content.decode()
    assert "repeat 97.0% of the day" in page
    assert "-0.50 min, 95% -0.83 to -0.17" in page
    assert 'class="zone"' in page
    assert "rounded to about a kilometre" in page


def test_the_zones_are_a_file_without_formulas(desk: Client, trial: Trial) -> None:
    answer: Any = desk.get(f"{page_of(trial)}?csv")
    text = b"".join(answer).decode()
    assert answer["Content-Type"].startswith("text/csv")
    assert text.splitlines()[1].startswith("40.74,-73.99,All day,recorded,6,300.0,")
    assert "'=wider" in text
    assert text.count("\n") == len(list(csv_of(trial))) == 4


def test_why_there_is_no_result(desk: Client, nyc: Region, staff: User) -> None:
    row = asked(nyc, staff, timezone.now())
    Trial.objects.filter(pk=row.pk).update(
        status=TrialStatus.FAILED, due_at=None, ended_at=timezone.now(), failure=Failure.NO_REQUESTS
    )
    assert "no requests of that day" in desk.get(page_of(row)).content.decode()
    assert desk.get(f"{page_of(row)}?csv")["Content-Type"].startswith("text/html")


def test_who_looks_asks_for_nothing(nyc: Region, trial: Trial) -> None:
    desk = clerk_of(None, "regions.view_region", "insights.view_trial")
    assert desk.get(page_of(trial)).status_code == 200
    with unchanged():
        assert desk.post(url_of(Trial, "add"), {**FORM, "region": nyc.pk}).status_code == 403
        assert desk.post(url_of(Trial, "delete", trial.pk), {"post": "yes"}).status_code == 403


def test_staff_of_another_region_see_and_change_nothing(nyc: Region, boston: Region, trial: Trial) -> None:
    rights = ("regions.view_region", "insights.view_trial", "insights.add_trial", "regions.add_policy")
    desk = clerk_of(boston, *rights)
    assert "=wider" not in desk.get(url_of(Trial, "changelist")).content.decode()
    assert "=wider" not in desk.get(f"{url_of(Trial, 'add')}?like={trial.pk}").content.decode()
    with unchanged():
        assert desk.get(f"{page_of(trial)}?csv").status_code in (302, 404)
        desk.post(url_of(Trial, "add"), {**FORM, "region": nyc.pk})
    desk.post(url_of(Trial, "add"), {**FORM, "region": boston.pk})
    assert Trial.objects.filter(region=boston).count() == 1
