"""OpenAPI: what drf-spectacular can't see by itself."""

from typing import Any

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs; stable.")
    detail = serializers.CharField(help_text="One sentence for people.")
    attr = serializers.CharField(allow_null=True, help_text="The field at fault, if one is.")


class ErrorsSerializer(serializers.Serializer[Any]):
    """The shape of every error."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorSerializer(many=True)

    class Meta:
        ref_name = "Errors"


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
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

    def get_response_serializers(self) -> Any:
        declared = super().get_response_serializers()
        if not isinstance(declared, dict):
            declared = {"200": declared}
        with_body = self.method in ("POST", "PUT", "PATCH")
        leave_out = set() if with_body else {"409", "413", "415"}
        errors = {
            code: OpenApiResponse(ErrorsSerializer, description=meaning)
            for code, meaning in MEANINGS.items()
            if code not in leave_out
        }
        return {
            **{str(code): answer for code, answer in declared.items()},
            **{c: e for c, e in errors.items() if c not in {str(k) for k in declared}},
        }
