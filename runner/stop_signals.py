"""SIGTERM and SIGINT for a process with an event loop, which loses neither.

asyncio's own handlers pass a signal through the pipe that wakes the loop. A busy loop's wake-ups fill that pipe, and
then the signal is dropped.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT)


def watch(stop: Callable[[], object], *, exit_s: float) -> None:
    """Call `stop` in a thread of its own at the first signal, and end the process `exit_s` later in any case.

    Call it from the main thread.
    """
    told: SimpleQueue[int] = SimpleQueue()

    def on_signal(number: int, frame: FrameType | None) -> None:
        # Unlike events and locks, this queue may be used by a handler that has interrupted its user.
        told.put(number)

    def carry_out() -> None:
        told.get()
        stop()
        time.sleep(exit_s)
        os._exit(0)

    threading.Thread(target=carry_out, name="stop", daemon=True).start()
    for number in STOPPING:
        signal.signal(number, on_signal)
