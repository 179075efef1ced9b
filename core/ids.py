"""Primary keys: UUIDv7 (RFC 9562), which sort by the time they were made and so keep indexes compact."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A new UUIDv7."""
    return uuid_utils.compat.uuid7()
