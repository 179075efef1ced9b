"""Live positions and presence in Valkey: which partners can be searched, and where they are.

Positions are hints, rebuilt from the database. This package knows partners by id only; `accounts` owns their rows.
Reports wait briefly in the process that received them, so that many are written together (`reporting`). Reads have
no side effects: they return the positions in Valkey, which are at most `POSITION_FLUSH_S` behind the reports.
Call every function that talks to Valkey outside a transaction.
"""

from positions.everybody import Whereabouts, whereabouts
from positions.layout import Position
from positions.live import (
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
    without_position,
)
from positions.recording import Recorded, Report, record_many
from positions.reporting import Reports, doubted, entered, noticed
from positions.search import Candidate, Nearest, Search, nearest_to_many
from positions.serving import Service, Watch, serve, serving

__all__ = [
    "Candidate",
    "Nearest",
    "Position",
    "Recorded",
    "Report",
    "Reports",
    "Search",
    "Service",
    "Watch",
    "Whereabouts",
    "available_count",
    "checked",
    "doubted",
    "enter",
    "entered",
    "forget",
    "hand_over",
    "held",
    "hide",
    "last_checked",
    "leave",
    "moved",
    "moved_still",
    "nearest_to_many",
    "noticed",
    "received_since",
    "record_many",
    "restore",
    "searchable",
    "serve",
    "serving",
    "whereabouts",
    "without_position",
]
