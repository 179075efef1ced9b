"""Log lines: JSON that parses, with ids that join it, without what identifies a person, and not without end."""

import io
import json
import logging
from typing import Any

import pytest

from core.log_context import bound, carried, note
from core.log_lines import LONGEST, BoundedStream, JsonLines, ReadableLines, scrubbed

SECRETS = ("ann@cast.test", "203.0.113.77", "2001:db8::7:1", "40.758012", "Ann Example", "3f9a" * 16, "ticket=abc")


@pytest.fixture
def written() -> Any:
    """A logger of its own, and a function that returns what it has written."""
    handler = BoundedStream("stdout", 3)
    handler.stream = io.StringIO()
    handler.setFormatter(JsonLines(process="web"))
    logger = logging.getLogger("some.part")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    yield logger, handler, lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    logger.removeHandler(handler)


@pytest.mark.parametrize("secret", SECRETS)
def test_arguments_and_foreign_texts_show_nobody(secret: str, written: Any) -> None:
    logger, _, lines = written
    logger.warning("no answer for %s", secret if secret != "Ann Example" else "Ann, Example!")
    logger.warning(f"GET /where?{secret} {secret}" if secret != "Ann Example" else "fine")
    try:
        raise ValueError(f"Key (name)=({secret}) already exists")
    except ValueError:
        logger.exception("a step failed")
    assert secret not in json.dumps(lines())


def test_a_failure_says_what_and_where_without_its_text(written: Any) -> None:
    logger, _, lines = written
    try:
        raise KeyError("Ann Example")
    except KeyError:
        logger.exception("%s of %s failed", "expire_offer", 7)
    (line,) = lines()
    assert (line["message"], line["error"], line["level"]) == ("expire_offer of 7 failed", "KeyError", "error")
    assert line["where"][-1].startswith("tests/test_log_lines.py:")
    assert line["process"] == "web"


def test_lines_carry_the_ids_of_what_they_belong_to(written: Any) -> None:
    logger, _, lines = written
    with bound(request="0123456789abcdef"):
        note(region="nyc")
        with bound(task="t1"):
            logger.info("inside")
        logger.info("after")
    logger.info("outside")
    inside, after, outside = lines()
    assert (inside["request"], inside["region"], inside["task"]) == ("0123456789abcdef", "nyc", "t1")
    assert (after["region"], "task" in after) == ("nyc", False)
    assert not {"request", "region", "task"} & outside.keys()


def test_a_note_outside_of_a_call_sticks_to_nothing(written: Any) -> None:
    logger, _, lines = written
    note(region="nyc")
    logger.info("outside")
    assert "region" not in lines()[0]


def test_a_flood_of_one_kind_is_cut_off_counted_and_hides_no_other(written: Any) -> None:
    logger, handler, lines = written
    for number in range(10):
        logger.info("number %d", number)
        logger.info("request", extra={"fields": {"event": "request", "status": 200}})
    logger.info("request", extra={"fields": {"event": "request", "status": 503}})
    assert [line["message"] for line in lines() if "message" in line] == ["number 0", "number 1", "number 2"]
    assert [line["status"] for line in lines() if line.get("event") == "request"] == [200, 200, 200, 503]
    handler.close()
    said = {line["kind"]: line["lines"] for line in lines() if line.get("event") == "lines_left_out"}
    assert said == {"some.part INFO number %d": 7, "request 2": 7}


def test_the_next_minute_says_what_the_last_one_left_out(written: Any) -> None:
    logger, handler, lines = written
    for _ in range(5):
        logger.info("again")
    later = logging.makeLogRecord({"name": "some.part", "msg": "later", "levelname": "INFO"})
    later.created += 61
    handler.handle(later)
    assert [line.get("lines") for line in lines()][-2:] == [2, None]


def test_kinds_without_end_count_as_one(written: Any) -> None:
    _, handler, lines = written
    for number in range(handler.KINDS_MAX + 50):
        handler.handle(logging.makeLogRecord({"name": "x", "msg": f"kind a{number}", "levelname": "INFO"}))
    assert len(lines()) == handler.KINDS_MAX + 3


def test_a_message_of_a_worker_brings_well_formed_ids_only() -> None:
    assert carried({"request": "0123456789abcdef", "region": "nyc", "evil": "x", "task": "a b@c"}) == {
        "request": "0123456789abcdef",
        "region": "nyc",
    }
    assert carried(None) == {}


def test_lines_for_people_show_their_fields() -> None:
    record = logging.makeLogRecord({"msg": "request", "fields": {"event": "request", "status": 200}})
    with bound(request="0123"):
        assert ReadableLines("%(message)s").format(record) == "request status=200 request=0123"


@pytest.mark.parametrize("piece", ["x", "a-", "a.", ":", "7."])
def test_a_very_long_message_is_cut(piece: str) -> None:
    """To look through one of 200 kB took minutes, in the event loop of a socket process."""
    assert scrubbed(piece * (200_000 // len(piece))) == " …"
    assert scrubbed(f"a frame of {piece * 200_000}") == "a frame of …"


def test_a_cut_leaves_no_part_of_a_token() -> None:
    text = "fine " * (LONGEST // 5 - 4)
    shown = scrubbed(text + "3f9a" * 16 + " and more" * 200)
    assert shown == text.rstrip() + " …"
