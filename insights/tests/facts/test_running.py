"""Facts are counted by a task when it is due, by several workers at once, and once more by the command."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from insights.facts import services
from insights.facts.models import Counting, HourFacts, HourSupply
from insights.facts.selectors import By, Wait, day_of, money, same_days, supply, totals
from insights.facts.services import COUNTING, FACTS, count, rebuild
from insights.facts.sweeping import sweep_facts
from insights.tasks import count_facts
from insights.tests.facts import naive
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.tests.scenes import everything as everything_of
from tests.cast import Clock, accept, end, in_threads, make_partner, make_user, match, open_offer, queue, start
from tests.planning import by_index


@pytest.fixture
def everything(nyc: Region, staff: Any) -> None:
    everything_of(nyc, staff)


@pytest.mark.django_db
@pytest.mark.usefixtures("everything")
def test_what_services_write_is_counted_as_the_rows_say(nyc: Region) -> None:
    now = timezone.now()
    count(now)
    facts, sums, seconds = naive.stored()
    assert facts == naive.requests()
    assert facts
    assert sums == naive.money()
    assert sums
    assert seconds == naive.supply(now)


@pytest.mark.django_db
def test_a_served_cheer_in_the_sums(nyc: Region, clock: Clock) -> None:
    clock.advance((1800 - clock.now.timestamp()) % 3600)  # half past: a part of a second is lost at the end of an hour
    partner, begun = make_partner("Pia"), clock.now
    clock.advance(30)
    request = queue(make_user("Ada"))
    clock.advance(10)
    match(nyc)
    clock.advance(5)
    ride = accept(open_offer(request))
    clock.advance(100)
    start(ride)
    clock.advance(400)
    end(ride)
    count(clock.now)
    found = totals(nyc, begun, clock.now, by=By.ALL)[""]
    assert (found.numbers["requests"], found.numbers["completed"], found.numbers["session_s"]) == (1, 1, 400)
    assert found.users == 1
    assert found.percentile(Wait.TO_OFFER, 0.5) == pytest.approx(10, rel=0.02)
    assert found.percentile(Wait.TO_ACCEPTANCE, 0.9) == pytest.approx(15, rel=0.02)
    assert found.percentile(Wait.TO_ARRIVAL, 0.9) == pytest.approx(115, rel=0.02)
    worked = supply(nyc, begun, clock.now, by=By.ALL)[""]
    assert (worked.available_s, worked.offered_s, worked.busy_s, worked.people) == (40, 5, 500, 1)
    (earned,) = money(nyc, begun, clock.now, by=By.ALL).values()
    assert earned.revenue == ride.tariff_amount * 2
    assert earned.shares == earned.revenue * 8 // 10
    assert totals(nyc, begun, clock.now, by=By.REQUEST_TYPE, request_types=["high_five"]) == {}
    assert partner.pk == ride.partner_id


@pytest.mark.django_db
def test_parts_are_days_of_the_region(nyc: Region) -> None:
    day = timezone.now().date()
    begin, after = day_of(nyc, day)
    assert after - begin in {timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)}
    HourSupply.objects.create(region=nyc, starts_at=begin, available_s=3600 * 7, offered_s=0, busy_s=1)
    HourSupply.objects.create(region=nyc, starts_at=after, available_s=1, offered_s=0, busy_s=0)
    assert list(supply(nyc, begin, after, by=By.DAY)) == [day]
    assert supply(nyc, begin, after, by=By.HOUR)[begin].people == 8
    assert [(day - each).days for each in same_days(day)] == [7, 14, 21, 28]


@pytest.mark.django_db
def test_the_sweep_makes_the_job_and_the_task_does_it_once(nyc: Region, clock: Clock) -> None:
    queue(make_user("Ada"))
    sweep_facts(clock.now)
    sweep_facts(clock.now)
    assert Counting.objects.get().counted_at is None
    count_facts(FACTS)
    job = Counting.objects.get()
    assert HourFacts.objects.count() == 1
    assert job.due_at == clock.now + services.EVERY
    counted_at = job.counted_at
    clock.advance(1)
    count_facts(FACTS)  # nothing is due
    job.refresh_from_db()
    assert job.counted_at == counted_at
    assert timedelta(seconds=30) >= services.EVERY


@pytest.mark.django_db
@pytest.mark.usefixtures("everything")
def test_a_rebuild_in_many_parts_counts_the_same(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "REQUESTS_TOGETHER", 1)
    monkeypatch.setattr(services, "TOGETHER_LEAST", timedelta(hours=1))
    now = timezone.now()
    rebuild(now=now, begin=now - timedelta(days=3))
    assert naive.stored() == (naive.requests(), naive.money(), naive.supply(now))


@pytest.mark.django_db
def test_counting_may_take_minutes(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the connection has limits of seconds, as those of the program have."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such limits")
    found = []

    def shown(*args: Any) -> list[HourFacts]:
        with connection.cursor() as cursor:
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
                cursor.execute(f"SHOW {limit}")
                found.append(cursor.fetchone()[0])
        return []

    monkeypatch.setattr(services, "facts_of", shown)
    queue(make_user("Ada"))
    rebuild(now=timezone.now())
    assert set(found) == {"10min"}


@pytest.mark.django_db
def test_what_is_written_is_in_the_sums_within_a_minute(nyc: Region, clock: Clock) -> None:
    """The sweep enqueues each second what a worker does: when it is due, it counts all that is committed."""
    count_facts(FACTS)
    for _ in range(3):
        queue(make_user(f"Ada {clock.now}"))
        written = clock.now
        clock.advance(services.EVERY.total_seconds())
        sweep_facts(clock.now)
        count_facts(FACTS)
        assert clock.now - written <= timedelta(seconds=60)
        assert sum(HourFacts.objects.values_list("requests", flat=True)) == CheerRequest.objects.count()


@pytest.mark.django_db(transaction=True)
def test_several_who_count_at_once_leave_what_the_rows_say(nyc: Region, staff: Any) -> None:
    everything_of(nyc, staff)
    now = timezone.now()
    in_threads(*[lambda: count(now)] * 2, *[lambda: rebuild(now=now)] * 2)
    facts, sums, seconds = naive.stored()
    assert (facts, sums, seconds) == (naive.requests(), naive.money(), naive.supply(now))


@pytest.mark.django_db
def test_the_command_counts_again_what_it_is_told(nyc: Region, capsys: pytest.CaptureFixture[str]) -> None:
    now = timezone.now()
    queue(make_user("Ada"), now=now - timedelta(days=40))
    queue(make_user("Grace"), now=now)
    call_command("rebuild_facts")
    assert HourFacts.objects.count() == 2
    HourFacts.objects.update(requests=99)
    call_command("rebuild_facts", "--region", nyc.slug, "--from", f"{now - timedelta(days=2):%Y-%m-%d}", "-v2")
    assert sorted(HourFacts.objects.values_list("requests", flat=True)) == [1, 99]
    assert nyc.slug in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("rebuild_facts", "--region", "atlantis")


@pytest.mark.django_db
def test_no_statement_reads_a_whole_table_for_one_hour(nyc: Region) -> None:
    """By their indexes: requests by status and time, entries and partners' steps by time, the rest by its request."""
    queue(make_user("Ada"))
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("SELECT", "(SELECT")) and "insights_" not in sql and "regions_region" not in sql[:200]:
            how = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
            with connection.cursor() as cursor:
                cursor.execute(how + sql, params)
                plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    hour = timezone.now()
    with by_index():
        wrapped = connection.execute_wrapper(_once(explain))
        with wrapped:
            rebuild(now=hour, begin=hour - timedelta(hours=1))
    assert plans
    for plan in plans:
        for table in (
            "requests_app_cheerrequest",
            "requests_app_offer",
            "rides_ride",
            "payments_entry",
            "accounts_part",
        ):
            assert f"Seq Scan on {table}" not in plan, plan
            assert f"SCAN {table}" not in plan, plan
    assert CheerRequest.objects.count() == 1


def _once(explain: Any) -> Any:
    """Leave the statements of the explaining alone."""

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("EXPLAIN"):
            return execute(sql, params, many, context)
        return explain(execute, sql, params, many, context)

    return wrapper


def test_the_job_is_known_by_its_name() -> None:
    assert COUNTING.task == count_facts.name
