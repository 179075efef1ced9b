"""The forecast's benchmark on a small made-up file."""

import gzip
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench.forecast import last_day, main, read


def write(path: Path, start: str, days: int) -> Path:
    rng = np.random.default_rng(9)
    begin = datetime.fromisoformat(start)
    lines = ["t,lat,lng"]
    for minute in range(0, days * 1440, 20):
        moment = begin + timedelta(minutes=minute)
        lines += [f"{moment:%Y-%m-%dT%H:%M},40.7608,-73.9733"] * int(rng.poisson(1 + (moment.hour > 16)))
        lines += [f"{moment:%Y-%m-%dT%H:%M},40.7419,-73.9875"] * int(rng.poisson(0.5))
    lines += [f"{start}T01:00,41.5,-73.9", f"{start}T01:00,40.7236,-73.9720"]  # outside the box; a cell too rare
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w") as file:
        file.write("\n".join(lines))
    return path


def test_two_files_are_one_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    early, late = write(tmp_path / "a.csv.gz", "2014-08-01", 31), write(tmp_path / "b.csv", "2014-09-01", 10)
    span = ["--test-from", "2014-09-01", "--test-to", "2014-09-08"]
    monkeypatch.setattr("sys.argv", ["forecast", "--data", str(early), "--data", str(late), *span])
    main()
    printed = capsys.readouterr().out
    assert printed.startswith("2014-09-01 to 2014-09-08: 2 cells, ")
    for line in ("| naive", "| seasonal naive", "| historic mean", "| noise floor, saying the rate", "| **ours, P50**"):
        assert line in printed
    assert "| next hour |" in printed
    assert "| next day |" in printed


def test_only_the_box_is_read(tmp_path: Path) -> None:
    times, lats, lngs = read([write(tmp_path / "a.csv", "2014-08-01", 1)], (40.68, -74.03, 40.82, -73.92))
    assert times.size == lats.size == lngs.size
    assert lats.max() < 40.82


@pytest.mark.parametrize(
    ("text", "day"),
    [("2014-08-31", 31), ("2014-09-01T00:00", 31), ("2014-08-31T12:00", 31)],
    ids=["day", "end", "noon"],
)
def test_the_last_day_of_a_span(text: str, day: int) -> None:
    assert last_day(text) == date(2014, 8, day)
