"""`python -m speedycheers`: one start at a time, everything ends together, nothing is lost."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.children import MAX_DEATHS
from testbed.environment import make_folder
from testbed.migrated import copy_file
from testbed.processes import BASE, free_port, wait_until
from testbed.stack import STOP_S, Stack, environment, kill, running_stack, start

pytestmark = pytest.mark.e2e


PORT_OF_A_RUN = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "speedycheers.settings"
from runner import shared_port
from runner.supervisor import Supervisor
run = Supervisor()
shared_port.take(run.host, run.port).close()
assert run.url.endswith(f":{run.port}")
print(run.port)
"""


@pytest.fixture(scope="module")
def program() -> Iterator[Stack]:
    """A program for the tests that don't end it, on a new database. It then ends by SIGTERM, with nothing left."""
    with running_stack(migrated=False) as stack:
        yield stack


def new_environment(program: Stack, **settings: str) -> dict[str, str]:
    """Where another program starts, on a copy of this one's database: migrating a new one takes seconds."""
    data = make_folder() / "var"
    data.mkdir(mode=0o700)
    if (made := program.data / "speedycheers.sqlite3").exists():
        copy_file(made, data / made.name)
    return environment(data, free_port(), **settings)


@contextlib.contextmanager
def killed_at_the_end(stack: Stack) -> Iterator[Stack]:
    """For the tests that end it themselves."""
    try:
        yield stack
    finally:
        kill(stack)


def refusal(env: dict[str, str]) -> list[str]:
    """The lines with which a start is refused."""
    result = subprocess.run(
        [sys.executable, "-m", "speedycheers"],
        cwd=BASE,
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 1
    assert not result.stdout
    return result.stderr.splitlines()


def healthy(stack: Stack) -> bool:
    """Whether everything answers."""
    with contextlib.suppress(OSError):
        return stack.call("GET", "/readyz")[0] == 200
    return False


def open_request(stack: Stack) -> str:
    """A cheer request, made through the API."""
    location = {"lat": 40.7484, "lng": -73.9857}
    body = {"location": location, "requestType": "birthday"}
    kinds = stack.manage(
        "shell", "-v0", "-c", "from requests_app.models import *; print(RequestType.objects.first().slug)"
    )
    body["requestType"] = kinds.split()[-1]
    status, answer = stack.call("POST", "/cheerRequest", body, stack.token("user1@demo.test"))
    assert status == 201, answer
    return str(answer["requestId"])


# ---------------------------------------------------------------- starting


def test_it_says_what_a_user_needs(program: Stack) -> None:
    said = program.output.read_text()
    assert said.count(f"ready {program.url}\n") == 1
    for wanted in (
        "user1@demo.test",
        "partner1@demo.test",
        "staff@demo.test",
        "cheers-demo",
        str(program.data / "log"),
    ):
        assert wanted in said
    assert len(said.splitlines()) < 15


def test_a_second_start_is_refused_and_disturbs_nothing(program: Stack) -> None:
    before = program.processes()
    lines = refusal({**program.env, "PORT": str(free_port())})
    assert len(lines) == 1
    assert str(program.pid) in lines[0]
    assert healthy(program)
    assert program.processes().keys() == before.keys()


def test_a_taken_port_is_refused(program: Stack, tmp_path: Path) -> None:
    lines = refusal({**program.env, "SPEEDYCHEERS_DATA": str(tmp_path / "other")})
    assert len(lines) == 1
    assert str(program.port) in lines[0]
    assert healthy(program)


def test_unusable_settings_are_refused(tmp_path: Path) -> None:
    for wrong in ({"DEBUG": "0"}, {"MATCH_RADIUS_M": "5,3"}, {"CELL": "1024"}, {"PORT": "many"}, {"PORT": "70000"}):
        lines = refusal({**environment(tmp_path / "var", free_port()), **wrong})
        assert len(lines) == 1, lines


def test_a_database_out_of_reach_is_named(tmp_path: Path) -> None:
    env = environment(tmp_path / "var", free_port(), DATABASE_URL="postgres://127.0.0.1:1/nothing")
    result = subprocess.run(
        [sys.executable, "-m", "speedycheers"],
        cwd=BASE,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert len(result.stdout.splitlines()) == 1
    assert "connection failed" in result.stdout
    assert "prepare.log" in result.stdout


def test_port_0_is_any_free_port(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PORT_OF_A_RUN]
    result = subprocess.run(command, cwd=BASE, env=environment(tmp_path, 0), capture_output=True, text=True, check=True)
    assert int(result.stdout) > 0


def test_valkey_is_private(program: Stack) -> None:
    socket = program.data / "valkey" / "valkey.sock"
    assert socket.is_socket()
    assert socket.parent.stat().st_mode & 0o777 == 0o700


# ---------------------------------------------------------------- going on


@pytest.mark.parametrize("part", ["speedycheers.server", "manage.py worker", "manage.py sweep", "valkey-server"])
def test_a_part_that_dies_is_started_again(program: Stack, part: str) -> None:
    before = wait_until(lambda: program.process_of(part), 5, part)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: program.process_of(part) not in (0, before), 15, f"{part} is back")
    wait_until(lambda: healthy(program), 30, f"ready again; {program.logs()}")


def test_a_part_that_dies_again_and_again_ends_everything(tmp_path: Path) -> None:
    script = """
import sys
from runner import children, supervisor
children.FIRST_DELAY_S = 0.01
class Flaky(supervisor.Supervisor):
    def start(self, surroundings):
        self.keep("steady", ["sleep", "1000"], surroundings)
        self.keep("flaky", [sys.executable, "-c", "raise SystemExit(3)"], surroundings)
sys.argv = ["speedycheers"]
supervisor.Supervisor = Flaky
from speedycheers.__main__ import main
raise SystemExit(main())
"""
    env = environment(tmp_path / "var", free_port())
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=BASE, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert len(lines) == MAX_DEATHS
    assert "exit code 3" in lines[0]
    assert "log/flaky.log" in lines[-1]


# ---------------------------------------------------------------- ending


@pytest.fixture
def without_nohup() -> Iterator[None]:
    """A program started here hears SIGHUP, also where these tests were started not to."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("without_nohup")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything(program: Stack, number: int) -> None:
    with killed_at_the_end(start(new_environment(program))) as stack:
        assert len(stack.processes()) >= 5
        assert stack.stop(number) == 0


def test_a_signal_during_the_start_ends_everything() -> None:
    stack = start(environment(make_folder() / "var", free_port()), ready=False)
    with killed_at_the_end(stack):
        wait_until(lambda: stack.process_of("runner.prepare"), 10, "preparing the database")
        assert stack.stop() == 0


def test_after_kill_9_nothing_is_left_and_a_restart_goes_on(program: Stack) -> None:
    env = new_environment(program, OFFER_TTL_S="60", REQUEST_PATIENCE_S="600")
    with killed_at_the_end(start(env)) as first:
        request_id = open_request(first)
        of_first = set(first.processes())
        assert len(of_first) >= 5
        first.process.kill()
        # At once: it waits for what is left of the first.
        with killed_at_the_end(start(env)) as second:
            assert not of_first & set(second.processes())
            status, answer = second.call("GET", f"/cheerRequest/{request_id}", token=second.token("user1@demo.test"))
            assert (status, answer["status"]) == (200, "pending")
            second.process.kill()
            second.process.wait(5)
            wait_until(lambda: not second.processes(), STOP_S, f"nothing is left of {second.processes()}")


def test_it_follows_the_process_that_started_it(program: Stack) -> None:
    env = new_environment(program)
    launcher = (sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])")
    with killed_at_the_end(start(env, prefix=launcher, arguments=("--follow-parent",))) as stack:
        assert len(stack.processes()) >= 6
        stack.process.kill()
        wait_until(lambda: not stack.processes(), STOP_S, f"nothing is left of {stack.processes()}")


def test_an_ordinary_user_can_run_it(program: Stack) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("the other tests run as an ordinary user already")
    env = new_environment(program)
    data = Path(env["SPEEDYCHEERS_DATA"])
    for path in (data.parent, data, *data.iterdir()):
        os.chown(path, 65534, 65534)
    # The one right that it keeps is to read this very Python, which may be installed under /root.
    rights = (
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
    )
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *rights)
    with killed_at_the_end(start(env, prefix=prefix)) as stack:
        assert (data / "log" / "web.log").stat().st_uid == 65534
        assert stack.stop() == 0
