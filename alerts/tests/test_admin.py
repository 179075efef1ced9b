"""Alerts in the admin."""

import pytest
from django.test import Client
from django.utils import timezone

from alerts.models import Alert
from alerts.rules import BY_NAME
from alerts.services import fire, resolve
from alerts.states import AlertStatus
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, page_of, refusals, take, take_selected, told, url_of
from regions.models import Region
from tests.cast import fresh, make_clerk, unchanged
from tests.other_regions import limited_to, make_boston

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert() -> Alert:
    fire(BY_NAME["NoWorker"], "", 0, now=timezone.now())
    return Alert.objects.get()


def staff_with(*rights: str) -> Client:
    return desk_of(make_clerk(f"Clerk {len(rights)}", *rights))


def test_an_alert_is_acknowledged_and_silenced(alert: Alert) -> None:
    desk = staff_with("alerts.view_alert", "alerts.change_alert")
    assert BY_NAME["NoWorker"].summary in desk.get(page_of(alert)).content.decode()
    assert told(take(desk, alert, "acknowledge", reason="I restart it")) == [("success", "Acknowledge: done.")]
    assert fresh(alert).status == AlertStatus.ACKNOWLEDGED
    take(desk, alert, "silence", reason="until it is mended")
    assert fresh(alert).status == AlertStatus.SILENCED
    done = StaffAction.objects.order_by("number").values_list("action", "subject", "reason")
    assert list(done) == [
        ("acknowledge", str(alert.pk), "I restart it"),
        ("silence", str(alert.pk), "until it is mended"),
    ]


def test_many_alerts_are_acknowledged_together(alert: Alert) -> None:
    fire(BY_NAME["TasksWait"], "nyc", 20, now=timezone.now())
    take_selected(staff_with("alerts.view_alert", "alerts.change_alert"), list(Alert.objects.all()), "acknowledge")
    assert {each.status for each in Alert.objects.all()} == {AlertStatus.ACKNOWLEDGED}


def test_looking_is_not_acting(alert: Alert) -> None:
    desk = staff_with("alerts.view_alert")
    assert desk.get(page_of(alert)).status_code == 200
    with unchanged():
        assert desk.post(url_of(Alert, "acknowledge", alert.pk), {"_form_submitted": "on"}).status_code == 403
    assert staff_with().get(page_of(alert)).status_code == 403


def test_what_is_over_is_refused(alert: Alert) -> None:
    desk = staff_with("alerts.view_alert", "alerts.change_alert")
    resolve(alert, now=timezone.now())
    with unchanged():
        assert refusals(take(desk, alert, "silence")) == ["NoWorker: This alert is resolved and can't become silenced."]


def test_staff_of_other_regions_know_nothing_of_it(nyc: Region) -> None:
    """An alert that belongs to no region is for staff with every region."""
    rights = ("alerts.view_alert", "alerts.change_alert")
    theirs, others = (
        desk_of(limited_to(make_clerk(f"Clerk of {region.slug}", *rights), region))
        for region in (nyc, make_boston(nyc))
    )
    everywhere = desk_of(make_clerk("Clerk of all", *rights))
    now = timezone.now()
    fire(BY_NAME["RequestsWithoutPartners"], "nyc", 3, region_id=nyc.pk, now=now)
    fire(BY_NAME["NoWorker"], "", 0, now=now)
    in_nyc, of_all = Alert.objects.get(region=nyc), Alert.objects.get(region=None)
    with unchanged():
        for desk, alert in ((others, in_nyc), (others, of_all), (theirs, of_all)):
            assert desk.get(page_of(alert)).status_code == 302  # to the list, as if it were not there
            assert page_of(alert) not in desk.get(url_of(Alert, "changelist")).content.decode()
            desk.post(url_of(Alert, "acknowledge", alert.pk), {"_form_submitted": "on", "reason": "I look"})
    for desk, alert in ((theirs, in_nyc), (everywhere, of_all)):
        take(desk, alert, "acknowledge", reason="I look")
        assert fresh(alert).status == AlertStatus.ACKNOWLEDGED
