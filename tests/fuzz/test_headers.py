"""Headers that are wrong, or merely odd: none of them makes a call fail or change anything."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from api.models import IdempotencyRecord
from tests.fuzz.calls import Caller, assert_refused, nothing_changes, posts, send
from tests.fuzz.oddities import ODD_HEADERS, WRONG_ACCEPTS, WRONG_HOSTS, WRONG_KEYS, WRONG_TOKENS, WRONG_TYPES
from tests.fuzz.world import World, rolled_back


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
def test_an_error_is_answered_alike_and_not_stored(route: str, world: World) -> None:
    call = Caller(route, world)
    if not call.honours_keys or not call.good.body:  # what says nothing can't be said wrongly
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
            assert not IdempotencyRecord.objects.exists()
