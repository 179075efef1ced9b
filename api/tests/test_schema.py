"""`GET /schema` and `GET /docs`."""

from typing import Any

import pytest
import yaml
from django.core.management import call_command
from rest_framework.test import APIClient

from speedycheers.urls import api as api_paths


@pytest.fixture
def schema(anonymous: APIClient) -> Any:
    response = anonymous.get("/schema")
    assert response.status_code == 200
    return yaml.safe_load(response.content)


def operations(schema: Any) -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


SEED = {
    ("POST", "/login"),
    ("POST", "/cheerRequest"),
    ("GET", "/cheerRequest/{requestId}"),
    ("POST", "/updatePaymentInfo"),
    ("POST", "/updateLocation"),
    ("POST", "/rideAccept"),
    ("POST", "/rideStart"),
    ("POST", "/rideEnd"),
}


def test_generates_without_a_warning(nyc: object, tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"), urlconf=None)


def test_names_every_path_verbatim(schema: Any) -> None:
    assert schema["openapi"].startswith("3.")
    assert set(operations(schema)) >= SEED
    assert len(schema["paths"]) == len(api_paths)
    assert all(not path.endswith("/") for path in schema["paths"])


def test_every_operation_has_a_name_and_the_one_error_shape(schema: Any) -> None:
    names = [operation["operationId"] for operation in operations(schema).values()]
    assert len(set(names)) == len(names)
    for operation in operations(schema).values():
        for status, answer in operation["responses"].items():
            if status[0] in "45" and "content" in answer:
                assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Errors"), operation


def test_names_the_idempotency_key_where_it_is_honoured(schema: Any) -> None:
    for (method, path), operation in operations(schema).items():
        named = any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", []))
        exempt = path in ("/login", "/logout", "/socketTicket", "/updatePaymentInfo") or path.endswith(
            ("share", "/forget")
        )
        # Their answers hold the provider's secrets, and they call it, which no transaction may.
        asks_the_provider = path in ("/card", "/cardSetup", "/partner/payoutAccount") or path.endswith("/confirmation")
        assert named == (method == "POST" and not exempt and not asks_the_provider), (method, path)


def test_says_how_to_sign_in(schema: Any) -> None:
    assert schema["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    for (method, path), operation in operations(schema).items():
        free = path in ("/login", "/signup", "/requestType", "/updatePaymentInfo", "/sharedCheer/{shareToken}")
        ways = operation.get("security", [{}])
        assert ({"bearer": []} in ways) != free, (method, path)


def test_every_field_is_in_camel_case(schema: Any) -> None:
    for name, component in schema["components"]["schemas"].items():
        for field in component.get("properties", {}):
            assert "_" not in field, (name, field)
            assert field[0].islower(), (name, field)


def test_is_open_to_all_and_also_json(anonymous: APIClient) -> None:
    response = anonymous.get("/schema?format=json")
    assert response.json()["info"]["title"] == "SpeedyCheers"


def test_docs(anonymous: APIClient) -> None:
    response = anonymous.get("/docs", HTTP_ACCEPT="text/html")
    assert response.status_code == 200
    page = response.content.decode()
    assert "swagger" in page.lower()
    assert "cdn" not in page  # nothing from elsewhere
