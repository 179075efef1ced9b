"""Every field of every body replaced by what is not allowed there: refused in the one shape, and nothing changes."""

from collections.abc import Iterator
from typing import Any

from tests.fuzz.calls import UNKNOWN_ID, Caller, nothing_changes, posts
from tests.fuzz.schema import schema_of, validator
from tests.fuzz.world import World, rolled_back

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    6,
    1.5,
    -0.0,
    2**31,
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    "",
    " ",
    "x",
    "1",
    "null",
    "é",
    "💥",
    "\u202e\ufeff\x7f\x1b[0m",
    "' OR 1=1 --",
    "{{7*7}}%s%n${x}",
    "../../etc/passwd",
    "x" * 33,
    "x" * 129,
    "x" * 256,
    "x" * 501,
    "İ" * 60_000,
    "x" * 60_000,
    UNKNOWN_ID,
    UNKNOWN_ID.replace("-", ""),
    "{" + UNKNOWN_ID + "}",
    "urn:uuid:" + UNKNOWN_ID,
    "0000_000000000000000000000000000",
    "2026-05-01",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-02-30T00:00:00Z",
    "12:00:00Z",
    "a@" + ".".join(["İ" * 60] * 4) + ".com",
    "a@b",
    [],
    {},
    [None],
    ["x"],
    {"x": "y"},
    [[[[[[[[[[{}]]]]]]]]]],
    {"lat": 0},
    {"lat": "40", "lng": "-73"},
    {"lat": True, "lng": True},
    {"lat": 91, "lng": 0},
    {"lat": 0, "lng": -181},
    {"lat": 10**400, "lng": 0},
    {"lat": [40.7], "lng": None},
]


@posts
def test_fields_of_the_wrong_kind(route: str, world: World) -> None:
    """Whatever the schema does not allow is refused; whatever it does allow at least breaks nothing."""
    call = Caller(route, world)
    schema = schema_of(route)
    allowed = validator(schema)
    assert allowed.is_valid(call.good.body)
    refused = 0
    with nothing_changes() as check:
        for number, body in enumerate(variations(call.good.body, schema)):
            key = {"Idempotency-Key": f"fuzz-{number}"} if call.honours_keys and number % 2 else {}
            about = f"{number}: {str(body)[:200]}"
            with rolled_back():
                answer = call(body, key)
                if allowed.is_valid(body):
                    assert answer.status < 500, f"{about}: {answer}"
                else:
                    check(answer, about)
                    refused += 1
    assert refused > 20 * len(schema.get("properties", ())) or not schema.get("properties")
    assert 200 <= call().status < 300, "the call itself is good"


def variations(good: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The good body with each of its schema's fields replaced by each kind of junk, or left out."""
    for name in schema.get("properties", ()):
        yield {key: value for key, value in good.items() if key != name}
        yield {name: good.get(name)}
        for junk in [*JUNK, [good.get(name)], {name: good.get(name)}]:
            yield {**good, name: junk}
