"""OpenAPI: what drf-spectacular can't see by itself."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from api.idempotency import KEY_MAX_CHARS


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs; stable.")
    detail = serializers.CharField(help_text="One sentence for people.")
    attr = serializers.CharField(allow_null=True, help_text="The field at fault, if one is.")


class ErrorsSerializer(serializers.Serializer[Any]):
    """The shape of every error."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]  # the base keeps its own errors under this name

    class Meta:
        ref_name = "Errors"


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
}


class AutoSchema(SpectacularAutoSchema):
    """Adds the error answers that every operation may give, and the idempotency header where it is honoured."""

    def get_override_parameters(self) -> list[Any]:
        handler = getattr(self.view, self.method.lower(), None)
        own = [IDEMPOTENCY_KEY] if getattr(handler, "idempotent", False) else []
        return [*super().get_override_parameters(), *own]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        # Not in `get_response_serializers`: `extend_schema(responses=…)` replaces that.
        declared = super()._get_response_bodies(direction)
        with_body = self.method in ("POST", "PUT", "PATCH")
        leave_out = set() if with_body else {"409", "413", "415"}
        errors = {
            code: self._get_response_for_code(  # type: ignore[no-untyped-call]
                OpenApiResponse(ErrorsSerializer, description=meaning), code
            )
            for code, meaning in MEANINGS.items()
            if code not in leave_out
        }
        return dict(sorted({**errors, **declared}.items()))


def camel_case_paths(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Name path parameters as everything else is named: `{requestId}`, not `{request_id}`."""
    result["paths"] = {_camel_case(path): operations for path, operations in result["paths"].items()}
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["name"] = _camel_case(parameter["name"])
    return result


def whole_answers(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Answers carry every key; drf-spectacular takes one with a default for one that may be left out."""
    for name, schema in result["components"]["schemas"].items():
        if "properties" in schema and not name.endswith("Request"):
            schema["required"] = sorted(schema["properties"])
    return result


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
