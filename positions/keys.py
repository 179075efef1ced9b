"""The keys of a region in Valkey. They carry its slug as a hash tag: a Redis Cluster keeps them together.

- `{nyc}:pos`       hash partner → "recorded received lat lng" (see `positions.recording`)
- `{nyc}:avail`     set of the partners that are available
- `{nyc}:geo`       geo set of the available partners that have a position: the search reads it
- `{nyc}:serves`    hash partner → id of the user they are on a ride for
- `{nyc}:moved`     set of the partners whose position is newer than the database's
- `{nyc}:forgotten` set of partners whose account is deleted; it expires when no report of theirs can be waiting
- `{nyc}:checked`   when all of this was last compared with the database (Unix seconds); gone with a lost Valkey
"""


def pos(region: str) -> str:
    """The hash of the positions held."""
    return f"{{{region}}}:pos"


def avail(region: str) -> str:
    """The set of the available partners."""
    return f"{{{region}}}:avail"


def geo(region: str) -> str:
    """The geo set of the partners that a search can find."""
    return f"{{{region}}}:geo"


def serves(region: str) -> str:
    """The hash of partners and the users to whom their positions are forwarded."""
    return f"{{{region}}}:serves"


def moved(region: str) -> str:
    """The set of the partners whose position is newer than the database's."""
    return f"{{{region}}}:moved"


def forgotten(region: str) -> str:
    """The set of the partners whose reports are dropped."""
    return f"{{{region}}}:forgotten"


def checked(region: str) -> str:
    """The time at which the region was last compared with the database in full."""
    return f"{{{region}}}:checked"
