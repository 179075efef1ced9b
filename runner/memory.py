"""Gives back the memory that a crowd has needed once it has left."""

import ctypes
import gc
import threading

CROWD = 200  # sockets; the memory of fewer is kept for the next ones


class Memory:
    """Remembers the largest crowd, and gives its memory back once half of it has left."""

    def __init__(self) -> None:
        self.largest = 0

    def note(self, connections: int) -> None:
        """Note how many connections there are. Called every second."""
        if self.largest - connections >= max(CROWD, self.largest // 2):
            self.largest = connections
            threading.Thread(target=give_back, name="memory", daemon=True).start()
        self.largest = max(self.largest, connections)


def give_back() -> None:
    """Drop what nothing leads to any more, and hand free memory to the system, which glibc keeps otherwise."""
    gc.collect()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
