"""The parts of the drill's suite `ha` that need none of its servers."""

from types import SimpleNamespace
from typing import Any

import pytest

from drill import __main__ as program
from drill import cluster, ha
from drill.probe import Timeline
from drill.run import Struck
from testbed.environment import make_folder


def test_programs_that_are_missing_are_named_with_their_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "PATH", "/nowhere")
    options = program.parser().parse_args(["--suite", "ha"])
    assert program.start(options, payments=False) is None
    said = capsys.readouterr().err.splitlines()
    assert "patroni is not installed: apt-get install patroni" in said
    assert "etcd is not installed: apt-get install etcd-server" in said
    assert len(said) == 4


@pytest.mark.parametrize("synchronous", [True, False])
def test_patroni_is_told_what_the_replicas_are(synchronous: bool) -> None:
    folder = make_folder() / "db1"
    programs = cluster.Programs(folder.parent)
    told = cluster.patroni_settings(programs, folder, {"port": 1, "rest": 2}, 3, synchronous=synchronous)
    shared = told["bootstrap"]["dcs"]
    assert shared["synchronous_mode"] is synchronous
    assert shared["ttl"] >= shared["loop_wait"] + 2 * shared["retry_timeout"]  # else a slow etcd ends a lease
    assert told["name"] == "db1"


def test_what_is_for_good_happens_once_and_after_the_rest() -> None:
    faults = ha.faults()
    names = [faults.next().name for _ in range(7)]
    assert names[2] == "PostgreSQL's primary killed for good"
    assert names.count(names[2]) == 1
    assert set(names) == set(names[:3])


def measured(offers: list[tuple[float, float]], *, restarted: int = 0, died_at: float | None = None) -> dict[str, Any]:
    struck = [Struck(name, 100.0, 105.0) for name in ("PostgreSQL's", "Valkey's", "PgBouncer")]
    outcome: Any = SimpleNamespace(struck=struck, timeline=Timeline(offers=offers))
    system: Any = SimpleNamespace(restarted=lambda: restarted, cluster=SimpleNamespace(died_at=died_at))
    return {line.name: line.kept for line in ha.measures(system, outcome)}


def test_offers_count_from_the_death_on() -> None:
    assert set(measured([(99.0, 101.0), (103.0, 109.0)]).values()) == {True}
    late = measured([(99.0, 101.0), (103.0, 112.0)])
    assert [name for name, kept in late.items() if not kept] == [
        "offers again after Valkey's death",
        "offers again after PgBouncer's death",
    ]
    assert measured([(99.0, 101.0)])["offers again after PostgreSQL's death"] is False


def test_offers_while_replicas_are_only_stopped_do_not_count() -> None:
    name = "offers again after PostgreSQL's death"
    offers = [(100.5, 101.0), (104.0, 117.5)]
    assert measured(offers)[name] is True
    assert measured(offers, died_at=102.0)[name] is False


def test_a_restarted_process_is_seen() -> None:
    assert measured([(100.0, 101.0)], restarted=1)["processes of ours restarted"] is False
