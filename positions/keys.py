"""The keys of a region in Valkey. The slug is their hash tag, so a Redis Cluster keeps them together.

- `{nyc}:pos`       hash partner → "recorded received lat lng" (see `positions.recording`)
- `{nyc}:avail`     set of the available partners
- `{nyc}:geo`       geo set of the available partners that have a position; the search reads it
- `{nyc}:serves`    hash partner → id of the user of their ride
- `{nyc}:moved`     set of the partners whose position is newer than the database's
- `{nyc}:forgotten` set of partners whose account is deleted; it expires once none of their reports can be waiting
- `{nyc}:checked`   time of the last full comparison with the database (Unix seconds); missing if Valkey lost its data
"""


def pos(region: str) -> str:
    """The hash of the stored positions."""
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
    """The time of the region's last full comparison with the database."""
    return f"{{{region}}}:checked"
