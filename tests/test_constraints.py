"""Which constraint refused a row, by name, the same on both databases; and what the services make of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, User
from core.database import broken_constraint, refused_as
from core.errors import Conflict, ServiceError
from notifications.models import Event
from payments.models import Reconciliation
from regions.models import Region
from requests_app.models import CheerRequest, Offer, SavedPlace
from requests_app.planning.places import save_place
from requests_app.selectors import request_types_by_slug
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import (
    EMPIRE_STATE,
    OUR_APPS,
    accept,
    at,
    make_applicant,
    make_partner,
    open_offer,
    queue,
    submit,
    unchanged,
)


def copy_of(row: models.Model, **changes: Any) -> None:
    """Insert a row that differs from another one in these fields and in its key."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    key = row._meta.pk
    assert key is not None
    del values[key.attname]
    type(row)._default_manager.create(**{**values, **changes})


def test_the_name_of_the_constraint(nyc: Region, user: User, other_user: User, partner: Partner) -> None:
    now = timezone.now()
    offer = open_offer(submit(user))
    request, other = offer.request, queue(other_user)
    place = save_place(user, name="Home", lat=0, lng=0, now=now)
    Event.objects.create(recipient="user:x", seq=1, type="x", payload={}, created_at=now)
    day = Reconciliation.objects.create(day=date(2026, 5, 1), started_at=now)
    second = make_partner("Second")
    permission = apps.get_model("auth", "Permission").objects.all()[0]
    attempts: dict[str, Callable[[], object]] = {
        "request_one_open_per_user": lambda: copy_of(request),  # in part
        "offer_one_open_per_request": lambda: copy_of(offer, partner_id=second.pk),
        "offer_one_open_per_partner": lambda: copy_of(offer, request_id=other.pk),
        "event_seq_unique_per_recipient": lambda: copy_of(Event.objects.get(recipient="user:x")),  # of two columns
        "user_email_unique": lambda: User.objects.create(email=user.email.upper(), password="!"),  # of an expression
        "place_one_per_user_and_name": lambda: copy_of(place, name="HOME"),
        "request_status_known": lambda: CheerRequest.objects.filter(pk=other.pk).update(status="?"),
        "request_pending_has_next_attempt": lambda: CheerRequest.objects.update(status="pending", next_attempt_at=None),
        "accounts_partner.user_id": lambda: copy_of(partner),  # unique without a name
        "payments_reconciliation.day": lambda: copy_of(day),
        "accounts_user.id": lambda: User.objects.bulk_create([User(pk=user.pk, email="z@cast.test")]),
        "auth_permission.codename,content_type_id": lambda: copy_of(permission),
    }
    for name, attempt in attempts.items():
        with unchanged(), pytest.raises(IntegrityError) as refused, transaction.atomic():
            attempt()
        assert broken_constraint(refused.value) == name


def test_what_no_model_names(user: User) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: User.objects.filter(pk=user.pk).update(name=None),
        lambda: Partner.objects.filter(pk=make_applicant("Ann").pk).update(rating_count=-1),
    ]
    for attempt in attempts:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            attempt()
        assert broken_constraint(refused.value) is None
    assert broken_constraint(IntegrityError("made up")) is None


def test_every_unique_constraint_is_told_by_its_columns() -> None:
    """SQLite names the columns only, so no two constraints of a model may be about the same ones."""
    for app in OUR_APPS:
        for model in apps.get_app_config(app).get_models():
            declared = [it for it in model._meta.constraints if isinstance(it, models.UniqueConstraint) and it.fields]
            columns = [frozenset(it.fields) for it in declared]
            columns += [frozenset([field.name]) for field in model._meta.fields if field.unique]
            assert len(set(columns)) == len(columns), model


def test_only_what_is_known_is_answered(user: User) -> None:
    answer = Conflict("known")
    with pytest.raises(Conflict), refused_as({"user_email_unique": answer}), transaction.atomic():
        copy_of(user)
    with pytest.raises(IntegrityError), refused_as({"user_role_known": answer}), transaction.atomic():
        copy_of(user)
    with pytest.raises(ServiceError), refused_as({"user_email_unique": answer}):
        raise Conflict("another")


# ---------------------------------------------------------------- in the services


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keyed", [False, True])
def test_a_missing_request_type_is_not_told_as_an_open_request(nyc: Region, user_api: APIClient, keyed: bool) -> None:
    """Another process deleted it after this one read the types: the foreign key fails at the commit."""
    assert "pep_talk" in request_types_by_slug()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM requests_app_requesttype WHERE slug = 'pep_talk'")
    user_api.raise_request_exception = False
    headers = {"HTTP_IDEMPOTENCY_KEY": "once"} if keyed else {}
    body = {"location": at(EMPIRE_STATE), "requestType": "pep_talk"}
    with unchanged():
        answer = user_api.post("/cheerRequest", body, **headers)
    assert answer.status_code == 500, answer.content
    request_types_by_slug.forget()
    assert user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)}).status_code == 201


def test_a_ride_that_a_constraint_refuses(nyc: Region, ride: Ride) -> None:
    """Both constraints of a ride say the same to a partner who accepts."""
    request = ride.request
    offer = Offer.objects.get()
    Offer.objects.filter(pk=offer.pk).update(status="pending")
    CheerRequest.objects.filter(pk=request.pk).update(status=RequestStatus.OFFERED)
    Partner.objects.update(status="offered")
    with unchanged(), pytest.raises(Conflict) as refused:
        accept(open_offer(request))
    assert refused.value.code == "offer_taken"


def test_a_name_saved_by_two_at_the_same_time(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    save_place(user, name="Home", lat=0, lng=0, now=now)
    monkeypatch.setattr("requests_app.planning.places.places_of", lambda _: SavedPlace.objects.none())
    with unchanged(), pytest.raises(Conflict) as refused:
        save_place(user, name="home", lat=0, lng=0, now=now + timedelta(seconds=1))
    assert refused.value.code == "state_changed"
