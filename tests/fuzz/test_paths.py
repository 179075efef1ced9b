"""Paths, queries and methods that nobody should ask for, in every role: nothing fails, and nothing changes."""

from collections.abc import Callable

import pytest

from accounts.models import User
from tests import cast
from tests.fuzz.calls import GETS, POSTS, ROUTES, UNKNOWN_ID, nothing_changes, path_of, send
from tests.fuzz.oddities import ODD_HEADERS, ODD_QUERIES, WRONG_QUERIES
from tests.fuzz.world import World, rows

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
