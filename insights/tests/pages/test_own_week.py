"""A partner's own week, and when and where it is usually busy."""

from datetime import timedelta

import pytest

from accounts.models import Partner, PartnerTransition
from core import clock as program_clock
from insights.pages.own_week import own_week
from insights.pages.usual import forget_usual, usually_busy
from insights.tests.pages.scenes import NOW, TODAY, ask, hour, put
from regions.models import Region
from tests.cast import Clock, accept, end, make_partner, make_user, match, open_offer, queue, start

pytestmark = pytest.mark.django_db


def test_time_at_work_is_divided_by_midnight(nyc: Region) -> None:
    partner = make_partner("Pia")
    partner.transitions.all().delete()
    Partner.objects.filter(pk=partner.pk).update(region=nyc)
    partner.refresh_from_db()
    yesterday = TODAY - timedelta(days=1)
    for old, new, at in (
        ("offline", "available", hour(22, yesterday)),
        ("available", "busy", hour(23, yesterday)),
        ("busy", "offline", hour(2)),
        ("offline", "available", NOW - timedelta(minutes=7)),
    ):
        PartnerTransition.objects.create(subject=partner, old=old, new=new, at=at)
    *_, before, today = own_week(partner, now=NOW)
    assert (before.day, before.work_s, before.busy_s) == (yesterday, 7200, 3600)
    assert (today.day, today.work_s, today.busy_s) == (TODAY, 7200 + 420, 7200)


def test_a_partner_at_work_since_before_the_week(nyc: Region) -> None:
    partner = make_partner("Pia")
    partner.transitions.all().delete()
    PartnerTransition.objects.create(subject=partner, old="offline", new="available", at=NOW - timedelta(days=30))
    days = own_week(partner, now=NOW)
    assert [day.work_s for day in days] == [*[24 * 3600] * 6, 12 * 3600 + 420]


def test_offers_sessions_and_earnings(nyc: Region, clock: Clock) -> None:
    partner = make_partner("Pia")
    request = queue(make_user("Ada"))
    match(nyc)
    ride = accept(open_offer(request))
    start(ride)
    clock.advance(400)
    end(ride)
    clock.advance(1)
    partner.refresh_from_db()
    days = own_week(partner, now=clock.now)
    assert sum(day.offers for day in days) == sum(day.accepted for day in days) == 1
    assert sum(day.sessions for day in days) == 1
    assert sum(day.earned for day in days) > 0


def test_when_and_where_it_is_usually_busy(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_clock, "now", lambda: NOW)
    forget_usual()
    put(nyc, hour(9), 40)
    put(nyc, hour(10), 10)
    put(nyc, hour(11), 90, users=4)
    for number in range(5):
        ask(make_user(f"Uma {number}"), nyc, hour(9) + timedelta(minutes=number))
    usual = usually_busy(nyc)
    assert usual.when == {(3, 9): 4, (3, 10): 1}
    assert [cell.level for cell in usual.where] == [4]
    forget_usual()
