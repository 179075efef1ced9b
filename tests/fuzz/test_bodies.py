"""What no client of ours would send, to every endpoint: each is refused in the one shape, and changes nothing."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.models import User
from api.idempotency import KEY_MAX_CHARS
from api.models import IdempotencyRecord
from tests import cast
from tests.fuzz.calls import (
    GETS,
    GOOD,
    POSTS,
    ROUTES,
    UNKNOWN_ID,
    Answer,
    Caller,
    assert_refused,
    path_of,
    resolved,
    send,
    validator,
)
from tests.fuzz.conftest import World, rolled_back, rows

TOO_MANY_BYTES = 300_000  # more than any endpoint takes
posts = pytest.mark.parametrize("route", POSTS)


def test_no_endpoint_is_forgotten() -> None:
    assert sorted(GOOD) == POSTS
    assert set(POSTS) | set(GETS) == set(ROUTES)


@contextmanager
def nothing_changes() -> Iterator[Callable[[Answer, object], None]]:
    """Gives what is to be called with every answer."""
    before = rows()
    calls = []

    def check(answer: Answer, about: object) -> None:
        assert_refused(answer, about)
        calls.append(about)

    yield check
    assert rows() == before, f"one of {len(calls)} calls from {calls[:1]} to {calls[-1:]} has changed something"


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


# ---------------------------------------------------------------- field by field

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


@cache
def document() -> dict[str, Any]:
    """The OpenAPI schema. Every world has the same request types."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return schema


def schema_of(route: str) -> dict[str, Any]:
    """The JSON schema of an endpoint's body; an empty one where it takes none."""
    schema = document()
    path = next(path for path in schema["paths"] if _shape(path, "{}") == _shape("/" + route, "<>"))
    body = schema["paths"][path]["post"].get("requestBody")
    found: dict[str, Any] = body["content"]["application/json"]["schema"] if body else {}
    whole: dict[str, Any] = resolved(found, schema["components"]["schemas"])
    return whole


def _shape(path: str, brackets: str) -> list[str]:
    return ["*" if part.startswith(brackets[0]) else part for part in path.split("/")]


# ---------------------------------------------------------------- headers

WRONG_TYPES = [
    "",
    "text/plain",
    "text/html",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    'multipart/form-data; boundary="',
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "application",
    "/",
    ";",
    "é",
    "\x7f",
    "json",
]
WRONG_TOKENS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer x",
    "Bearer x y",
    "Bearer é",
    "Bearer " + "é" * 5000,
    "Bearer " + "x" * 100_000,
    "Bearer " + "\0" * 64,
    "Bearer " + "%00" * 64,
    "Bearer null",
    "Basic dXNlcjpwYXNz",
    "Basic é",
    "Token x",
    "é",
    "\0",
    "," * 1000,
]
WRONG_KEYS = ["", " ", "\t", "x" * (KEY_MAX_CHARS + 1), "x" * 100_000, "a\0b", "a\x7fb", "a\x85b", "\xad" * 3]
WRONG_ACCEPTS = [
    "application/json; version=2",
    "application/json; version=",
    "application/json; version=é",
    "application/json; version=1.0",
    "application/json; version=" + "9" * 5000,
    "text/html",
    "image/png",
    "application/xml, text/plain",
    ";",
    "é",
    "application",
]
WRONG_HOSTS = ["", "é", "evil.example", "localhost.evil.example", "localhost:x", "[::1", "a b", "\0", "@", "x" * 5000]
# Alone, they are no reason to refuse a call.
ODD_HEADERS = {
    "Accept": ["application/json; a*=foo'x'y", "text/html; q=nan, */*; q=9e99", "," * 3000, "*/*" * 3000],
    "Content-Type": ["application/json; charset=utf-16", 'application/json; charset="', "application/json;" * 500],
    "Cookie": [
        "=",
        ";;;",
        "=" * 5000,
        "sessionid",
        "sessionid=é",
        "sessionid=" + "x" * 10_000,
        'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000"',
        'csrftoken="\\000"; sessionid="\\377\\377\\377\\377\\377\\377\\377\\377"',
        'messages="\\000"',
        "messages=W1siX19qc29uX21lc3NhZ2UiXV0",
        "$Version=1; sessionid=x; $Path=/",
    ],
    "Accept-Language": ["é", "x" * 5000, ",;q=x"],
    "Accept-Encoding": ["é", "gzip;q=nan"],
    "If-None-Match": ["é", '"' * 1000],
    "If-Modified-Since": ["é", "Thu, 99 Foo 99999 99:99:99 GMT", "9" * 5000],
    "Origin": ["null", "é", "http://["],
    "Referer": ["é", "http://["],
    "X-Forwarded-For": ["é", "," * 1000, "\0"],
    "X-Forwarded-Host": ["evil.example", "\0"],
    "X-CSRFToken": ["é", "\0", "x" * 5000],
    "Range": ["bytes=9-1", "é"],
    "Upgrade": ["websocket"],
    "Expect": ["100-continue", "é"],
    "X-HTTP-Method-Override": ["DELETE", "é"],
    "Stripe-Signature": ["", "é", "t=1,v1=é", "t=é,v1=x", "t=" + "9" * 5000 + ",v1=x", "t=-1,v1=", "," * 1000, "\0"],
}


@posts
def test_headers_that_are_wrong(route: str, world: World) -> None:
    """The body is good."""
    call = Caller(route, world)
    with nothing_changes() as check:
        for name, values in wrong_headers(call):
            for value in values:
                check(call(headers={name: value}), (name, value[:100]))
    assert 200 <= call().status < 300, "the call itself is good"


def wrong_headers(call: Caller) -> Iterable[tuple[str, list[str]]]:
    yield "Accept", WRONG_ACCEPTS
    yield "Host", WRONG_HOSTS
    if call.good.who is not None:
        yield "Authorization", WRONG_TOKENS
    if call.honours_keys:
        yield "Idempotency-Key", WRONG_KEYS
    if call.good.signed:
        yield "Stripe-Signature", ODD_HEADERS["Stripe-Signature"]
    elif call.good.body:
        yield "Content-Type", WRONG_TYPES


@posts
def test_headers_that_are_odd(route: str, world: World) -> None:
    """The body is bad, so that each call is refused, whatever its headers say; none of them makes it fail."""
    call = Caller(route, world)
    odd = {**ODD_HEADERS, "Content-Type": [*ODD_HEADERS["Content-Type"], *WRONG_TYPES], "Authorization": WRONG_TOKENS}
    with nothing_changes() as check:
        for name, values in odd.items():
            for value in values:
                check(call(b"[]", {name: value}), (name, value[:100]))


@pytest.mark.parametrize(
    ("content_type", "query"),
    [
        ("application/json; a*=foo'x'y", ""),
        ("application/json; charset=rot13", "x=%ff"),
        ("application/json; charset=idna", "x=%ff"),
        ("application/json; charset=undefined", "x=1"),
        ("application/json; charset=utf-8", "&" * 3000),
    ],
)
def test_content_types_that_are_read_early(content_type: str, query: str, world: World) -> None:
    assert_refused(send("POST", "/login", b"[]", {"Content-Type": content_type}, query=query))
    assert_refused(send("POST", "/nothing/here", b"[]", {"Content-Type": content_type}, query=query))


@posts
def test_an_error_is_repeated_for_its_key(route: str, world: World) -> None:
    call = Caller(route, world)
    if not call.honours_keys:
        return
    for name, value in (("status", "a\\b\u007f💥"), ("x", "y")):
        body: dict[str, Any] = {field: [] for field in call.good.body} | {name: value}
        key = {"Idempotency-Key": f"again-{name}"}
        with rolled_back(), nothing_changes() as check:
            first = call(body, key)
            check(first, name)
            second = call(body, key)
            check(second, name)
            assert json.loads(first.body) == json.loads(second.body)
            assert first.status == second.status
            assert IdempotencyRecord.objects.count() == 1


# ---------------------------------------------------------------- paths and queries


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRONG_QUERIES = [
    "limit=",
    "limit=abc",
    "limit=0",
    "limit=-1",
    "limit=101",
    "limit=1.0",
    "limit=1e1",
    "limit=%2B1",
    "limit=+1",
    "limit=" + "9" * 5000,
    "limit=%EF%BC%91",
    "limit=1_0",
    "limit=NaN",
    "limit=%00",
    "limit=%ff",
    "cursor=x",
    "cursor=%00",
    "cursor=%ff%fe",
    "cursor=" + "x" * 9000,
    "cursor=====",
    "cursor=%F0%9F%92%A5",
    "cursor=" + encoded("p=1"),
    "cursor=" + encoded("p=\0"),
    "cursor=" + encoded("p=%00"),
    "cursor=" + encoded("p=' OR 1=1"),
    "cursor=" + encoded("o=-1"),
    "cursor=" + encoded("o=99999999999999999999"),
    "cursor=" + encoded("o=x"),
    "cursor=" + encoded("r=2"),
    "cursor=" + encoded("p=" + "1_1_1_1_1_1_1_1_1_1_1_1_1_1_1_11"),
    "cursor=" + encoded("p={" + UNKNOWN_ID + "}"),
    "cursor=" + encoded("p=" + UNKNOWN_ID.upper()),
    "cursor=" + encoded("p=" + UNKNOWN_ID + "&p=" + UNKNOWN_ID),
    "format=xml",
    "format=%00",
    "x=%00",
    "%00",
    "&" * 3000,
]
ODD_QUERIES = ["", "=", "?", "#", "&&", "%", "%zz", "x=%ff", "x[]=1", "limit", "version=9", "a" * 9000, "é", "\x7f"]
WRONG_IDS = [
    "",
    "x",
    "0",
    "-1",
    "null",
    "\0",
    "\xff",
    "é",
    "💥",
    "..",
    "../../etc/passwd",
    UNKNOWN_ID.upper(),
    UNKNOWN_ID.replace("-", ""),
    UNKNOWN_ID + "0",
    UNKNOWN_ID + "/",
    UNKNOWN_ID + "\n",
    "{" + UNKNOWN_ID + "}",
    UNKNOWN_ID,
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "x" * 9000,
    "'; DROP TABLE accounts_user; --",
]
ROLES: dict[str, Callable[[World], User | None]] = {
    "anonymous": lambda w: None,
    "user": lambda w: w.user,
    "partner": lambda w: w.offered.user,
    "staff": lambda w: w.staff,
}
roles = pytest.mark.parametrize("role", ROLES)


def sign_in(role: str, world: World) -> dict[str, str]:
    who = ROLES[role](world)
    return {"Authorization": f"Bearer {cast.token_of(who)}"} if who else {}


@roles
def test_ids_in_paths(role: str, world: World) -> None:
    headers = sign_in(role, world)
    with nothing_changes() as check:
        for method, routes, ids in (("GET", GETS, WRONG_IDS), ("POST", POSTS, WRONG_IDS), ("PUT", ROUTES, ["x", "\0"])):
            for route in routes:
                for id in ids if "<" in route else ():
                    path = path_of(route, id).encode().decode("latin-1")
                    check(send(method, path, b"{}", headers), (method, path[:100]))


@pytest.mark.parametrize("route", GETS)
def test_queries(route: str, world: World) -> None:
    headers, path = sign_in("user", world), path_of(route, world.completed.pk)
    is_list = getattr(ROUTES[route], "pagination_class", None) is not None and "<" not in route
    with nothing_changes() as check:
        for query in WRONG_QUERIES if is_list else ():
            check(send("GET", path, headers=headers, query=query), query[:100])
        for query in ODD_QUERIES if is_list else [*ODD_QUERIES, *WRONG_QUERIES]:
            answer = send("GET", path, headers=headers, query=query.encode().decode("latin-1"))
            assert answer.status < 500, (query[:100], answer)


@roles
def test_other_methods(role: str, world: World) -> None:
    headers = sign_in(role, world)
    with nothing_changes() as check:
        for route, view in ROUTES.items():
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
                if not hasattr(view, method.lower()):
                    check(send(method, path_of(route, UNKNOWN_ID), b"{}", headers), (method, route))


@pytest.mark.parametrize("role", ["anonymous", "staff"])
@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/metrics", "/nothing/here", "/account/login/"])
def test_pages_and_probes(path: str, role: str, world: World) -> None:
    """They answer whatever they like, as long as they neither fail nor change anything."""
    headers = {**sign_in(role, world), "Accept": "*/*"}
    before = rows()
    for query in [*WRONG_QUERIES, *ODD_QUERIES]:
        answer = send("GET", path, headers=headers, query=query.encode().decode("latin-1"))
        assert answer.status < 500, (path, query[:100], answer)
    for method in ("HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "É"):
        answer = send(method, path, b"\0[", headers)
        assert answer.status < 500, (method, path, answer)
    for name, values in ODD_HEADERS.items():
        for value in values:
            answer = send("GET", path, headers={**headers, name: value})
            assert answer.status < 500, (path, name, value[:100], answer)
    assert rows() == before


@pytest.mark.parametrize("query", ["format=xml", "format=%00", "lang=%00", "lang=é", "version=9", "&" * 3000])
def test_the_schema_with_odd_queries(query: str, world: World) -> None:
    assert send("GET", "/schema", query=query.encode().decode("latin-1")).status < 500
