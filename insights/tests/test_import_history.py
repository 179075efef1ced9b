"""`manage.py import_history`: counts by half hour and cell, safe to repeat."""

import gzip
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import h3
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from insights.forecast.importing import import_history
from insights.forecast.models import KEPT_RESOLUTION, PastDemand
from regions.models import Region

pytestmark = pytest.mark.django_db
HERE = "40.7484,-73.9857"
LONDON = "51.5072,-0.1276"


def kept() -> list[tuple[datetime, int]]:
    return list(PastDemand.objects.order_by("starts_at").values_list("starts_at", "requests"))


def csv(*rows: str) -> list[str]:
    return ["t,lat,lng\n", *(f"{row}\n" for row in rows)]


def test_requests_are_counted_by_half_hour_and_cell(nyc: Region) -> None:
    found = import_history(
        nyc,
        csv(
            f"2014-05-02T17:00,{HERE}",
            f"2014-05-02T17:29:59,{HERE}",
            f"2014-05-02T17:30,{HERE}",
            f"2014-05-02T17:01,{LONDON}",
        ),
    )
    assert kept() == [(datetime(2014, 5, 2, 21, tzinfo=UTC), 2), (datetime(2014, 5, 2, 21, 30, tzinfo=UTC), 1)]
    cell = h3.latlng_to_cell(40.7484, -73.9857, KEPT_RESOLUTION)
    assert {h3.int_to_str(row.cell) for row in PastDemand.objects.all()} == {cell}
    assert (found.requests, found.outside) == (3, 1)


def test_a_time_with_its_offset_needs_no_zone(nyc: Region) -> None:
    import_history(nyc, csv(f"2014-05-02T17:10+02:00,{HERE}"))
    assert kept() == [(datetime(2014, 5, 2, 15, tzinfo=UTC), 1)]


def test_the_hour_that_comes_twice_is_told_apart_by_its_offset(nyc: Region) -> None:
    import_history(nyc, csv(f"2014-11-02T01:10-04:00,{HERE}", f"2014-11-02T01:10-05:00,{HERE}"))
    assert kept() == [(datetime(2014, 11, 2, 5, tzinfo=UTC), 1), (datetime(2014, 11, 2, 6, tzinfo=UTC), 1)]


def test_a_file_replaces_its_own_span_only(nyc: Region) -> None:
    import_history(nyc, csv(f"2014-05-01T12:00,{HERE}", f"2014-05-03T12:00,{HERE}"))
    rows = csv(f"2014-05-02T12:00,{HERE}", f"2014-05-02T12:00,{HERE}", f"2014-05-03T12:10,{HERE}")
    for _ in range(2):
        import_history(nyc, rows)
        assert [count for _, count in kept()] == [1, 2, 1]
    import_history(nyc, csv(f"2014-05-01T00:00,{HERE}", f"2014-05-04T00:00,{HERE}"))
    assert [at.day for at, _ in kept()] == [1, 4]


def test_another_region_keeps_its_own(nyc: Region, boston: Region) -> None:
    PastDemand.objects.create(region=boston, starts_at=datetime(2014, 5, 2, 16, tzinfo=UTC), cell=1, requests=5)
    import_history(nyc, csv(f"2014-05-02T12:00,{HERE}"))
    assert PastDemand.objects.filter(region=boston).count() == 1


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["time,lat,lng\n"], "lacks the columns t"),
        ([], "lacks the columns t, lat, lng"),
        (csv(), "no request inside the region"),
        (csv(f"2014-05-02T12:00,{LONDON}"), "no request inside the region"),
        (csv(f"2014-05-02T12:00,{HERE}", f"yesterday,{HERE}"), "Line 3 of the file can't be read"),
        (csv("2014-05-02T12:00,north,-73.9"), "Line 2 of the file can't be read"),
        (csv("2014-05-02T12:00"), "Line 2 of the file can't be read"),
        (csv("2014-05-02T12:00,nan,inf"), "no request inside the region"),
    ],
)
def test_a_file_that_is_no_history_changes_nothing(nyc: Region, lines: list[str], reason: str) -> None:
    import_history(nyc, csv(f"2014-05-02T12:00,{HERE}"))
    before = kept()
    with pytest.raises(ValueError, match=reason):
        import_history(nyc, lines)
    assert kept() == before


def test_the_command_reads_plain_and_gzipped_files(nyc: Region, tmp_path: Path) -> None:
    plain, packed = tmp_path / "past.csv", tmp_path / "past.csv.gz"
    plain.write_text("".join(csv(f"2014-05-02T12:00,{HERE}")))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        told = StringIO()
        call_command("import_history", path, region="nyc", stdout=told)
        assert told.getvalue() == (
            "1 requests from 2014-05-02 16:00 to 2014-05-02 16:00 UTC; 0 outside the region left out.\n"
        )


def test_the_command_says_why_it_cannot(nyc: Region, tmp_path: Path) -> None:
    broken = tmp_path / "past.csv.gz"
    broken.write_bytes(gzip.compress(b"t,lat,lng\n" * 900)[:-9])
    for path, region, reason in (
        (broken, "nyc", "."),
        (tmp_path / "none.csv", "nyc", "No such file"),
        (broken, "atlantis", "No region is called atlantis"),
    ):
        with pytest.raises(CommandError, match=reason):
            call_command("import_history", path, region=region)


def test_a_half_hour_of_a_cell_is_one_row_with_requests(nyc: Region) -> None:
    row = {"region": nyc, "starts_at": datetime(2014, 5, 2, 16, tzinfo=UTC), "cell": 1}
    PastDemand.objects.create(**row, requests=1)
    for requests in (1, 0):
        with pytest.raises(IntegrityError), transaction.atomic():
            PastDemand.objects.create(**row | {"cell": 1 + (requests == 0)}, requests=requests)
