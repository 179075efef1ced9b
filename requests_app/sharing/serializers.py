"""The JSON of share links, and of the cheer that one shows."""

from typing import Any

from rest_framework import serializers

from accounts.serializers import VisiblePartnerSerializer
from api.fields import LocationSerializer
from api.serializing import json_of
from requests_app.models import ShareLink
from requests_app.sharing.read_model import shared_view
from requests_app.states import RequestStatus
from rides.states import RideStatus


class ShareLinkSerializer(serializers.Serializer[Any]):
    """Anyone with `url` can see the cheer until `expiresAt`. The URL is shown only once."""

    url = serializers.URLField()
    expiresAt = serializers.DateTimeField()

    class Meta:
        ref_name = "ShareLink"


class SharedCheerSerializer(serializers.Serializer[Any]):
    """One cheer, as anyone with its link may see it: no note, no e-mail, no price, no id."""

    name = serializers.CharField()
    requestType = serializers.CharField(source="request_type")
    status = serializers.ChoiceField(choices=RequestStatus.choices)
    rideStatus = serializers.ChoiceField(source="ride_status", choices=RideStatus.choices, allow_null=True)
    startTime = serializers.DateTimeField(source="start_time", allow_null=True)
    location = LocationSerializer(allow_null=True)
    partner = VisiblePartnerSerializer(allow_null=True)
    expiresAt = serializers.DateTimeField(source="expires_at")

    class Meta:
        ref_name = "SharedCheer"


def shared_body(link: ShareLink) -> dict[str, Any]:
    """A shared cheer's JSON. Works outside transactions only."""
    return json_of(SharedCheerSerializer, shared_view(link))
