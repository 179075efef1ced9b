"""Primary keys: UUIDv7 (RFC 9562, section 5.7), which sort by creation time and name the cell that created them.

    bits  0-47   unix_ts_ms  milliseconds since 1970
    bits 48-51   ver         7
    bits 52-63   rand_a      the upper 12 bits of a counter
    bits 64-65   var         2
    bits 66-95   rand_b      the lower 30 bits of the counter
    bits 96-117              22 random bits
    bits 118-127             the cell, 0 to 1023 (section 6.4: a node's number in place of random bits)

The counter (section 6.2, method 1) starts at a random number in each millisecond and rises with each id, so the ids of
one process sort in the order of their creation. A cell is an installation with databases of its own: the ids of two
cells never collide, and an id says where its row lives. Ids made before cells existed are valid UUIDv7, but have
random bits in the cell's place.
"""

from datetime import datetime
from uuid import UUID

import uuid_utils
from django.conf import settings

CELL_BITS = 10
CELL_MASK = (1 << CELL_BITS) - 1


def new_id() -> UUID:
    """Make a new UUIDv7 of this installation's cell."""
    return UUID(int=uuid_utils.uuid7().int & ~CELL_MASK | settings.CELL)


def first_id_at(moment: datetime) -> UUID:
    """Return the lower bound of all ids made from a moment on. The key of a table leads by it to the latest rows."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def cell_of(id: UUID) -> int:
    """Return the cell in which an id was made. The result means nothing for ids made before cells existed."""
    return id.int & CELL_MASK
