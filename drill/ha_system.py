"""The program on PostgreSQL by Patroni, behind PgBouncer, and on Valkey by Sentinel."""

from collections.abc import Iterator
from contextlib import contextmanager

from drill.cluster import Cluster
from drill.system import PARTS, System
from testbed import stack
from testbed.postgres import Postgres
from testbed.sentinels import SentinelSet


class HaSystem(System):
    """The program on servers that replace each other."""

    def __init__(self, port: int = 0, *, payments: bool = False, synchronous: bool = True) -> None:
        self.synchronous = synchronous
        super().__init__("postgres", port, payments=payments)
        self.first = {part: self.pid(part) for part in PARTS}

    def start_servers(self, database: str) -> dict[str, str]:
        self.cluster = Cluster(self.folder / "cluster", synchronous=self.synchronous)
        self.valkeys = SentinelSet(self.folder / "valkeys", down_after_ms=1000)
        environment = stack.environment(self.folder / "var", 0, DATABASE_URL=self.cluster.url(pooled=False))
        stack.manage(environment, "migrate", "--noinput")  # past PgBouncer
        return {
            "DATABASE_URL": self.cluster.url(),
            "DATABASE_STARTUP_OPTIONS": "0",
            "REDIS_URL": self.valkeys.url,
        }

    @contextmanager
    def dead_database(self) -> Iterator[str]:
        """Start what the killed primary has left, by itself and out of everybody's reach; gives the address."""
        assert self.cluster.dead is not None
        server = Postgres(self.folder / "dead", data=self.cluster.dead)
        try:
            yield f"postgres://postgres@/cheers?host={server.folder}"
        finally:
            server.stop()

    def restarted(self) -> int:
        """How many processes of ours are not those that started."""
        return sum(self.pid(part) != pid for part, pid in self.first.items())

    def close(self) -> None:
        super().close()
        self.valkeys.stop()
        self.cluster.stop()
