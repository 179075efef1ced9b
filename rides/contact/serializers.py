"""The JSON of messages, and the bodies that their senders and readers send."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import translation
from rest_framework import serializers

from api.fields import Choice, Integer, Note
from api.serializing import json_of
from rides.models import MESSAGES_MAX, TEXT_MAX_CHARS, Message
from rides.phrases import Phrase, Side


class Mark(models.TextChoices):
    """How far a message has come."""

    DELIVERED = "delivered", "A page or an app of the reader has it."
    READ = "read", "The reader has seen it."


class MessageSerializer(serializers.Serializer[Any]):
    """A message of a ride. A phrase is told in the reader's language. The text is empty once its sender is gone."""

    messageId = serializers.UUIDField(source="id")
    rideId = serializers.UUIDField(source="ride_id")
    number = serializers.IntegerField(help_text="1 for the first message of the ride, and so on.")
    sender = serializers.ChoiceField(choices=Side.choices)
    phrase = serializers.SerializerMethodField(help_text="The code of a phrase; null for the sender's own words.")
    text = serializers.SerializerMethodField()
    sentAt = serializers.DateTimeField(source="sent_at")
    deliveredAt = serializers.DateTimeField(source="delivered_at", allow_null=True)
    readAt = serializers.DateTimeField(source="read_at", allow_null=True)

    def get_phrase(self, message: Message) -> str | None:
        return message.phrase or None

    def get_text(self, message: Message) -> str:
        return str(Phrase(message.phrase).label) if message.phrase else message.text

    class Meta:
        ref_name = "Message"


def message_body(message: Message, *, language: str | None = None) -> dict[str, Any]:
    """The JSON of a message, in a language; in the caller's if none is given."""
    with translation.override(language or translation.get_language()):
        return json_of(MessageSerializer, message)


class MessageInput(serializers.Serializer[Any]):
    """Exactly one of `phrase` and `text`."""

    phrase = Choice(choices=Phrase.choices, required=False)
    text = Note(max_length=TEXT_MAX_CHARS, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either phrase or text.")
        return attrs

    class Meta:
        ref_name = "MessageInput"
        min_properties = 1


@dataclass(frozen=True, slots=True)
class Marked:
    """How far the messages of one side of a ride have come since a moment."""

    ride_id: UUID
    sender: Side
    mark: Mark
    up_to: int
    at: datetime


class MarkedSerializer(serializers.Serializer[Any]):
    """The frame of a mark."""

    rideId = serializers.UUIDField(source="ride_id")
    sender = serializers.ChoiceField(choices=Side.choices)
    mark = serializers.ChoiceField(choices=Mark.choices)
    upTo = serializers.IntegerField(source="up_to")
    at = serializers.DateTimeField()


class MarkInput(serializers.Serializer[Any]):
    mark = Choice(choices=Mark.choices)
    upTo = Integer(min_value=1, max_value=MESSAGES_MAX, help_text="The number of the newest message it is about.")

    class Meta:
        ref_name = "MessageMarkInput"
