"""Details of the OpenAPI document that drf-spectacular can't infer."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from api.idempotency import KEY_MAX_CHARS

ERROR_TYPES = [
    ("validation_error", "A field of the body or the query is wrong."),
    ("client_error", "The call can't be carried out; `code` says why."),
    ("server_error", "The server failed; try again later."),
]


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs; stable.")
    detail = serializers.CharField(help_text="One sentence for people.")
    attr = serializers.CharField(allow_null=True, help_text="The field at fault, if one is.")


class ErrorsSerializer(serializers.Serializer[Any]):
    """The shape of every error."""

    type = serializers.ChoiceField(choices=ERROR_TYPES)
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # the base keeps its own errors under this name

    class Meta:
        ref_name = "ErrorResponse"


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": KEY_MAX_CHARS, "pattern": "^[ -~]*[!-~][ -~]*$"},
    OpenApiParameter.HEADER,
    description="Repeat a call safely: the same key and body give the same answer for 24 hours.",
)
MEANINGS = {
    "400": "Malformed or invalid.",
    "401": "Not signed in.",
    "403": "This role may not.",
    "404": "Not there, or not yours.",
    "406": "No such representation or API version.",
    "409": "The present state forbids it; `code` names why.",
    "413": "The body is too large.",
    "415": "Send JSON.",
    "429": "Too many calls; see `Retry-After`.",
    "503": "The database or the payment provider does not answer. Nothing has changed; try again.",
}
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    int,
    OpenApiParameter.HEADER,
    response=["429", "503"],
    description="Seconds until it is worth trying.",
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=["200", "201", "204"],
    description="Present if the answer repeats that of an earlier call with the same key.",
)


class AutoSchema(SpectacularAutoSchema):
    """Describes operations and components the way client generators understand them.

    Every operation names its errors, and the idempotency header if it honours that. A component has the name of its
    serializer: bodies end in `Input`, and a serializer shared by bodies and answers (`Location`) is one component.
    """

    def get_override_parameters(self) -> list[Any]:
        handler = getattr(self.view, self.method.lower(), None)
        own = [IDEMPOTENCY_KEY, REPLAYED] if getattr(handler, "idempotent", False) else []
        return [*super().get_override_parameters(), *own, RETRY_AFTER]

    def get_auth(self) -> list[Any]:
        # An empty alternative means that signing in is optional, but generators read any list as a requirement.
        auth: list[Any] = super().get_auth()
        return [] if {} in auth else auth

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        # The library adds `Request` to the name of every body: `CheerRequestInputRequest`.
        name: str = super()._get_serializer_name(serializer, "response", bypass_extensions)
        return name

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response":
            return whole_answer(schema)
        for field in schema["properties"].values():
            field.pop("default", None)  # openapi-typescript makes every key with a default required
        fewest = _min_properties(serializer)
        return {**schema, "minProperties": fewest} if fewest else schema

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        schema, required = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        return schema, required or _min_properties(serializer) > 0

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        # Not in `get_response_serializers`: `extend_schema(responses=…)` replaces that.
        declared = super()._get_response_bodies(direction)
        with_body = self.method in ("POST", "PUT", "PATCH")
        leave_out = set() if with_body else {"409", "413", "415"}
        errors = {
            code: self._get_response_for_code(  # type: ignore[no-untyped-call]
                OpenApiResponse(ErrorsSerializer, description=meaning), code, ["application/json"]
            )
            for code, meaning in MEANINGS.items()
            if code not in leave_out
        }
        return dict(sorted({**errors, **declared}.items()))


def _min_properties(serializer: Any) -> int:
    """Return the serializer's `Meta.min_properties`: the number of keys its body needs, although each is optional.

    Client generators accept `minProperties`; a `oneOf` beside the properties makes some of them generate broken code.
    """
    return int(getattr(getattr(serializer, "Meta", None), "min_properties", 0))


def whole_answer(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object in an answer: every key is present, hence required; `readOnly` is dropped."""
    properties = {name: _plain(field) for name, field in schema["properties"].items()}
    return {**schema, "properties": properties, "required": sorted(properties)}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an answer's field, without the keywords for bodies or for the database."""
    said = {key: value for key, value in field.items() if key != "readOnly"}
    if said.get("maximum", 0) >= 2**53:  # the database's limit, beyond JavaScript's exact integers
        del said["maximum"]
    return said["allOf"][0] if set(said) == {"allOf"} else said


def plain_version(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Set the version alone: drf-spectacular adds that of the Accept header, and `1.0.0 (1)` is no package version."""
    result["info"]["version"] = spectacular_settings.VERSION
    return result


def camel_case_paths(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Name path parameters in camel case, like everything else: `{requestId}`, not `{request_id}`."""
    result["paths"] = {_camel_case(path): operations for path, operations in result["paths"].items()}
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["name"] = _camel_case(parameter["name"])
    return result


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
