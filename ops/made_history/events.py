"""The event log of a made-up history: the latest events of each recipient, numbered without a gap."""

from api.stored_json import packed
from notifications.models import Event, Stream
from ops.made_history.cheers import Cheer
from ops.made_history.people import Person
from ops.made_history.rows import Table, dashed, moment

WORDS = "As long as what the program really sends, which repeats the whole request and the whole ride."


class EventWriter:
    """Writes events, and at the end the counters of their recipients."""

    def __init__(self) -> None:
        self.events = Table(Event, "recipient seq type payload created_at")
        self.streams = Table(Stream, "recipient last_seq acked_seq")
        self._told: dict[str, Person] = {}

    def write(self, cheer: Cheer) -> None:
        """Write the events of a cheer."""
        for side, person, type, id, at in cheer.told:
            recipient = f"{side}:{dashed(person.id)}"
            self._told[recipient] = person
            person.seq += 1
            about = {"id": dashed(id), "requestId": dashed(cheer.id), "at": at, "words": [WORDS] * 4}
            self.events.add(recipient, person.seq, type, packed(about), moment(at))

    def write_streams(self) -> None:
        """Write the counters: everything was acknowledged."""
        for recipient, person in self._told.items():
            self.streams.add(recipient, person.seq, person.seq)
