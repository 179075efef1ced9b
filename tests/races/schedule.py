"""Threads that take turns, one statement of the database at a time, in an order drawn from a seed."""

from collections.abc import Callable
from random import Random
from threading import Condition, Thread
from typing import Any

from django.db import connection, connections

Step = Callable[[], Any]


class Schedule:
    """Lets threads go on one statement at a time, in an order drawn from a seed.

    A thread that waits for a lock of the database is not waited for: the others go on until it comes back.
    """

    BLOCKED_S = 0.03
    STUCK_S = 60.0

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.changed = Condition()
        self.waiting: set[int] = set()  # at the gate
        self.allowed: set[int] = set()
        self.blocked: set[int] = set()
        self.done: set[int] = set()

    def run(self, *steps: Step) -> list[Any]:
        """Run each step in a thread of its own; returns what each gave or raised, in order."""
        outcomes: list[Any] = [None] * len(steps)

        def body(number: int, step: Step) -> None:
            def gated(execute: Any, *arguments: Any) -> Any:
                self.gate(number)
                return execute(*arguments)

            try:
                with connection.execute_wrapper(gated):
                    outcomes[number] = step()
            except Exception as error:
                outcomes[number] = error
            finally:
                connections.close_all()
                with self.changed:
                    self.done.add(number)
                    self.blocked.discard(number)
                    self.changed.notify_all()

        threads = [Thread(target=body, args=(number, step), daemon=True) for number, step in enumerate(steps)]
        for thread in threads:
            thread.start()
        self.conduct(len(threads))
        for thread in threads:
            thread.join()
        return outcomes

    def gate(self, number: int) -> None:
        """Wait for one's turn."""
        with self.changed:
            self.blocked.discard(number)
            self.waiting.add(number)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: number in self.allowed, self.STUCK_S)
            self.allowed.discard(number)

    def conduct(self, threads: int) -> None:
        """Give turns until all are done."""
        everybody = set(range(threads))
        with self.changed:
            while len(self.done) < threads:
                settled = self.changed.wait_for(
                    lambda: self.waiting | self.blocked | self.done == everybody, self.BLOCKED_S
                )
                if not self.waiting:
                    self.changed.wait(self.BLOCKED_S)
                    continue
                if not settled:
                    self.blocked |= everybody - self.waiting - self.done
                chosen = self.random.choice(sorted(self.waiting))
                self.waiting.discard(chosen)
                self.allowed.add(chosen)
                self.changed.notify_all()
