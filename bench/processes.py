"""The CPU time of the processes of a running program, by their kind. Linux only: it reads /proc."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# A process has the kind of the first word that its command line contains.
KINDS = {
    "speedycheers.asgi": "web",
    "speedycheers.server": "socket",
    "manage.py worker": "worker",
    "manage.py sweep": "sweep",
    "pginstall": "postgresql",
    "valkey": "valkey",
}


def cpu_ms(root: int) -> dict[str, float]:
    """Return the milliseconds of CPU that the descendants of a process have used so far, by kind.

    What ended children have used counts for the process that has waited for them.
    """
    used: dict[str, float] = defaultdict(float)
    for pid, kind in processes_of(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        used[kind] += sum(map(int, fields[11:15])) * 1e3 / TICKS_A_SECOND
    return dict(used)


def processes_of(root: int) -> Iterator[tuple[int, str]]:
    """Yield the descendants of a process, each with its kind, which is its parent's if it has none of its own."""
    children = _children()
    waiting: list[tuple[int, str]] = [(child, "") for child in children.get(root, ())]
    while waiting:
        pid, inherited = waiting.pop()
        try:
            kind = _kind(pid) or inherited
        except OSError:  # it has ended meanwhile
            continue
        yield pid, kind or "other"
        waiting += [(child, kind) for child in children.get(pid, ())]


def _kind(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return next((kind for word, kind in KINDS.items() if word in command), "")


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            found[int(parent)].append(int(entry.name))
    return found
