"""Dead letters in the admin: how the list of requests shows them, and the steps that staff take with them."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RadioFilter
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import Partner, User
from accounts.staff_regions import within
from backoffice.base import as_uuid
from backoffice.columns import NOTHING, badge_html, label_of, shown
from backoffice.fields import WholeNumber
from backoffice.steps import ReasonForm, Step, StepForm, WhyForm
from core import clock
from core.texts import check_note
from requests_app import care, dead_letters
from requests_app.care import Care, cared_for, is_overdue
from requests_app.models import CheerRequest
from requests_app.records import CARE_NOTE_MAX_CHARS
from requests_app.selectors import patience, radii_m
from requests_app.services import cancel_request_as_staff
from requests_app.states import OPEN, RequestStatus

M_PER_KM = 1000
S_PER_MINUTE = 60


def is_dead(request: CheerRequest) -> bool:
    """Whether a request is a dead letter now."""
    return request.status == RequestStatus.NO_MATCH


def owner_of(request: CheerRequest) -> User | None:
    """The member of staff who takes care of a dead letter."""
    letter = getattr(request, "dead_letter", None)
    return None if letter is None else letter.owner


# ---------------------------------------------------------------- the list


class CareFilter(RadioFilter):
    """The dead letters that somebody should look at."""

    title = "dead letters"
    parameter_name = "letters"

    @property
    def field_path(self) -> str:
        """The column whose index it uses, if it filters."""
        return "status" if self.value() in Care.values else ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(care.value, care.label) for care in Care]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CheerRequest]) -> QuerySet[CheerRequest]:
        if self.value() not in Care.values:
            return queryset
        dead = queryset.filter(status=RequestStatus.NO_MATCH)
        return dead.filter(cared_for(self.value(), request.user, now=clock.now()))  # type: ignore[arg-type]  # staff


def lists_dead_letters(request: HttpRequest) -> bool:
    """Whether a list of requests is one of dead letters: these are shown with their age and owner, oldest first."""
    asked = request.GET.get("letters") in Care.values
    return asked or request.GET.get("status__exact") == RequestStatus.NO_MATCH


class LetterColumns:
    """The age of a dead letter, its owner and note, and how far and how long a partner is looked for."""

    @shown("Age")
    def age(self, row: CheerRequest) -> str | SafeString:
        if not is_dead(row):
            return NOTHING
        now = clock.now()
        age = now - row.give_up_at
        minutes = int(age.total_seconds() // S_PER_MINUTE)
        text = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
        return badge_html(f"{text}, overdue", "danger") if is_overdue(row, now=now) else badge_html(text, "info")

    @shown("Owner")
    def owner(self, row: CheerRequest) -> str:
        owner = owner_of(row)
        return NOTHING if owner is None else label_of(owner)

    @shown("Widest search")
    def widest(self, row: CheerRequest) -> str:
        return f"{radii_m(row)[-1] / M_PER_KM:g} km"

    @shown("Patience")
    def patience(self, row: CheerRequest) -> str:
        return f"{patience(row).total_seconds() / S_PER_MINUTE:g} min"

    @shown("Note for staff")
    def staff_note(self, row: CheerRequest) -> str:
        letter = getattr(row, "dead_letter", None)
        return (letter.note if letter else "") or NOTHING


# ---------------------------------------------------------------- steps


def _requeue(request: CheerRequest, actor: User, reason: str, now: datetime) -> None:
    dead_letters.requeue_request(request, actor=actor, now=now)


REQUEUE = Step(
    "requeue",
    "Requeue",
    _requeue,
    "We start looking for a partner again, from the beginning. If cards are charged, the amount is held again first.",
    fits=is_dead,
    icon="replay",
    variant=ActionVariant.PRIMARY,
    asks_reason=True,
)


class WidenForm(ReasonForm):
    """Asks how far and for how long a partner is looked for."""

    told = ("radius_km", "patience_min")
    radius_km = WholeNumber(label="Radius in km", required=False, min_value=1)
    patience_min = WholeNumber(label="Patience in minutes", required=False, min_value=1)
    field_order = ("radius_km", "patience_min", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most_km, most_min = settings.WIDEN_RADIUS_MAX_M / M_PER_KM, settings.WIDEN_PATIENCE_MAX_S / S_PER_MINUTE
        self.fields["radius_km"].help_text = f"More than the region's, at most {most_km:g}. Empty: as it was."
        self.fields["patience_min"].help_text = f"More than the region's, at most {most_min:g}. Empty: as it was."


def _widen(
    request: CheerRequest,
    actor: User,
    reason: str,
    now: datetime,
    radius_km: int | None = None,
    patience_min: int | None = None,
) -> None:
    reach_m = None if radius_km is None else radius_km * M_PER_KM
    patience_s = None if patience_min is None else patience_min * S_PER_MINUTE
    dead_letters.widen_request(request, reach_m=reach_m, patience_s=patience_s, actor=actor, now=now)


WIDEN = Step(
    "widen",
    "Widen",
    _widen,
    "It is requeued, and a partner is looked for farther away, or for longer. Other requests are not.",
    fits=is_dead,
    icon="zoom_out_map",
    asks=WidenForm,
)


class PartnerForm(ReasonForm):
    """Asks for a partner."""

    told = ("partner",)
    partner = forms.CharField(
        max_length=254,
        widget=UnfoldAdminTextInputWidget,
        help_text="Their id, or their e-mail address. They must be available, and able to serve it.",
    )
    field_order = ("partner", "reason")

    def clean_partner(self) -> Partner:
        """Find the partner. An id is that of the partner, an address that of the account."""
        said = self.cleaned_data["partner"].strip()
        pk = as_uuid(said)
        partners = within(Partner.objects.all(), self.request.user, "region")
        found = partners.filter(**({"user__email__iexact": said} if pk is None else {"pk": pk})).first()
        if found is None:
            raise ValidationError("There is no such partner.")
        return found


def _direct(request: CheerRequest, actor: User, reason: str, now: datetime, partner: Partner) -> None:
    dead_letters.direct_request(request, partner, actor=actor, now=now)


DIRECT = Step(
    "direct",
    "Offer",
    _direct,
    "It is requeued, and offered to this partner before anybody else. If cards are charged, the amount is held first.",
    fits=is_dead,
    icon="person_pin_circle",
    asks=PartnerForm,
)


class AssignForm(WhyForm, PartnerForm):
    """Asks for a partner and a reason."""


def _assign(request: CheerRequest, actor: User, reason: str, now: datetime, partner: Partner) -> None:
    dead_letters.direct_request(request, partner, actor=actor, now=now, forced=True)


ASSIGN = Step(
    "assign",
    "Assign",
    _assign,
    "This partner takes it without being asked: agree with them first. They can call it off. "
    "If cards are charged, the amount is held first.",
    fits=is_dead,
    icon="assignment_ind",
    variant=ActionVariant.DANGER,
    asks=AssignForm,
    sensitive=True,
)


def _take_care(request: CheerRequest, actor: User, reason: str, now: datetime) -> None:
    care.take_care(request, actor=actor, now=now)


TAKE_CARE = Step(
    "take_care",
    "Take on",
    _take_care,
    "Others see that you are on it. It keeps nobody from acting.",
    fits=lambda request: is_dead(request) and owner_of(request) is None,
    icon="back_hand",
)


def _give_back(request: CheerRequest, actor: User, reason: str, now: datetime) -> None:
    care.give_back(request)


GIVE_BACK = Step(
    "give_back",
    "Give back",
    _give_back,
    "Nobody takes care of it any more, until somebody does again.",
    fits=lambda request: is_dead(request) and owner_of(request) is not None,
    icon="undo",
    asks_reason=True,
)


class NoteForm(StepForm):
    """Asks for a note."""

    note = forms.CharField(
        required=False,
        max_length=CARE_NOTE_MAX_CHARS,
        validators=[check_note],
        widget=UnfoldAdminTextareaWidget,
        help_text="For other staff, in place of the present one. The person concerned is given it if they ask.",
    )


def _leave_note(request: CheerRequest, actor: User, reason: str, now: datetime, note: str) -> None:
    care.note_for_staff(request, note=note)


LEAVE_NOTE = Step(
    "leave_note",
    "Note",
    _leave_note,
    "Tell other staff what you have found out.",
    fits=is_dead,
    icon="edit_note",
    asks=NoteForm,
)


def _cancel(request: CheerRequest, actor: User, reason: str, now: datetime) -> None:
    cancel_request_as_staff(request, actor=actor, reason=reason, now=now)


CANCEL = Step(
    "cancel",
    "Cancel request",
    _cancel,
    "Cancels it free of charge, with any open offer or ride not yet started.",
    fits=lambda request: request.status in [*OPEN, RequestStatus.NO_MATCH],
    icon="cancel",
    variant=ActionVariant.DANGER,
    asks_reason=True,
)

STEPS = (REQUEUE, WIDEN, DIRECT, TAKE_CARE, GIVE_BACK, LEAVE_NOTE, ASSIGN)
