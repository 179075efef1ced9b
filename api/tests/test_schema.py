"""`GET /schema` and `GET /docs`."""

import re
import tomllib
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from rest_framework.test import APIClient

from api import schema_views
from speedycheers.urls import api as api_paths
from tests.cast import in_threads


@pytest.fixture(scope="module")
def schema() -> Any:
    """Read once: it takes seconds to make, and depends on nothing that a test changes."""
    response = APIClient().get("/schema")
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
                assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorResponse"), operation


def test_names_the_idempotency_key_where_it_is_honoured(schema: Any) -> None:
    for (method, path), operation in operations(schema).items():
        named = any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", []))
        # Their answers hold a secret, or their repetition needs no key (api/tests/test_idempotency.py says why).
        exempt = path in ("/login", "/logout", "/socketTicket", "/updatePaymentInfo", "/updatePayoutInfo", "/cardSetup")
        exempt |= path == "/partner/payoutAccount" or path.endswith(("/share", "/confirmation"))
        assert named == (method == "POST" and not exempt), (method, path)


def test_says_how_to_sign_in(schema: Any) -> None:
    assert schema["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    for (method, path), operation in operations(schema).items():
        free = path in (
            "/login",
            "/signup",
            "/requestType",
            "/updatePaymentInfo",
            "/updatePayoutInfo",
            "/sharedCheer/{shareToken}",
            "/pushKey",
            "/estimate",
        )
        ways = [] if free else [{"bearer": []}, {"session": []}]
        assert operation.get("security", []) == ways, (method, path)


def test_every_field_is_in_camel_case(schema: Any) -> None:
    for name, component in schema["components"]["schemas"].items():
        for field in component.get("properties", {}):
            assert "_" not in field, (name, field)
            assert field[0].islower(), (name, field)


# ---------------------------------------------------------------- what client generators need


def components(schema: Any) -> dict[str, Any]:
    found: dict[str, Any] = schema["components"]["schemas"]
    return found


def bodies(schema: Any) -> set[str]:
    """The components that are the bodies of calls."""
    media = [o["requestBody"]["content"]["application/json"] for o in operations(schema).values() if "requestBody" in o]
    return {m["schema"]["$ref"].rpartition("/")[2] for m in media if "$ref" in m["schema"]}


def test_has_the_version_of_the_package_and_nothing_else(schema: Any) -> None:
    package = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    assert schema["info"]["version"] == package["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", schema["info"]["version"])


def test_bodies_are_named_input_and_nothing_else_is(schema: Any) -> None:
    names = set(components(schema))
    assert {name for name in names if name.endswith("Input")} == bodies(schema) | {"PushKeysInput"}
    assert {"CheerRequest", "CheerRequestInput", "CheerRequestPage", "CheerRequestStatus"} <= names
    assert [name for name in names if name.endswith(("Enum", "InputRequest", "List"))] == []


def test_what_a_body_may_leave_out_has_no_default(schema: Any) -> None:
    for name in bodies(schema):
        assert not any("default" in field for field in components(schema)[name]["properties"].values()), name
    assert "cheerleader" in components(schema)["PartnerApplicationInput"]["properties"]["type"]["description"]


def test_an_answer_carries_every_key(schema: Any) -> None:
    for name, component in components(schema).items():
        if "properties" in component and not name.endswith("Input"):
            assert component["required"] == sorted(component["properties"]), name
            assert not any("readOnly" in field for field in component["properties"].values()), name


def test_a_position_is_the_same_in_bodies_and_answers(schema: Any) -> None:
    location = {"$ref": "#/components/schemas/Location"}
    assert components(schema)["CheerRequestInput"]["properties"]["location"] == location
    assert components(schema)["CheerRequest"]["properties"]["location"] == location
    assert components(schema)["Location"]["required"] == ["lat", "lng"]


def test_no_object_is_also_a_choice_between_objects(schema: Any) -> None:
    for name, component in components(schema).items():
        assert not ("properties" in component and {"oneOf", "anyOf", "allOf"} & set(component)), name


def test_accepting_takes_either_id(schema: Any) -> None:
    body = operations(schema)["POST", "/rideAccept"]["requestBody"]
    assert body["required"] is True
    accept = components(schema)["RideAcceptInput"]
    assert set(accept["properties"]) == {"offerId", "requestId"}
    assert "required" not in accept
    assert accept["minProperties"] == 1


def test_a_request_type_is_a_slug(schema: Any) -> None:
    for name in ("CheerRequestInput", "ScheduledRequestInput"):
        field = components(schema)[name]["properties"]["requestType"]
        assert field["type"] == "string"
        assert "enum" not in field
        assert re.fullmatch(field["pattern"], field["example"])
        assert "GET /requestType" in field["description"]


def test_every_tag_is_explained_and_used(schema: Any) -> None:
    used = {tag for operation in operations(schema).values() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in schema["tags"]}
    assert all(len(operation["tags"]) == 1 for operation in operations(schema).values())


def test_names_are_the_same_in_every_language(anonymous: APIClient, schema: Any) -> None:
    german = yaml.safe_load(anonymous.get("/schema", HTTP_ACCEPT_LANGUAGE="de").content)
    assert set(components(german)) == set(components(schema))
    names = {key: operation["operationId"] for key, operation in operations(schema).items()}
    assert {key: operation["operationId"] for key, operation in operations(german).items()} == names


def test_a_receipt_is_json_a_page_or_a_file(schema: Any) -> None:
    answers = operations(schema)["GET", "/ride/{rideId}/receipt"]["responses"]
    assert {kind: media["schema"] for kind, media in answers["200"]["content"].items()} == {
        "application/json": {"$ref": "#/components/schemas/Receipt"},
        "text/html": {"type": "string"},
        "application/pdf": {"type": "string", "format": "binary"},
    }
    assert list(answers["404"]["content"]) == ["application/json"]


def test_says_when_to_try_again_and_what_was_repeated(schema: Any) -> None:
    for (method, path), operation in operations(schema).items():
        for status in ("429", "503"):
            assert list(operation["responses"][status]["headers"]) == ["Retry-After"], (method, path)
        keyed = any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", []))
        good = next(answer for status, answer in operation["responses"].items() if status < "3")
        assert ("Idempotency-Replayed" in good.get("headers", {})) == keyed, (method, path)


def test_is_open_to_all_and_also_json(anonymous: APIClient) -> None:
    response = anonymous.get("/schema?format=json")
    assert response.json()["info"]["title"] == "SpeedyCheers"


def test_docs(anonymous: APIClient) -> None:
    response = anonymous.get("/docs", HTTP_ACCEPT="text/html")
    assert response.status_code == 200
    page = response.content.decode()
    assert "swagger" in page.lower()
    assert "cdn" not in page  # nothing from elsewhere


def test_it_is_made_once_for_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making it takes a tenth of a second of CPU; forty clients that ask must not pay it forty times."""
    made: list[str] = []
    make = schema_views.Schema._made

    def counted(view: Any, request: Any, language: str) -> Any:
        made.append(language)
        return make(view, request, language)

    monkeypatch.setattr(schema_views, "_documents", {})
    monkeypatch.setattr(schema_views.Schema, "_made", counted)
    bodies: list[bytes] = []
    in_threads(*[lambda: bodies.append(APIClient().get("/schema").content)] * 8)
    assert len(set(bodies)) == 1
    assert made == ["en"]
    for odd in ("?lang=xx", "?lang=de", "?lang=de", "?lang=../de", "?lang="):
        assert APIClient().get(f"/schema{odd}").status_code == 200
    assert made == ["en", "de"]  # what a client makes up costs nothing and is not kept


def test_clients_keep_it(anonymous: APIClient) -> None:
    answer = anonymous.get("/schema")
    assert answer["Cache-Control"] == "public, max-age=300"
    again = anonymous.get("/schema", headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert anonymous.get("/schema?format=json")["ETag"] != answer["ETag"]
