"""Frames that no client of ours would send: each gets an error frame, the socket lives on, and nothing changes."""

import json
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import notifications.consumers
from api.parsers import loads
from notifications.commands import POLICY_VIOLATION
from notifications.limits import BAD_FRAMES_MAX, FRAMES_MAX
from tests.fuzz.calls import UNKNOWN_ID
from tests.fuzz.conftest import FUZZ
from tests.fuzz.lines import COMMANDS, KNOWN, Lines, everybody
from tests.fuzz.world import rows

NEVER = 10**9


# ---------------------------------------------------------------- bad frames

Objects = st.SearchStrategy[dict[str, Any]]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**31, 2**63, 10**400, -1, 0])
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["", "\0", "\ud800", "x" * 2000, UNKNOWN_ID, "2026-05-01", "available ", "AVAILABLE"])
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
not_json = st.sampled_from(
    [
        "",
        " ",
        "hello",
        "{",
        "{'type':'ping'}",
        '{"type":"ping"',
        '{"type":"ping",}',
        '{"type":"ping"}{}',
        "\0",
        "\ufeff{}",
        "NaN",
        '"ping"',
        "[]",
        '{"type":"ping","type":"ping"}',
        '{"type":"ping","x":NaN}',
        '{"type":"ping","x":-Infinity}',
        '{"type":"ping","x":1e400}',
        '{"type":"ping","x":%s}' % ("9" * 5000),
        '{"type":"ping","x":"\\ud800"}',
        '{"type":"ping","x":"\\u0000"}',
        '{"type":"ping","\\u0000":1}',
        '{"type":"ping","x":%s}' % ("[" * 500 + "]" * 500),
        "[" * 8_000 + "]" * 8_000,
        "[" * 16_000,
        '{"a":' * 3_000,
    ]
)
not_objects = values.filter(lambda value: not isinstance(value, dict)).map(json.dumps)
binary = st.binary(max_size=200) | st.just(b'{"type":"ping"}')
ids = st.fixed_dictionaries({}, optional={"id": st.text(max_size=64) | st.integers(-(10**63), 10**63) | st.none()})
bad_ids: Objects = st.fixed_dictionaries(
    {
        "type": st.sampled_from(sorted(KNOWN)),
        "id": st.booleans() | st.floats() | st.lists(st.none()) | st.just({}) | st.just("x" * 65) | st.just(10**64),
    }
)
bad_types: Objects = st.builds(
    lambda rest, type, id: {**rest, **type, **id},
    st.dictionaries(st.text(max_size=8).filter(lambda name: name != "id"), values, max_size=4),
    st.fixed_dictionaries({"type": values.filter(lambda value: not isinstance(value, str) or value not in KNOWN)}),
    ids,
)


def bad_command(kind: str) -> Objects:
    """A command whose input is wrong, or that is about somebody else's things."""
    junk = values.filter(lambda value: value not in ("available", "offline"))
    coordinate: st.SearchStrategy[Any] = junk.filter(
        lambda value: not (type(value) in (int, float) and -180 <= value <= 180)
    )
    place = junk | st.fixed_dictionaries({"lat": coordinate, "lng": values}) | st.fixed_dictionaries({"lat": values})
    wrong: dict[str, Objects] = {
        "ack": st.fixed_dictionaries(
            {}, optional={"seq": junk.filter(lambda v: type(v) is not int or v < 0 or v > 99)}
        ),
        "location": st.fixed_dictionaries({"location": place}, optional={"recordedAt": values, "heading": values}),
        "accept": st.fixed_dictionaries({}, optional={"offerId": junk, "requestId": junk}),
        "decline": st.fixed_dictionaries({}, optional={"offerId": junk, "reason": values}),
        "status": st.fixed_dictionaries({}, optional={"status": junk}),
    }
    return st.builds(lambda body, id: {"type": kind, **body, **id}, wrong[kind], ids)


def bad_frames(role: str) -> st.SearchStrategy[str | bytes]:
    commands = st.one_of([bad_command(kind) for kind in COMMANDS[role]])
    objects = bad_types | bad_ids | commands | commands
    return not_json | not_objects | binary | objects.map(json.dumps) | objects.map(_with_raw_text)


def _with_raw_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@everybody
def test_bad_frames(role: str, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications.limits, "BAD_FRAMES_MAX", NEVER)
    monkeypatch.setattr(notifications.limits, "FRAMES_MAX", NEVER)
    line = lines.line(role)
    assert line.open()["type"] == "hello"
    before = rows()

    @given(st.lists(bad_frames(role), min_size=1, max_size=4))
    @hypothesis_settings(FUZZ, max_examples=150)
    def send(frames: list[str | bytes]) -> None:
        for frame in frames:
            line.send(frame)
        answers = line.until_pong()
        assert len(answers) == len(frames), (frames, answers)
        for frame, answer in zip(frames, answers, strict=True):
            assert_error_frame(answer, frame)

    send()
    assert rows() == before


def assert_error_frame(answer: dict[str, Any], frame: str | bytes) -> None:
    """The one shape, with the command's id where it had a usable one."""
    expected = expected_id(frame)
    assert set(answer) == {"type", "errors", *expected}, (frame, answer)
    assert {"id": answer.get("id")} == (expected or {"id": None}), (frame, answer)
    assert answer["type"] in ("validation_error", "client_error"), (frame, answer)
    assert answer["errors"], (frame, answer)
    for error in answer["errors"]:
        assert set(error) == {"code", "detail", "attr"}, (frame, answer)
        assert error["code"], (frame, answer)
        assert error["detail"], (frame, answer)


def expected_id(frame: str | bytes) -> dict[str, Any]:
    """The `id` that the answer has to carry: that of a frame that can be read, if it has one of the right kind."""
    try:
        assert isinstance(frame, str)
        content = loads(frame)
    except (AssertionError, ValueError):
        return {}
    if not isinstance(content, dict) or "id" not in content:
        return {}
    id = content["id"]
    fits = id is None or (isinstance(id, str | int) and not isinstance(id, bool) and len(str(id)) <= 64)
    return {"id": id} if fits else {}


# ---------------------------------------------------------------- too much


@everybody
@pytest.mark.parametrize("frame", ["x", b"x"], ids=["text", "binary"])
def test_oversized_frames_close(role: str, frame: str | bytes, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    before = rows()
    line.send(frame * settings.SOCKET_MAX_FRAME_BYTES)
    assert_error_frame(line.receive(), frame)
    line.send(frame * (settings.SOCKET_MAX_FRAME_BYTES + 1))
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}
    assert rows() == before


@everybody
def test_a_frame_is_measured_in_bytes(role: str, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    line.send("é" * (settings.SOCKET_MAX_FRAME_BYTES // 2 + 1))
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}


@everybody
def test_a_flood_of_bad_frames_closes(role: str, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    before = rows()
    for _ in range(BAD_FRAMES_MAX + 1):
        line.send("nonsense")
    for _ in range(BAD_FRAMES_MAX):
        assert_error_frame(line.receive(), "nonsense")
    assert "errors" in line.receive()
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}
    assert rows() == before


@everybody
def test_a_flood_of_good_frames_closes(role: str, lines: Lines) -> None:
    line = lines.line(role)
    line.open()
    for _ in range(FRAMES_MAX + 1):
        line.send('{"type":"ping"}')
    for _ in range(FRAMES_MAX):
        assert line.receive() == {"type": "pong"}
    assert line.receive() == {"type": "websocket.close", "code": POLICY_VIOLATION}
