"""Serializer fields of requests."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from requests_app.models import REQUEST_TYPE_SLUG_MAX_CHARS, RequestType
from requests_app.selectors import request_types_by_slug


@extend_schema_field(
    {
        "type": "string",
        "pattern": "^[-a-zA-Z0-9_]+$",
        "maxLength": REQUEST_TYPE_SLUG_MAX_CHARS,
        "example": "pep_talk",
        "description": "The slug of a request type; `GET /requestType` lists them. The first of them if left out.",
    }
)
class RequestTypeField(serializers.Field[RequestType, str, str, Any]):
    """The slug of an active kind of cheer."""

    default_error_messages = {
        "invalid": "Not a valid string.",
        "does_not_exist": "No such request type; GET /requestType lists them.",
    }

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: Any) -> RequestType:
        if not isinstance(data, str):
            self.fail("invalid")
        found = request_types_by_slug().get(data)
        if found is None:
            self.fail("does_not_exist")
        return found

    def to_representation(self, value: RequestType) -> str:
        return value.slug
