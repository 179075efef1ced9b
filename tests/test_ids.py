"""New ids: valid UUIDv7 that sort by creation and carry their cell."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from uuid import RFC_4122, UUID

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.ids import cell_of, first_id_at, new_id
from tests.cast import in_threads

ROOT = Path(__file__).parents[1]


@given(cell=st.integers(0, settings.CELLS - 1), count=st.integers(1, 50))
def test_an_id_is_a_uuid7_of_now_with_its_cell(cell: int, count: int) -> None:
    before = time.time_ns() // 1_000_000
    with override_settings(CELL=cell):
        ids = [new_id() for _ in range(count)]
    after = time.time_ns() // 1_000_000
    for id in ids:
        assert (id.version, id.variant, cell_of(id)) == (7, RFC_4122, cell)
        # A process that makes many ids in one millisecond may run ahead of the clock, by one for 2^41 of them.
        assert before <= id.int >> 80 <= after + 1
        assert cell_of(UUID(str(id))) == cell
    assert sorted(ids) == ids
    assert len(set(ids)) == count


@given(cells=st.lists(st.integers(0, settings.CELLS - 1), min_size=2, max_size=50))
def test_the_order_does_not_depend_on_the_cell(cells: list[int]) -> None:
    ids = []
    for cell in cells:
        with override_settings(CELL=cell):
            ids.append(new_id())
    assert sorted(ids) == ids
    assert [cell_of(id) for id in ids] == cells


def test_threads_make_no_id_twice() -> None:
    made = in_threads(*[lambda: [new_id() for _ in range(2_000)]] * 4)
    assert all(sorted(ids) == ids for ids in made)
    assert len({id for ids in made for id in ids}) == 8_000


def test_the_ids_from_a_moment_on_have_a_lower_bound() -> None:
    before = timezone.now()
    id = new_id()
    assert first_id_at(before) <= id < first_id_at(before + timedelta(hours=1))


@pytest.mark.parametrize("cell", ["-1", "1024"])
def test_a_cell_out_of_range_is_refused_at_the_start(cell: str, tmp_path: Path) -> None:
    environment = {"CELL": cell, "DEBUG": "1", "SPEEDYCHEERS_DATA": str(tmp_path)}
    command = [sys.executable, "-c", "import speedycheers.settings"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert f"CELL takes a number from 0 to 1023, not {cell}." in ran.stderr
