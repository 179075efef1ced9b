"""How xdist's workers share the tests: a file is never split, nor those that share a program, which come first."""

from types import SimpleNamespace
from typing import Any

from testbed.schedule import ByFile, needs_program, order

COLLECTED = [
    "rides/tests/test_tip.py::test_a[x@y]",
    "rides/tests/test_tip.py::test_b",
    "core/tests/test_jobs.py::test_c",
    "tests/fuzz/test_paths.py::test_d[/me]",
    "tests/fuzz/test_paths.py::test_e",
    "tests/e2e/test_cheer.py::test_f",
    "tests/browser/test_app.py::test_g",
    "tests/run/test_probes.py::test_h",
    "tests/production/test_readme.py::test_i",
    "tests/production/test_systemd.py::test_j",
]


class Worker:
    """A worker as the scheduler sees it."""

    shutting_down = False

    def __init__(self, name: str, collected: list[str]) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.collected, self.files, self.waiting = collected, [], []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.waiting += indices
        self.files.append([self.collected[index] for index in indices])

    def shutdown(self) -> None:
        self.shutting_down = True


def dealt_out(collected: list[str]) -> list[list[list[str]]]:
    """Return what each of two workers that run in turn is given, in order."""
    values = {"tx": ["2*popen"], "numprocesses": 2, "maxprocesses": None}
    config: Any = SimpleNamespace(getvalue=values.get, option=SimpleNamespace(loadscopereorder=False))
    scheduler = ByFile(config)
    workers = [Worker(name, collected) for name in ("gw0", "gw1")]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, collected)
    scheduler.schedule()
    while any(worker.waiting for worker in workers):
        for worker in workers:
            if worker.waiting:
                scheduler.mark_test_complete(worker, worker.waiting.pop(0))
    return [worker.files for worker in workers]


def test_a_file_goes_to_one_worker_and_those_that_share_a_program_to_one() -> None:
    given = [file for files in dealt_out(COLLECTED) for file in files]
    together = [COLLECTED[0:2], COLLECTED[2:3], COLLECTED[3:5], COLLECTED[5:7], COLLECTED[7:8], COLLECTED[8:10]]
    assert sorted(given) == sorted(together)


def test_programs_come_first_and_short_files_last() -> None:
    items: list[Any] = [SimpleNamespace(nodeid=nodeid) for nodeid in COLLECTED]
    order(items)
    ordered = [item.nodeid for item in items]
    assert ordered == COLLECTED[5:7] + COLLECTED[8:10] + COLLECTED[7:8] + COLLECTED[3:5] + COLLECTED[:3]
    first, second = dealt_out(ordered)
    assert first[0] == COLLECTED[5:7]
    assert second[0] == COLLECTED[8:10]


def test_only_some_files_start_the_program() -> None:
    assert [needs_program(nodeid) for nodeid in COLLECTED] == [False] * 5 + [True] * 5
