"""The queue of sockets that want in: a few at a time are admitted, the next ones wait, and the rest come again later.

After a restart every phone of a city connects in the same moment. To begin with all of them would let each wait longer
than it is willing to, so that the work for it would be done in vain, again and again.
"""

import time
from typing import Protocol

from core import come_again

AT_ONCE = 8  # handshakes under way, one in each of the sockets' threads; more would take turns at one processor
WAIT_S = 7.0  # for which a phone is let wait; the project's own give up after 10 s
ADMISSION_S = 0.005  # from one admission to the next, until some have been measured
MEMORY = 0.02  # the weight of one admission in the mean
LONGEST_S = 1.0  # more, in a standstill, says nothing about the next one
COME_AGAIN_MAX_S = 60.0


def farewell(after_s: float) -> str:
    """Return the reason with which a server that ends closes a socket, which another admits after this time."""
    return "restarting" if after_s < 1 else come_again.reason(after_s)


class Visitor(Protocol):
    """A socket before its handshake is answered."""

    host: str  # by which waiting sockets take turns

    def let_in(self) -> None: ...
    def turn_away(self, after_s: float) -> None: ...


class Admission:
    """The waiting sockets of one process. Addresses take turns, and one that fills the queue loses to the others."""

    def __init__(self, at_once: int = AT_ONCE, wait_s: float = WAIT_S) -> None:
        self.at_once, self.wait_s = at_once, wait_s
        self.count = 0
        self._waiting: dict[str, dict[Visitor, None]] = {}  # by address, the one whose turn is next first
        self._under_way: dict[Visitor, float] = {}
        self._takes_s = ADMISSION_S
        self._last_at = self._booked_until = 0.0

    @property
    def rate(self) -> float:
        """Admissions a second, as of late."""
        return 1 / self._takes_s

    @property
    def places(self) -> int:
        """The number of sockets that can wait and still be admitted in time."""
        return max(1, int(self.rate * self.wait_s))

    def arrive(self, visitor: Visitor) -> None:
        """Let a visitor in, have them wait, or turn somebody away: this one, or one of an address that has more."""
        if self.count >= self.places:
            fullest = visitor.host
            if len(self._waiting) < self.count:  # else nobody has more than one
                fullest = max(self._waiting, key=lambda host: len(self._waiting[host]))
            if len(self._waiting.get(fullest, ())) <= len(self._waiting.get(visitor.host, ())) + 1:
                self._turn_away(visitor)
                return
            youngest = next(reversed(self._waiting[fullest]))
            self._remove(youngest)
            self._turn_away(youngest)
        self._waiting.setdefault(visitor.host, {})[visitor] = None
        self.count += 1
        self._go_on()

    def left(self, visitor: Visitor) -> None:
        """Note that a visitor has been answered or is gone. It may be called several times."""
        begun = self._under_way.pop(visitor, None)
        if begun is not None:
            now = time.monotonic()
            took = min(now - max(begun, self._last_at), LONGEST_S)  # several run beside each other
            self._takes_s, self._last_at = self._takes_s + MEMORY * (took - self._takes_s), now
            self._go_on()
        elif visitor in self._waiting.get(visitor.host, ()):
            self._remove(visitor)

    def _go_on(self) -> None:
        while self.count and len(self._under_way) < self.at_once:
            host, queue = next(iter(self._waiting.items()))
            visitor = next(iter(queue))
            self._remove(visitor)
            if host in self._waiting:  # its next one waits for the others' turns
                self._waiting[host] = self._waiting.pop(host)
            self._under_way[visitor] = time.monotonic()
            visitor.let_in()

    def _remove(self, visitor: Visitor) -> None:
        queue = self._waiting[visitor.host]
        del queue[visitor]
        if not queue:
            del self._waiting[visitor.host]
        self.count -= 1

    def _turn_away(self, visitor: Visitor) -> None:
        """Tell a visitor to come when those before them, here or told the same, can have been admitted."""
        now = time.monotonic()
        self._booked_until = max(self._booked_until, now + self.wait_s) + 1 / self.rate
        if self._booked_until - now > COME_AGAIN_MAX_S:
            self._booked_until = now + self.wait_s
        visitor.turn_away(self._booked_until - now)

    def close(self) -> list[Visitor]:
        """Admit nobody any more. Returns those who wait."""
        self.at_once, left = 0, [visitor for queue in self._waiting.values() for visitor in queue]
        return left
