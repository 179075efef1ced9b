"""The JSON schemas of the endpoints' bodies, from the OpenAPI document."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]


def resolved(part: Any, components: dict[str, Any]) -> Any:
    """OpenAPI 3.0 as JSON schema: references filled in, `nullable` spelt out."""
    if isinstance(part, list):
        return [resolved(item, components) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return resolved(components[part["$ref"].rpartition("/")[2]], components)
    whole = {key: resolved(value, components) for key, value in part.items() if key != "nullable"}
    return {"anyOf": [whole, {"type": "null"}]} if part.get("nullable") else whole


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """Checks a body, formats included."""
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


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
