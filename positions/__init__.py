"""Live positions and presence in Valkey: who is searchable, and where. Hints, rebuilt from the database.

Reports wait a moment in this process, so that many are written at once (`reporting`). Whatever reads positions
writes first what waits.
"""

from positions.keeping import write_to_database
from positions.live import (
    all_held,
    available_count,
    checked,
    enter,
    forget,
    hand_over,
    held,
    hide,
    last_checked,
    leave,
    moved,
    moved_still,
    received_since,
    restore,
    searchable,
    serve,
    serving,
    without_position,
)
from positions.recording import Position, Recorded, Report, record, record_many
from positions.reporting import flush, reports
from positions.search import Candidate, Search, nearest, nearest_to_many

__all__ = [
    "Candidate",
    "Position",
    "Recorded",
    "Report",
    "Search",
    "all_held",
    "available_count",
    "checked",
    "enter",
    "flush",
    "forget",
    "hand_over",
    "held",
    "hide",
    "last_checked",
    "leave",
    "moved",
    "moved_still",
    "nearest",
    "nearest_to_many",
    "received_since",
    "record",
    "record_many",
    "reports",
    "restore",
    "searchable",
    "serve",
    "serving",
    "without_position",
    "write_to_database",
]
