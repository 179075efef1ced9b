"""Serializer fields that don't convert between JSON types: a number is a number, a string is a string."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from math import isfinite
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.texts import check_line, check_name, check_note, composed


class Verbatim(serializers.CharField):
    """A string, taken as it is; numbers are rejected."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Text(Verbatim):
    """One line of visible characters, in Unicode's composed form."""

    check = staticmethod(check_line)

    def to_internal_value(self, data: Any) -> str:
        text = composed(super().to_internal_value(data))
        self.check(text)
        return text


class Name(Text):
    """One line without web and e-mail addresses, because mails repeat it."""

    check = staticmethod(check_name)


class Note(Text):
    """A text that may have line breaks."""

    check = staticmethod(check_note)


class Choice(serializers.ChoiceField):
    """One of a few strings; the error names them."""

    default_error_messages = {"invalid_choice": "Must be one of {known}."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", known=", ".join(map(str, self.choices)))
        return data


class Float(serializers.FloatField):
    """A finite number; strings and booleans are rejected."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        try:
            value = float(data)
        except OverflowError:
            self.fail("invalid")
        if not isfinite(value):
            self.fail("invalid")
        return value


class Integer(serializers.IntegerField):
    """A whole number; strings, booleans and fractions are rejected."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Identifier(serializers.UUIDField):
    """One of our ids, as an opaque string; text that is not a UUID is invalid."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)\Z", re.IGNORECASE | re.ASCII)


class Time(serializers.DateTimeField):
    """A moment in ISO 8601 with its offset; answers give it in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not OFFSET.search(value):
            self.fail("invalid", format="ISO 8601 with its offset, for example 2026-05-01T17:00:00Z")
        return super().to_internal_value(value)


@dataclass(frozen=True, slots=True)
class LatLng:
    """A position in WGS 84 degrees."""

    lat: float
    lng: float


class Degrees(serializers.FloatField):
    """A finite number in a query string."""

    def to_internal_value(self, data: Any) -> float:
        value: float = super().to_internal_value(data)
        if not isfinite(value):
            self.fail("invalid")
        return value


class LocationSerializer(serializers.Serializer[Any]):
    """A position in WGS 84 degrees."""

    lat = Float(min_value=-90, max_value=90)
    lng = Float(min_value=-180, max_value=180)

    class Meta:
        ref_name = "Location"

    def to_internal_value(self, data: Any) -> LatLng:
        values: Mapping[str, float] = super().to_internal_value(data)
        return LatLng(values["lat"], values["lng"])


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of a currency (ISO 4217, lower case)."""

    amount: int
    currency: str


class MoneySerializer(serializers.Serializer[Any]):
    """An amount in minor units (cents) of a currency (ISO 4217, lower case)."""

    amount = serializers.IntegerField(min_value=0)
    currency = serializers.CharField()

    class Meta:
        ref_name = "Money"


class TariffSerializer(serializers.Serializer[Any]):
    """`amount` minor units for every started `incrementS` seconds."""

    amount = serializers.IntegerField()
    currency = serializers.CharField()
    incrementS = serializers.IntegerField(source="increment_s")

    class Meta:
        ref_name = "Tariff"


class SignedMoneySerializer(MoneySerializer):
    """An amount in minor units (cents) of a currency (ISO 4217, lower case); it may be negative."""

    amount = serializers.IntegerField()

    class Meta:
        ref_name = "SignedMoney"


def money(amount: int | None, currency: str) -> dict[str, Any] | None:
    """Return the JSON of an amount in minor units; None stays None."""
    return None if amount is None else {"amount": amount, "currency": currency}


@extend_schema_field(MoneySerializer(allow_null=True))
class MoneyField(serializers.SerializerMethodField):
    """A read-only amount from a method that calls `money`."""


@extend_schema_field(LocationSerializer())
class LocationField(serializers.SerializerMethodField):
    """A read-only position from a method that returns `{"lat", "lng"}`."""


@extend_schema_field(LocationSerializer(allow_null=True))
class OptionalLocationField(serializers.SerializerMethodField):
    """A read-only position from a method that returns `{"lat", "lng"}` or None."""


def location(lat: float | None, lng: float | None) -> dict[str, float] | None:
    """Return the JSON of a position, or None if a coordinate is missing."""
    return None if lat is None or lng is None else {"lat": lat, "lng": lng}
