"""The system under drill: the whole program as its supervisor runs it, on a database of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from drill.outside import Outside
from testbed import stack
from testbed.environment import make_folder
from testbed.postgres import Postgres, fresh_database
from testbed.processes import BASE, free_port
from testbed.stack import Stack

PATIENCE_S = 45
SETTINGS = {
    # Long enough for an offer to outlive the loss of the part that delivers it, short enough to see it lapse.
    "OFFER_TTL_S": "8",
    "REQUEST_PATIENCE_S": str(PATIENCE_S),
    "RECEIPT_AFTER_S": "5",
    "THROTTLE_SIGNUP": "100000/min",
    # The bots live in time-lapse: a drive of minutes takes seconds.
    "POSITION_SPEED_MAX_MPS": "2000",
}
PAID_AT_ONCE = {
    "PAYOUT_DELAY_DAYS": "0",
    "PAYOUT_ACCOUNT_DELAY_DAYS": "0",
    "PAYOUTS_REVIEWED": "0",
    "MIN_SESSION_S": "0",  # a session lasts for seconds
}
PARTS = {
    "web": "speedycheers.server",
    "worker": "manage.py worker",
    "sweep": "manage.py sweep",
    "valkey": "valkey-server",
    "payments": "fake_stripe",
}


class System:
    """The running program and the operations on it. Create and close it in the main thread."""

    def __init__(self, database: str, port: int = 0, *, payments: bool = False) -> None:
        self.folder = make_folder()
        self.postgres: Postgres | None = None
        self.outside = Outside()
        self.outside.start()
        settings = SETTINGS | self.outside.settings | self.start_servers(database)
        self.provider = f"http://127.0.0.1:{free_port()}" if payments else ""  # the card provider's stand-in
        if payments:
            settings |= {"PAYMENTS": "demo", "STRIPE_API_BASE": self.provider, "STRIPE_TIMEOUT_S": "2", **PAID_AT_ONCE}
        environment = stack.environment(self.folder / "var", port or free_port(), **settings)
        self.extra: list[subprocess.Popen[bytes]] = []
        self.stack = self.start_program(environment)

    def start_servers(self, database: str) -> dict[str, str]:
        """Start the servers that the program does not start itself, and return the settings that name them."""
        if database != "postgres":
            return {}
        self.postgres = Postgres(self.folder / "pg", durable=True)
        return {"DATABASE_URL": fresh_database(self.postgres.url)}

    def start_program(self, environment: dict[str, str]) -> Stack:
        """Start the program in this environment and wait until it is ready."""
        return stack.start(environment, arguments=("--follow-parent",))

    @property
    def url(self) -> str:
        return self.stack.url

    @property
    def valkey_folder(self) -> Path:
        return self.stack.data / "valkey"

    def pid(self, part: str) -> int:
        """The process id of a part, or 0 if it does not run."""
        twins = {process.pid for process in self.extra}
        found = [pid for pid, command in self.stack.processes().items() if PARTS[part] in command and pid not in twins]
        return found[0] if found else 0

    def signal(self, part: str, number: int) -> int:
        """Signal a part. Returns the id of the signalled process, or 0 if the part does not run."""
        pid = self.pid(part)
        if pid:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return 0
        return pid

    def start_second(self, command: str) -> "subprocess.Popen[bytes]":
        """Start a second process of a part beside the supervised one."""
        process = subprocess.Popen(
            [sys.executable, str(BASE / "manage.py"), command],
            cwd=BASE,
            env=self.stack.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.extra.append(process)
        return process

    def stray(self) -> dict[int, str]:
        """Running processes, by id, that belong to no part or duplicate one."""
        seen: set[str] = set()
        strays = {}
        for pid, command in self.stack.processes().items():
            part = next((name for name, text in PARTS.items() if text in command), "")
            if pid == self.stack.pid or pid in {process.pid for process in self.extra}:
                continue
            if not part or part in seen:
                strays[pid] = command
            seen.add(part)
        return strays

    def stop(self) -> int:
        """End the program by SIGTERM. Returns how many processes were left, or 1 for an exit code other than 0."""
        for process in self.extra:
            process.kill()
            process.wait()
        try:
            code = self.stack.stop()
        except (AssertionError, subprocess.TimeoutExpired):
            return max(1, len(self.stack.processes()))
        return 0 if code == 0 else 1

    def close(self) -> None:
        """Kill every process that is left, in whatever state the system is."""
        for process in self.extra:
            process.kill()
            process.wait()
        stack.kill(self.stack)
        self.outside.stop()
        if self.postgres is not None:
            self.postgres.stop()

    def keep_logs(self, folder: Path) -> None:
        """Copy the logs of the parts to a folder that outlives this run."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.stack.data / "log", folder)
        shutil.copy(self.stack.output, folder / "supervisor.log")
        if self.postgres is not None:
            shutil.copy(self.postgres.log, folder / "postgres.log")
