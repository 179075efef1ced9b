"""The event log, and the push from it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core import valkey
from core.pruning import kept_for
from notifications import selectors, services
from notifications.events import EPOCH, PUSH_CHANNEL, close_sockets, frame, push_latest, recorded
from notifications.models import Event, Stream
from ops.pruner import prune
from tests.cast import in_threads, unchanged

pytestmark = pytest.mark.django_db


@pytest.fixture
def pushed() -> Iterator[Any]:
    """Reads what has been pushed since the last look, as (header, text)."""
    with valkey.client().pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(PUSH_CHANNEL)
        listener.get_message(timeout=1.0)

        def look() -> list[tuple[str, str]]:
            valkey.client().publish(PUSH_CHANNEL, "end")
            seen: list[tuple[str, str]] = []
            while True:
                message = listener.get_message(ignore_subscribe_messages=True, timeout=1.0)
                if message is None:
                    continue
                if message["data"] == b"end":
                    return seen
                lines = message["data"].decode().split("\n")
                seen += [pair for pair in zip(lines[::2], lines[1::2], strict=True) if not pair[0].startswith(EPOCH)]

        yield look


def tell(*messages: tuple[str, str], **payload: Any) -> None:
    with recorded() as outbox:
        for recipient, type in messages:
            outbox.add(recipient, type, payload)


def log_of(recipient: str) -> list[tuple[int, str]]:
    return list(Event.objects.filter(recipient=recipient).order_by("seq").values_list("seq", "type"))


def is_gap_free(recipient: str) -> bool:
    numbers = [seq for seq, _ in log_of(recipient)]
    return numbers == list(range(1, len(numbers) + 1)) and selectors.stream_of(recipient).last_seq == len(numbers)


# ---------------------------------------------------------------- numbers


def test_each_recipient_has_its_own_numbers_from_one() -> None:
    tell(("user:a", "one"), ("user:b", "other"), ("user:a", "two"))
    tell(("user:a", "three"))
    assert log_of("user:a") == [(1, "one"), (2, "two"), (3, "three")]
    assert log_of("user:b") == [(1, "other")]
    epoch = selectors.server_epoch()
    assert set(Event.objects.values_list("epoch", flat=True)) == {epoch} != {0}
    numbers = {"user:a": (3, epoch), "user:b": (1, epoch), "user:c": (0, 0)}
    assert selectors.last_seqs(numbers) == numbers


def test_a_rollback_leaves_no_event_and_no_gap() -> None:
    tell(("user:a", "one"))

    def fail() -> None:
        with recorded() as outbox:
            outbox.add("user:a", "lost", {})
            outbox.write()
            raise ZeroDivisionError

    with unchanged(), pytest.raises(ZeroDivisionError):
        fail()
    tell(("user:a", "two"))
    assert log_of("user:a") == [(1, "one"), (2, "two")]


def test_an_outer_rollback_too() -> None:
    with unchanged(), transaction.atomic():
        tell(("user:a", "lost"))
        transaction.set_rollback(True)


def test_nothing_to_tell() -> None:
    with unchanged():
        tell()


def test_the_database_refuses_the_same_number_twice() -> None:
    tell(("user:a", "one"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(recipient="user:a", seq=1, type="again", payload={}, created_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_no_gap_and_no_double_under_concurrent_writers() -> None:
    """Some of the transactions are rolled back, and each writes to several recipients in its own order."""
    writers, rounds, recipients = 6, 15, ["user:a", "user:b", "partner:c"]

    def write(seed: int) -> None:
        random = Random(seed)
        for number in range(rounds):
            try:
                with recorded() as outbox:
                    for recipient in random.sample(recipients, k=random.randint(1, 3)):
                        outbox.add(recipient, f"{seed}.{number}", {})
                    if random.random() < 0.2:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue

    outcomes = in_threads(*(lambda seed=seed: write(seed) for seed in range(writers)))
    assert outcomes == [None] * writers
    for recipient in recipients:
        assert is_gap_free(recipient)
        for seed in range(writers):  # each writer's own events in the order it wrote them
            mine = [int(type.split(".")[1]) for _, type in log_of(recipient) if type.startswith(f"{seed}.")]
            assert mine == sorted(mine)
            assert mine


# ---------------------------------------------------------------- the push


def test_a_frame_is_pushed_for_each_event_in_order(pushed: Any) -> None:
    tell(("user:a", "one"), ("user:a", "two"), ("user:b", "three"), x=1)
    epoch = selectors.server_epoch()
    assert pushed() == [
        ("user:a 1", f'{{"type":"one","seq":1,"epoch":"{epoch}","x":1}}'),
        ("user:a 2", f'{{"type":"two","seq":2,"epoch":"{epoch}","x":1}}'),
        ("user:b 1", f'{{"type":"three","seq":1,"epoch":"{epoch}","x":1}}'),
    ]


def test_it_is_the_frame_of_the_log(pushed: Any) -> None:
    tell(("user:a", "one"), note="Ring “Müller” 📣\n2nd floor")
    [(_, text)] = pushed()
    assert text == frame(Event.objects.get())


def test_not_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[str] = []
    monkeypatch.setattr("notifications.events._publish", published.append)
    with transaction.atomic():
        tell(("user:a", "one"))
        assert published == []
    assert len(published) == 1


def test_not_after_a_rollback(pushed: Any) -> None:
    with transaction.atomic():
        tell(("user:a", "one"))
        transaction.set_rollback(True)
    assert pushed() == []


def test_a_failed_push_does_not_fail_the_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise valkey.Unreachable("away")

    with monkeypatch.context() as patch:
        patch.setattr(valkey, "client", away)
        tell(("user:a", "one"))
        push_latest([("user:a", "partner.location", {})])
        close_sockets(code=4401, credential="x")
    assert log_of("user:a") == [(1, "one")]


def test_what_has_no_number_is_not_in_the_log(pushed: Any) -> None:
    with unchanged():
        push_latest([("user:a", "partner.location", {"location": None})])
    assert pushed() == [("user:a 0", '{"type":"partner.location","location":null}')]


def test_many_frames_are_few_messages(pushed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    client = valkey.client()
    monkeypatch.setattr(client, "publish", lambda channel, message: sent.append(message))
    tell(*(("user:a", "n") for _ in range(250)))
    assert [message.count("\nuser:a ") for message in sent] == [100, 100, 50]


def test_the_sweep_tells_how_far_the_logs_of_those_lately_told_something_go(pushed: Any) -> None:
    tell(("user:a", "one"), ("user:a", "two"), ("user:b", "three"))
    tell(("user:c", "long ago"))
    now = timezone.now()
    Event.objects.filter(recipient="user:c").update(created_at=now - services.HEADS_LOOK_BACK - timedelta(seconds=1))
    pushed()
    with unchanged():
        services.publish_again(now)
    [(header, text)] = pushed()
    assert (header, json.loads(text)) == ("# 0", {"user:a": 2, "user:b": 1})


def test_also_that_there_is_nothing_new(pushed: Any) -> None:
    services.publish_again(timezone.now())
    assert pushed() == [("# 0", "{}")]


# ---------------------------------------------------------------- reading and pruning


def fill(recipient: str, count: int) -> None:
    tell(*((recipient, "n") for _ in range(count)))


def test_replay_gives_every_event_after_a_number_up_to_another() -> None:
    fill("user:a", 10)
    fill("user:b", 3)
    stream = selectors.stream_of("user:a")
    for epoch in (0, stream.epoch):
        stream.last_seq = 8
        events = selectors.replay(stream, 4, epoch)
        assert events is not None
        assert [(event.recipient, event.seq) for event in events] == [("user:a", n) for n in (5, 6, 7, 8)]
        stream.last_seq = 10
        assert selectors.replay(stream, 10, epoch) == []


@pytest.mark.parametrize(("after", "upto"), [(11, 10), (0, selectors.REPLAY_MAX + 1)])
def test_or_says_that_it_can_not(after: int, upto: int) -> None:
    fill("user:a", 10)
    assert selectors.replay(Stream(recipient="user:a", last_seq=upto), after, 0) is None


def test_not_where_some_have_been_pruned() -> None:
    fill("user:a", 10)
    Event.objects.filter(seq__lte=3).delete()
    stream = selectors.stream_of("user:a")
    assert selectors.replay(stream, 2, 0) is None
    assert selectors.replay(stream, 3, 0) is not None
    assert selectors.replay(stream, 3, stream.epoch) is None  # what could tell whether it was this event is gone


def test_pruning_takes_the_old_ones_and_leaves_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    fill("user:a", 10)
    now, kept = timezone.now(), kept_for("EVENTS_KEPT_DAYS")
    Event.objects.filter(seq__lte=5).update(created_at=now - kept - timedelta(seconds=1))
    Event.objects.filter(seq=6).update(created_at=now - kept + timedelta(seconds=1))
    monkeypatch.setattr("core.pruning.BATCH", 3)
    assert [prune("notifications.Event", now) for _ in range(2)] == [5, 0]
    assert [seq for seq, _ in log_of("user:a")] == [6, 7, 8, 9, 10]
    fill("user:a", 1)
    assert log_of("user:a")[-1][0] == 11


def test_acknowledgements_never_move_back_nor_past_what_was_sent() -> None:
    fill("user:a", 10)
    for acked, held in ((4, 4), (2, 4), (11, 4), (10, 10)):
        services.acknowledge({"user:a": (acked, 0), "user:nobody": (3, 0)})
        assert Stream.objects.get(recipient="user:a").acked_seq == held
    assert Stream.objects.count() == 1
