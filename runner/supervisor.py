"""Starts every part of SpeedyCheers on one machine, keeps it running, and ends it as one."""

import contextlib
import http.client
import os
import select
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

from django.conf import settings

from core import valkey, vitals
from runner import city, embedded_valkey, lifeline, scaling, shared_port
from runner.children import MAX_DEATHS, Child, Surroundings, end_all, reason_in
from runner.fleet import Fleet
from runner.run_lock import Refused, RunLock

CHILDREN_STOP_S = 3.0
VALKEY_STOP_S = 0.5
READY_POLL_S = 0.1
READY_REMARK_S = 60.0
TICK_S = 1.0
SCALE_EVERY_S = 2.0
COMPILES_EACH_TIME = "PYTHONDONTWRITEBYTECODE"  # compiling takes two thirds of a part's restart
ANY_HOST = ("", "0.0.0.0", "localhost")  # noqa: S104 - compared, not bound


class Interrupted(Exception):
    """A signal asks us to end."""


def say(text: str) -> None:
    """Print a line for the user; a closed output is ignored."""
    with contextlib.suppress(OSError):
        print(text, flush=True)  # noqa: T201 - the program's output


def free_port() -> int:
    """A port that is free now, for PORT=0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Supervisor:
    """One run of the program. With `follow_parent`, it also ends with the process that started it."""

    def __init__(self, *, follow_parent: bool = False) -> None:
        self.parent = os.getppid() if follow_parent else None
        self.data: Path = settings.DATA_DIR
        self.port: int = settings.PORT or free_port()
        self.valkey_socket: Path | None = settings.VALKEY_SOCKET if settings.VALKEY_IS_EMBEDDED else None
        self.base: Path = settings.BASE_DIR
        self.payments_are_demo: bool = settings.PAYMENTS_ARE_DEMO
        self.tools_are_installed: bool = settings.TOOLS_ARE_INSTALLED
        self.host: str = settings.HOST
        self.reachable_at = "127.0.0.1" if self.host in ANY_HOST else self.host
        self.url = f"http://{self.reachable_at}:{self.port}"
        # In development the name that mails and passkeys know; a cookie of the address would not count there.
        named = settings.SITE_URL if settings.PORT else f"http://localhost:{self.port}"
        self.shown_url = named if settings.DEBUG else self.url
        # In production the site answers by its own name only.
        self.site = f"{self.reachable_at}:{self.port}" if settings.DEBUG else settings.ALLOWED_HOSTS[0].lstrip(".")
        self.lock = RunLock(self.data)
        self.children: list[Child] = []
        self.fleets: list[Fleet] = []
        self.scaled_at = 0.0  # on the monotonic clock
        self.signals: list[int] = []
        self.interruptible = False

    def run(self) -> int:
        """Run until a signal. Returns 0 then, or 1 if a part can't run. Raises `Refused` before anything starts."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        parts_fd = self.lock.take(self.shown_url)
        self.listening = shared_port.take(self.host, self.port)
        self.listen_to_signals()
        try:
            self.start(self.surroundings(parts_fd))
            while True:
                self.tick(TICK_S)
        except Interrupted:
            return 0
        except Refused as refusal:
            say(str(refusal))
            return 1
        finally:
            self.stop()

    # ------------------------------------------------------------ before the start

    def surroundings(self, parts_fd: int) -> Surroundings:
        """Return what every process of this run gets. The lifeline's write end stays open in this process only."""
        reading_end, self.writing_end = os.pipe()
        log_folder = self.data / "log"
        log_folder.mkdir(exist_ok=True)
        path = os.pathsep.join(filter(None, [str(self.base), os.environ.get("PYTHONPATH", "")]))
        inherited = {name: value for name, value in os.environ.items() if name != COMPILES_EACH_TIME}
        environment = {
            "MALLOC_ARENA_MAX": "2",  # glibc's many arenas cost memory per thread and gain nothing here
            **inherited,
            "DJANGO_SETTINGS_MODULE": "speedycheers.settings",
            "PORT": str(self.port),
            "PYTHONPATH": path,
            "PYTHONUNBUFFERED": "1",
            "SPEEDYCHEERS_DATA": str(self.data),
            lifeline.VARIABLE: str(reading_end),
        }
        return Surroundings(environment, log_folder, keep_fds=[reading_end, parts_fd])

    def listen_to_signals(self) -> None:
        """Let signals wake the select in `tick`. Ctrl-C works even if a shell started us in the background."""
        self.woken, waker = os.pipe()
        for fd in (self.woken, waker):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.on_signal)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self.on_signal)
        if self.parent is not None:
            lifeline.end_with_own_parent()

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Record the signal, and interrupt a wait for the network."""
        self.signals.append(number)
        if self.interruptible:
            self.interruptible = False
            raise Interrupted

    # ------------------------------------------------------------ the start

    def start(self, surroundings: Surroundings) -> None:
        """Start all parts, each after those that it needs."""
        if self.valkey_socket is not None:
            self.start_valkey(surroundings, self.valkey_socket)
        self.prepare_database(surroundings)
        manage = [sys.executable, str(self.base / "manage.py")]
        if self.payments_are_demo:
            self.keep("payments", [sys.executable, "-m", "fake_stripe"], surroundings)
            say("payments are a demonstration: save the test card 4242 4242 4242 4242 in the wallet")
        servers = self.listeners(surroundings)
        self.man("web", settings.SERVERS, scaling.SERVERS, [sys.executable, "-m", "speedycheers.server"], servers)
        self.man("worker", settings.WORKERS, scaling.WORKERS, [*manage, "worker"], surroundings)
        self.keep("sweep", [*manage, "sweep"], surroundings)
        say(f"logs  {surroundings.log_folder}")
        self.wait_until_ready()
        say(f"ready {self.shown_url}")
        if not city.is_simulated():
            return
        if not self.tools_are_installed:
            say("no simulated city: requirements-tools.txt is not installed")
        else:
            self.keep("bots", [*manage, "bots", "--server", self.url], surroundings)

    def keep(self, name: str, command: list[str], surroundings: Surroundings) -> None:
        """Start a part that runs until the end of the run."""
        child = Child(name, command, surroundings)
        child.roll_log()
        self.children.append(child)
        child.start()

    def man(
        self, name: str, bounds: tuple[int, int], goals: scaling.Goals, command: list[str], surroundings: Surroundings
    ) -> None:
        """Start the processes of a kind, of which there will be as many as the hour needs."""
        fleet = Fleet(name, scaling.Bounds(*bounds), goals, lambda name: Child(name, command, surroundings))
        self.fleets.append(fleet)
        fleet.start()

    def listeners(self, surroundings: Surroundings) -> Surroundings:
        """Return what a server gets beside the others: the run's listening socket."""
        fd = self.listening.fileno()
        environment = {**surroundings.environment, shared_port.VARIABLE: str(fd)}
        return replace(surroundings, environment=environment, keep_fds=[*surroundings.keep_fds, fd])

    def start_valkey(self, surroundings: Surroundings, path: Path) -> None:
        """Start Valkey and wait until it answers."""
        valkey = Child(
            "valkey",
            embedded_valkey.command(path),
            surroundings,
            death_signal=signal.SIGKILL,
            before_start=lambda: embedded_valkey.prepare(path),
        )
        valkey.roll_log()
        self.children.append(valkey)
        valkey.start()
        while not embedded_valkey.answers(path):
            self.tick(0.02)

    def prepare_database(self, surroundings: Surroundings) -> None:
        """Migrate and seed. Raises `Refused` if that fails."""
        child = Child("prepare", [sys.executable, "-m", "runner.prepare"], surroundings)
        child.roll_log()
        self.children.append(child)
        child.start(own_output=False)
        while (code := child.ended()) is None:
            self.tick(TICK_S, restart=False)
        self.children.remove(child)
        if code != 0:
            raise Refused(f"The database can't be prepared ({reason_in(child.log)}); {child.log} has the details.")

    def wait_until_ready(self) -> None:
        """Ask `/readyz` until it answers 200."""
        remark_at = time.monotonic() + READY_REMARK_S
        while (status := self.readiness()) != http.client.OK:
            if time.monotonic() > remark_at:
                say(f"Still not ready: {self.url}/readyz answers {status or 'nothing'}.")
                remark_at += READY_REMARK_S
            self.tick(READY_POLL_S)

    def readiness(self) -> int | None:
        """Return the status of `/readyz`, or None without an answer. A signal interrupts the wait."""
        connection = http.client.HTTPConnection(self.reachable_at, self.port, timeout=5)
        try:
            self.interruptible = True
            connection.request("GET", "/readyz", headers={"Host": self.site})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            self.interruptible = False
            connection.close()

    # ------------------------------------------------------------ while it runs

    def tick(self, timeout_s: float, *, restart: bool = True) -> None:
        """Wait for an event, at most `timeout_s`, and handle it. Raises `Interrupted` or `Refused`."""
        due = [child.start_at for child in self.all_children() if child.start_at is not None]
        if due:
            timeout_s = min(timeout_s, max(0.0, min(due) - time.monotonic()))
        if not self.signals and select.select([self.woken], [], [], timeout_s)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self.woken, 1024)
        if self.signals or (self.parent is not None and os.getppid() != self.parent):
            raise Interrupted
        for child in self.all_children():
            if restart or child.name == "valkey":
                self.look_after(child)
        now = time.monotonic()
        for fleet in self.fleets:
            fleet.let_go(now)
        if now - self.scaled_at >= SCALE_EVERY_S:
            self.scaled_at = now
            self.scale(now)

    def all_children(self) -> list[Child]:
        """Return every part that must run."""
        return [*self.children, *(child for fleet in self.fleets for child in fleet.members)]

    def scale(self, now: float) -> None:
        """Let each fleet follow what its processes tell of themselves. While Valkey is away nothing changes."""
        fleets = [fleet for fleet in self.fleets if fleet.may_change]
        if not fleets:
            return
        try:
            self.interruptible = True
            told = vitals.read()
        except valkey.Unreachable:
            told = []
        finally:
            self.interruptible = False
        for fleet in fleets:
            fleet.read(told, socket.gethostname(), now)
            if change := fleet.follow(now):
                say(f"{fleet.name}: {len(fleet.members) - change} → {len(fleet.members)} processes")

    def look_after(self, child: Child) -> None:
        """Restart a part that has ended. Raises `Refused` if it has ended too often."""
        now = time.monotonic()
        code = child.ended()
        if code is not None:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            if not child.plan_restart(now):
                raise Refused(f"{child.name} has ended {MAX_DEATHS} times within a minute: {child.log} has the reason.")
            say(f"{child.name} has ended ({how}) and is started again; its log is {child.log}.")
        elif child.start_at is not None and child.start_at <= now:
            child.start()
        child.bound_log()

    # ------------------------------------------------------------ the end

    def stop(self) -> None:
        """End every part, Valkey last because the others need it to finish. A second signal kills them immediately."""
        asked = len(self.signals)
        others = [child for child in self.all_children() if child.name != "valkey"]
        others += [child for fleet in self.fleets for child, _ in fleet.leaving]
        end_all(others, CHILDREN_STOP_S, hurry=lambda: len(self.signals) > asked)
        end_all([child for child in self.children if child.name == "valkey"], VALKEY_STOP_S, hurry=lambda: False)
        if self.valkey_socket is not None:
            self.valkey_socket.unlink(missing_ok=True)
        self.lock.release()
