"""The JSON of planned cheers and saved places."""

from typing import Any

from rest_framework import serializers

from api.fields import LocationField, LocationSerializer, Text, Time, location
from api.serializing import json_of
from requests_app.models import PLACE_NAME_MAX_CHARS, SavedPlace, ScheduledRequest
from requests_app.serializers import CheerRequestInput
from requests_app.states import ScheduledStatus


class ScheduledRequestInput(CheerRequestInput):
    scheduledFor = Time()


class ScheduledRequestSerializer(serializers.ModelSerializer[ScheduledRequest]):
    """A planned cheer. `requestId` is the request created from it shortly before its time."""

    scheduledRequestId = serializers.UUIDField(source="id")
    location = LocationField()
    requestType = serializers.CharField(source="request_type_id")
    scheduledFor = serializers.DateTimeField(source="scheduled_for")
    status = serializers.ChoiceField(choices=ScheduledStatus.choices)
    createdAt = serializers.DateTimeField(source="created_at")
    region = serializers.CharField(source="region.slug")
    requestId = serializers.UUIDField(source="request_id", allow_null=True)
    reason = serializers.SerializerMethodField()
    reasonNote = serializers.CharField(source="closed_note", help_text="The words of the person who cancelled it.")

    class Meta:
        model = ScheduledRequest
        fields = (
            "scheduledRequestId",
            "location",
            "requestType",
            "note",
            "scheduledFor",
            "status",
            "createdAt",
            "region",
            "requestId",
            "reason",
            "reasonNote",
        )
        ref_name = "ScheduledRequest"

    def get_location(self, scheduled: ScheduledRequest) -> dict[str, float] | None:
        return location(scheduled.lat, scheduled.lng)

    def get_reason(self, scheduled: ScheduledRequest) -> str | None:
        return scheduled.closed_code or None


def scheduled_body(scheduled: ScheduledRequest, viewer: object = None) -> dict[str, Any]:
    """A planned cheer's JSON."""
    return json_of(ScheduledRequestSerializer, scheduled)


class SavedPlaceInput(serializers.Serializer[Any]):
    name = Text(max_length=PLACE_NAME_MAX_CHARS)
    location = LocationSerializer()


class SavedPlaceSerializer(serializers.ModelSerializer[SavedPlace]):
    """A place that its user has saved under a name."""

    placeId = serializers.UUIDField(source="id")
    location = LocationField()

    class Meta:
        model = SavedPlace
        fields = ("placeId", "name", "location")
        ref_name = "SavedPlace"

    def get_location(self, place: SavedPlace) -> dict[str, float] | None:
        return location(place.lat, place.lng)


def place_body(place: SavedPlace, viewer: object = None) -> dict[str, Any]:
    """A saved place's JSON."""
    return json_of(SavedPlaceSerializer, place)
