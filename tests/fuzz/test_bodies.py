"""Bodies that no client of ours would send, to every endpoint: each is refused in the one shape, changing nothing."""

import json
from collections.abc import Iterator
from typing import Any

from tests.fuzz.calls import GETS, GOOD, POSTS, ROUTES, Caller, assert_refused, nothing_changes, posts
from tests.fuzz.schema import schema_of
from tests.fuzz.world import World, rolled_back

TOO_MANY_BYTES = 300_000  # more than any endpoint takes


def test_no_endpoint_is_forgotten() -> None:
    assert sorted(GOOD) == POSTS
    assert set(POSTS) | set(GETS) == set(ROUTES)


@posts
def test_bodies_that_are_not_json(route: str, world: World) -> None:
    call = Caller(route, world)
    with nothing_changes() as check:
        for about, body in unreadable(call.good.body):
            check(call(body), about)
    assert 200 <= call().status < 300, "the call itself is good"


def unreadable(good: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Bodies that are no JSON object, and the good one with something in it that JSON doesn't have."""
    text = json.dumps(good)
    for about, body in {
        "nonsense": b"hello",
        "only blanks": b" \n\t",
        "a form": b"a=1&b=2",
        "an array": b"[%s]" % text.encode(),
        "a string": json.dumps(text).encode(),
        "a number": b"1",
        "a huge number": b"9" * 4000,
        "too huge a number": b"9" * 5000,
        "true": b"true",
        "null": b"null",
        "NaN": b"NaN",
        "two documents": text.encode() * 2,
        "cut short": text.encode()[:-1],
        "single quotes": text.replace('"', "'").encode() if good else b"{'a': 1}",
        "a trailing comma": text[:-1].encode() + b",}",
        "a comment": b"{}//",
        "a byte order mark": b"\xef\xbb\xbf" + text.encode(),
        "UTF-16": text.encode("utf-16"),
        "UTF-32": text.encode("utf-32"),
        "a NUL": b"\0",
        "NULs around": b"\0" + text.encode() + b"\0",
        "brackets": b"[" * 60_000,
        "closed brackets": b"[" * 30_000 + b"]" * 30_000,
        "100,000 brackets": b"[" * 100_000,
        "braces": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "too long": json.dumps({**good, "x": "x" * TOO_MANY_BYTES}).encode(),
        "too long and no JSON": b"\xff" * TOO_MANY_BYTES,
        "too many keys": json.dumps({**good, **{f"k{n}": n for n in range(30_000)}}).encode(),
    }.items():
        yield about, body
    for about, member in {
        "NaN within": b'"x":NaN',
        "Infinity within": b'"x":Infinity',
        "-Infinity within": b'"x":-Infinity',
        "1e400 within": b'"x":1e400',
        "-1e400 within": b'"x":[-1e400]',
        "too huge an integer within": b'"x":' + b"9" * 5000,
        "hexadecimal": b'"x":0x10',
        "a leading zero": b'"x":01',
        "a plus": b'"x":+1',
        "an open string": b'"x":"',
        "a raw line break": b'"x":"\n"',
        "a raw NUL": b'"x":"\0"',
        "an escaped NUL": b'"x":"\\u0000"',
        "a NUL in a key": b'"\\u0000":1',
        "a NUL deep within": b'"x":[{"y":["\\u0000"]}]',
        "a lone surrogate": b'"x":"\\ud800"',
        "a lone low surrogate": b'"x":"\\udc00"',
        "surrogates the wrong way round": b'"x":"\\ude00\\ud83d"',
        "a surrogate in a key": b'"\\ud800":1',
        "surrogates as UTF-8": b'"x":"\xed\xa0\x80"',
        "latin-1": b'"x":"\xe9"',
        "an overlong form": b'"x":"\xc0\xaf"',
        "a bad escape": b'"x":"\\x"',
        "a number as key": b"1:1",
        "a key twice": b'"x":1,"x":1',
        "a key twice within": b'"x":{"y":1,"y":2}',
        "1,000 brackets within": b'"x":' + b"[" * 1000 + b"]" * 1000,
        "900 brackets within": b'"x":' + b"[" * 900 + b"]" * 900,
        "90 brackets within": b'"x":' + b"[" * 90 + b"]" * 90,
    }.items():
        yield about, text[:-1].encode() + (b"," if good else b"") + member + b"}"


@posts
def test_lying_lengths(route: str, world: World) -> None:
    call = Caller(route, world)
    long = {**call.good.body, "x": "x" * 100}
    with nothing_changes() as check:
        for length in ("1", "50"):
            check(call(long, content_length=length), length)
    required = schema_of(route).get("required")
    for length in ("", "-", "-5", "1e3", "0x10", "9" * 50, "é"):
        with rolled_back():
            answer = call(long, content_length=length)
            assert answer.status < 500, length
            if required and length != "9" * 50:
                assert_refused(answer, length)
