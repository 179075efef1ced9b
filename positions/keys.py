"""The keys of a region in Valkey. They carry its slug as a hash tag: a Redis Cluster keeps them together.

- `{nyc}:pos`     hash partner → "recorded received lat lng" (Unix seconds, degrees)
- `{nyc}:avail`   set of the partners that are available
- `{nyc}:geo`     geo set of those of them with a position: what the search reads
- `{nyc}:serves`  hash partner → id of the user they are on a ride for
- `{nyc}:moved`   set of the partners whose position the database has not got yet
- `{nyc}:checked` when all of this was last compared with the database (Unix seconds); gone with a lost Valkey
"""


def pos(region: str) -> str:
    """Hash: the positions held."""
    return f"{{{region}}}:pos"


def avail(region: str) -> str:
    """Set: who is available."""
    return f"{{{region}}}:avail"


def geo(region: str) -> str:
    """Geo set: who can be found, and where."""
    return f"{{{region}}}:geo"


def serves(region: str) -> str:
    """Hash: whose positions are forwarded to whom."""
    return f"{{{region}}}:serves"


def moved(region: str) -> str:
    """Set: whose position is newer than the database's."""
    return f"{{{region}}}:moved"


def checked(region: str) -> str:
    """String: when the region was last compared in full."""
    return f"{{{region}}}:checked"
