"""The steps that staff take with dead letters, over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers

from accounts.models import Partner, User
from accounts.serializers import NoInput
from accounts.staff_regions import within
from api.fields import Identifier, Integer, Note, Text
from api.serializing import json_of
from backoffice.models import REASON_MAX_CHARS
from core.errors import Invalid
from requests_app import dead_letters
from requests_app.admin import dead_letters as steps
from requests_app.models import CheerRequest
from requests_app.records import CARE_NOTE_MAX_CHARS
from staff_api.request_serializers import StaffRequestSerializer
from staff_api.requests import all_requests
from staff_api.steps import EXAMPLE_ID, Call, ReasonInput, Rows, Said

CHANGE_REQUEST = "requests_app.change_cheerrequest"


class WidenInput(ReasonInput):
    """A wider radius, a longer patience, or both."""

    radiusM = Integer(min_value=1, required=False)
    patienceS = Integer(min_value=1, required=False)

    class Meta:
        ref_name = "StaffWidenInput"


class DirectInput(ReasonInput):
    partnerId = Identifier()

    class Meta:
        ref_name = "StaffDirectInput"


class AssignInput(DirectInput):
    reason = Text(max_length=REASON_MAX_CHARS, help_text="Kept in the history. The customer may see this.")

    class Meta:
        ref_name = "StaffAssignInput"


class NoteInput(serializers.Serializer[Any]):
    note = Note(
        max_length=CARE_NOTE_MAX_CHARS,
        allow_blank=True,
        help_text="For other staff, in place of the present one. The person concerned is given it if they ask.",
    )

    class Meta:
        ref_name = "StaffNoteInput"


def _limits(actor: User, said: Said) -> Said:
    return {"reach_m": said.get("radiusM"), "patience_s": said.get("patienceS")}


def _widen(
    row: CheerRequest, actor: User, reason: str, now: datetime, *, reach_m: int | None, patience_s: int | None
) -> None:
    dead_letters.widen_request(row, reach_m=reach_m, patience_s=patience_s, actor=actor, now=now)


def _partner(actor: User, said: Said) -> Said:
    """The named partner, if the member of staff may see them. Raises `Invalid`."""
    pk: UUID = said["partnerId"]
    found = within(Partner.objects.filter(pk=pk), actor, "region").first()
    if found is None:
        raise Invalid("does_not_exist", "There is no such partner.", "partnerId")
    return {"partner": found}


def _note(actor: User, said: Said) -> Said:
    return {"note": said["note"]}


def _json(row: CheerRequest, result: object) -> Said:
    return json_of(StaffRequestSerializer, row)


ROWS = Rows(all_requests, CHANGE_REQUEST, "region", "requestIds", StaffRequestSerializer, _json)
AGREED = {"partnerId": EXAMPLE_ID, "reason": "Agreed on the phone"}
CALLS = (
    Call(steps.TAKE_CARE, "takeCare", body=NoInput, example={}),
    Call(steps.GIVE_BACK, "giveBack", example={"reason": "My shift is over"}),
    Call(steps.LEAVE_NOTE, "note", body=NoteInput, values=_note, example={"note": "Rang twice"}),
    Call(steps.REQUEUE, "requeue"),
    Call(
        steps.WIDEN,
        "widen",
        body=WidenInput,
        values=_limits,
        told=("reach_m", "patience_s"),
        example={"radiusM": 20_000, "reason": "Snow"},
        run=_widen,
    ),
    Call(steps.DIRECT, "direct", body=DirectInput, values=_partner, told=("partner",), example=AGREED),
    Call(steps.ASSIGN, "assign", body=AssignInput, values=_partner, told=("partner",), example=AGREED),
    Call(steps.CANCEL, "cancel", example={"reason": "They went home"}),
)
