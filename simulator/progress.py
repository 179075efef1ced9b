"""Progress of a replay: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from simulator.replay import Progress

LINE_EVERY_S = 30.0


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """Yield a function that reports progress."""
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


class Lines:
    """Prints progress as lines of text, at most one per `LINE_EVERY_S`."""

    def __init__(self, console: Console) -> None:
        self.console, self.due = console, 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Print a line if one is due."""
        if time.monotonic() >= self.due:
            self.due = time.monotonic() + LINE_EVERY_S
            self.console.print(f"{done}/{total} {what}", highlight=False)
