"""The parts of the drill's suite `upgrade` that need none of its processes."""

import importlib.util
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drill import upgrade
from drill.faults import Fault
from drill.rolling_system import MIGRATIONS, NEXT, RollingSystem, add_migration, put_release
from testbed.environment import make_folder
from testbed.processes import BASE


def test_a_release_is_the_sources_and_the_next_has_a_migration_more() -> None:
    release = make_folder() / "release"
    put_release(release)
    assert (release / "manage.py").read_bytes() == (BASE / "manage.py").read_bytes()
    assert not (release / ".git").exists()
    assert not (release / "node_modules").exists()
    add_migration(release)
    file = release / MIGRATIONS / NEXT
    spec = importlib.util.spec_from_file_location("next", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    [(app, last)] = module.Migration.dependencies
    assert (release / MIGRATIONS / f"{last}.py").exists()
    assert app == "requests_app"
    assert not [name for name in (release / MIGRATIONS).iterdir() if last < name.stem < "9999"]


def test_the_one_fault_comes_once() -> None:
    one: Any = None
    chooser = upgrade.Once(Fault("the release replaced", one))
    assert [fault.name if fault else None for fault in (chooser.next(), chooser.next())] == [
        "the release replaced",
        None,
    ]


def failed(**seen: Any) -> list[str]:
    one = upgrade.Upgrade()
    one.watch = upgrade.Watch("", "", longest={"GET cheerRequest": seen.get("longest", 0.9)})
    one.watch.faults.update(seen.get("faults", {}))
    one.left, one.migrated = seen.get("left", []), seen.get("migrated", True)
    outcome: Any = SimpleNamespace(errors=Counter(seen.get("errors", {})))
    return [line.name for line in one.measures(outcome) if line.kept is False]


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        ({"longest": 1.1}, "longest stall (GET cheerRequest)"),
        ({"faults": {"GET cheerRequest: 502": 1}}, "5xx and calls cut off"),
        ({"errors": {"POST /rideEnd: 503 database_busy": 1}}, "5xx and calls cut off"),
        ({"errors": {"POST /rideEnd: ReadError": 1}}, "5xx and calls cut off"),
        ({"left": ["worker1"]}, "processes of release N left"),
        ({"migrated": False}, "migrations left to do"),
    ],
)
def test_each_way_in_which_an_upgrade_is_noticed(seen: dict[str, Any], name: str) -> None:
    assert failed(**seen) == [name]


def test_a_smooth_upgrade_passes() -> None:
    assert (
        failed(errors={"socket /user/notification: closed with 1012": 3, "POST /rideAccept: 409 offer_gone": 1}) == []
    )


def test_the_processes_are_those_of_the_units() -> None:
    system = RollingSystem.__new__(RollingSystem)
    system.ports = {"web": 8123}
    web = system.command("web")
    assert Path(web[0]).exists()
    assert web[-1] == "drilled:application"
    assert web[web.index("--port") + 1] == "8123"
    assert int(web[web.index("--respawn-interval") + 1]) >= 15  # a new worker loads before an old one ends
    assert system.command("socket2")[1:] == ["-m", "speedycheers.server"]
    assert system.command("worker1")[1:] == ["manage.py", "worker"]
