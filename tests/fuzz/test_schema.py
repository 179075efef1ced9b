"""Schemathesis over `/schema`: every answer is one that the schema promises, and a refused call changes nothing."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import settings
from rest_framework.permissions import AllowAny
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from requests_app.models import RequestType
from speedycheers.wsgi import application
from tests import cast
from tests.fuzz.calls import EVERY_ROUTE, send
from tests.fuzz.conftest import FUZZ
from tests.fuzz.schema import resolved, validator
from tests.fuzz.world import World, rolled_back, rows
from tests.rows import written

EXAMPLES = 12  # a role and operation and mode, beside those that cover the schema one by one
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
]


# ---------------------------------------------------------------- who calls, and what is theirs

ROLES = ("anonymous", "user", "partner", "staff")


def caller(role: str, world: World) -> dict[str, str]:
    """The headers of a role."""
    who = {"user": world.user, "partner": world.en_route.user, "staff": world.staff}.get(role)
    return {"Authorization": f"Bearer {cast.token_of(who)}"} if who else {}


def own_ids(role: str, world: World) -> dict[str, str]:
    """Ids of what a role may see and act on, by the names that paths and bodies give them."""
    partner = role == "partner"
    return {
        "requestId": str(world.coming.request_id if partner else world.request.pk),
        "rideId": str(world.coming.pk if partner else world.completed.pk),
        "paymentId": str(world.completed.payments.get().pk),
        "partnerId": str(world.applicant.pk),
        "attemptId": str(world.letter.looks.get().pk),
        "offerId": str(cast.open_offer(world.request).pk),
        "scheduledId": str(world.planned.pk),
        "placeId": str(world.place.pk),
        "requestType": "pep_talk",
    }


def use_own_ids(case: Any, ids: dict[str, str]) -> None:
    """Let about every second case with a well-formed made-up id or slug act on what is there."""
    path = case.meta.components.get(ParameterLocation.PATH)
    if path and path.mode.is_positive and case.path_parameters:
        case.path_parameters = {name: _own(value, ids.get(name)) for name, value in case.path_parameters.items()}
    body = case.meta.components.get(ParameterLocation.BODY)
    if body and body.mode.is_positive and isinstance(case.body, dict):
        case.body = {name: _own(value, ids.get(name)) for name, value in case.body.items()}


def _own(value: Any, own: str | None) -> Any:
    return own if own and isinstance(value, str) and value[-1:] in "02468ace" else value


# ---------------------------------------------------------------- every operation


@pytest.mark.timeout(900)  # it calls each of a hundred operations many times
@pytest.mark.parametrize("role", ROLES)
def test_every_operation(role: str, world: World, subtests: pytest.Subtests) -> None:
    # NUL can't be ruled out in a schema; test_bodies.py sends it.
    config = SchemathesisConfig.from_dict({"generation": {"allow-x00": False}})
    schema = schemathesis.openapi.from_wsgi("/schema", application, config=config)
    headers, ids = caller(role, world), own_ids(role, world)
    before = rows()

    def call(case: Any) -> None:
        use_own_ids(case, ids)
        with rolled_back(), written() as statements:
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS)
            if response.status_code >= 400 and statements:  # reading every row takes longer than the call
                assert rows() == before

    tested = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        name = re.sub(r"{\w+}", "*", operation.label)
        tested.add(name)
        modes = list(HypothesisTestMode) if may(role, OPERATIONS[name]) else [HypothesisTestMode.FUZZING]
        with subtests.test(operation.label):
            examples = settings(FUZZ, max_examples=EXAMPLES if may(role, OPERATIONS[name]) else 2)
            test = HypothesisTestConfig(project=schema.config, modes=modes, settings=examples)
            create_test(operation=operation, test_func=call, config=test)()
    assert tested == set(OPERATIONS)


METHODS = ("get", "post", "put", "patch", "delete")
# The view of every method and path of the URL conf, with a star for an id.
OPERATIONS = {
    f"{method.upper()} /{re.sub('<[^>]+>', '*', route)}": view
    for route, view in EVERY_ROUTE.items()
    for method in METHODS
    if hasattr(view, method)
}


def may(role: str, view: Any) -> bool:
    """Whether this role is let in. Where anybody is, one of them is enough to look closely."""
    if AllowAny in view.permission_classes:
        return role == "anonymous"
    return role != "anonymous" and all(role in getattr(rule, "roles", ROLES) for rule in view.permission_classes)


# ---------------------------------------------------------------- the schema itself


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    answer = send("GET", "/schema", query="format=json")
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_is_valid_and_draws_no_warnings(world: World) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_operation_ids_are_unique_and_camel_case(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in _operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", id) for id in ids), ids
    assert all(re.fullmatch(r"(/[a-zA-Z]+|/{[a-z]+([A-Z][a-z]+)*})+", path) for path in document["paths"])


def test_every_body_has_an_example_and_each_is_valid(document: dict[str, Any]) -> None:
    for label, operation in _operations(document):
        if "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]["application/json"]
        assert content["examples"], label
        for name, example in content["examples"].items():
            schema = resolved(content["schema"], document["components"]["schemas"])
            errors = [error.message for error in validator(schema).iter_errors(example["value"])]
            assert errors == [], (label, name)


def test_every_error_has_the_one_shape(document: dict[str, Any]) -> None:
    errors = {"$ref": "#/components/schemas/ErrorResponse"}
    for label, operation in _operations(document):
        for status, answer in operation["responses"].items():
            if status >= "4":
                assert answer["content"]["application/json"]["schema"] == errors, (label, status)
        assert {"400", "406", "429"} <= set(operation["responses"]), label


def test_knows_nothing_of_what_is_in_the_database(document: dict[str, Any], world: World) -> None:
    RequestType.objects.exclude(slug="serenade").update(active=False)
    assert json.loads(send("GET", "/schema", query="format=json").body) == document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path}", operation


def test_the_docs_need_nobody_else(world: World) -> None:
    """No address of another host: the page and what it loads are ours."""
    page = send("GET", "/docs", headers={"Accept": "text/html"})
    assert page.status == 200
    assert not re.search(rb"""(src|href|url)\s*[=:]\s*["'](https?:)?//""", page.body)
    loaded = re.findall(rb'(?:src|href)="(/static/[^"]+)"', page.body)
    assert len(loaded) >= 3
    for path in loaded:
        assert send("GET", path.decode()).status == 200, path
