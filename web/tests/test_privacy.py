"""Taking one's data along, and leaving."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from accounts.models import NotificationSettings, Partner, User
from accounts.states import Application
from core.errors import Conflict, Forbidden
from core.pruning import kept_for
from ops.audit import all_checks
from ops.pruner import prune
from payments.models import Customer
from requests_app.models import CheerRequest, Offer
from requests_app.planning.places import save_place
from requests_app.serving.fulfilment import cancel_by_partner
from rides.models import Ride
from rides.services import rate_ride
from tests.cast import PASSWORD, Clock, accept, decline, end, fresh, start, token_of
from web.privacy.deletion import delete_account
from web.privacy.export import export
from web.privacy.holdings import HOLDINGS
from web.privacy.making import make_export, request_export
from web.tests.browse import SIGN_IN, browser_of, by_password, text_of

ROUND_TRIP = ["account", "cheerRequests", "rides", "payments", "apiTokens", "browserSessions", "events"]


def test_every_table_that_refers_to_people_is_listed() -> None:
    """Whoever adds a model with an account or a partner in it decides here what export and deletion do with it."""
    listed = {holding.model for holding in HOLDINGS}
    for model in apps.get_models(include_auto_created=True):
        refers = [
            field.name
            for field in model._meta.concrete_fields
            if field.remote_field is not None and field.related_model in (User, Partner)
        ]
        assert not refers or model._meta.label in listed, f"{model._meta.label} refers to people by {refers}"
    assert len({holding.section for holding in HOLDINGS}) == len(HOLDINGS)


def test_everything_is_in_the_file(user: User, completed: Ride) -> None:
    client = by_password(user)
    token_of(user)
    rate_ride(completed, stars=4, comment="So loud")
    make_export(request_export(user, now=timezone.now()).pk)
    answer = client.get("/account/data/export")
    assert answer["Content-Disposition"].startswith('attachment; filename="speedycheers-')
    body = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert body["email"] == user.email
    assert set(body["data"]) == {holding.section for holding in HOLDINGS}
    for section in ROUND_TRIP:
        assert body["data"][section], section
    assert body["data"]["account"][0]["name"] == "Ada"
    assert body["data"]["cheerRequests"][0]["note"] == "Third floor"
    assert body["data"]["rides"][0]["rating_comment"] == "So loud"
    assert {step["actor"] for step in body["data"]["rideSteps"]} == {"somebody else"}


def test_secrets_and_other_people_stay_out(user: User, partner: Partner, completed: Ride) -> None:
    token_of(user)
    text = json.dumps(export(user, now=timezone.now()), cls=DjangoJSONEncoder)
    fresh_user: User = fresh(user)
    assert fresh_user.password not in text
    assert "digest" not in text
    assert partner.user.email not in text
    assert partner.phone not in text


def test_why_a_partner_called_off_is_in_their_file_alone(partner: Partner, user: User, ride: Ride) -> None:
    cancel_by_partner(partner, ride.pk, reason="unsafe", now=timezone.now())
    texts = {
        owner.pk: json.dumps(export(owner, now=timezone.now()), cls=DjangoJSONEncoder) for owner in (user, partner.user)
    }
    assert ("unsafe" in texts[partner.user.pk], "unsafe" in texts[user.pk]) == (True, False)


def test_a_partners_file_has_their_work(partner: Partner, completed: Ride) -> None:
    data = export(partner.user, now=timezone.now())["data"]
    assert data["partner"][0]["phone"] == partner.phone
    assert [ride["id"] for ride in data["rides"]] == [completed.pk]
    assert data["offers"]
    assert {step["actor"] for step in data["rideSteps"]} == {"you"}


def test_the_file_wants_the_password_again(user: User) -> None:
    client = browser_of(user)  # signed in without one, as by an old session
    assert client.get("/account/data/export")["Location"].startswith("/account/reauthenticate/")
    assert browser_of(None).get("/account/data/export")["Location"].startswith(SIGN_IN)


# ---------------------------------------------------------------- leaving


def tables_with(word: str) -> list[str]:
    """The tables in which a word stands, whatever the column."""
    return [
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if word in json.dumps(list(model._default_manager.values_list()), cls=DjangoJSONEncoder)
    ]


def findings() -> list[str]:
    now = timezone.now()
    return [check.name for check in all_checks() if check.look(now).wrong]


def test_nothing_of_a_user_is_left(user: User, pending: CheerRequest, offer: Offer) -> None:
    ride = end(start(accept(offer)))
    rate_ride(ride, stars=5, comment="Unforgettable")
    NotificationSettings.objects.create(user=user)
    client = by_password(user)
    token_of(user)
    place = (pending.lat, pending.lng)
    assert client.post("/account/delete", {"understood": "on"}).status_code == 200
    # What told the partner whom they cheer for is kept for three days.
    prune("notifications.Event", timezone.now() + kept_for("EVENTS_KEPT_DAYS"))
    for word in (user.email, "Ada", "Third floor", "Unforgettable", str(place[0])):
        assert tables_with(word) == [], word
    kept: Ride = fresh(ride)
    assert kept.fare_amount == 1000
    assert kept.rating == 5
    assert kept.payments.count() == 1
    gone: User = fresh(user)
    assert not gone.is_active
    assert not gone.has_usable_password()
    assert findings() == []
    assert "Request a cheer" in text_of(client.get("/"))
    assert client.post(SIGN_IN, {"login": user.email, "password": PASSWORD}).status_code == 200


def test_the_card_and_the_places_are_forgotten(user: User) -> None:
    now = timezone.now()
    save_place(user, name="Grandmother's", lat=40.75, lng=-73.98, now=now)
    Customer.objects.create(
        user=user, reference="cus_1", card_reference="pm_1", card_brand="visa", card_last4="4242", created_at=now
    )
    data = export(user, now=now)["data"]
    assert [row["card_last4"] for row in data["card"]] == ["4242"]
    assert [row["name"] for row in data["savedPlaces"]] == ["Grandmother's"]
    delete_account(user, now=now)
    assert Customer.objects.get(user=user).card_last4 == ""
    assert tables_with("pm_1") == tables_with("Grandmother's") == []


def test_nothing_of_a_partner_is_left(partner: Partner, completed: Ride) -> None:
    delete_account(partner.user, now=timezone.now())
    # What told their users who was coming is kept for three days.
    prune("notifications.Event", timezone.now() + kept_for("EVENTS_KEPT_DAYS"))
    for word in (partner.user.email, "Pia", partner.phone):
        assert tables_with(word) == [], word
    gone: Partner = fresh(partner)
    assert gone.application == Application.SUSPENDED
    assert gone.lat is None
    assert findings() == []


def test_words_of_a_decline_go_too(partner: Partner, offer: Offer) -> None:
    decline(offer, "my knee hurts")
    delete_account(partner.user, now=timezone.now())
    assert tables_with("my knee hurts") == []


def test_not_while_something_is_open(user: User, partner: Partner, offer: Offer, clock: Clock) -> None:
    for somebody, code in ((user, "request_open"), (partner.user, "partner_at_work")):
        with pytest.raises(Conflict) as refused:
            delete_account(somebody, now=clock.now)
        assert refused.value.code == code
    assert fresh(user).is_active
    assert fresh(partner).application == Application.APPROVED
    client = by_password(user)
    assert "is still open" in text_of(client.get("/account/delete"))
    assert client.post("/account/delete", {"understood": "on"})["Location"] == "/account/delete"
    assert fresh(user).is_active


def test_not_before_a_payment_that_can_be_paid_is(user: User, completed: Ride, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    with pytest.raises(Conflict, match="payment_open"):
        delete_account(user, now=timezone.now())


def test_not_twice_and_not_staff(user: User, staff: User) -> None:
    delete_account(user, now=timezone.now())
    with pytest.raises(Conflict, match="already_deleted"):
        delete_account(user, now=timezone.now())
    with pytest.raises(Forbidden):
        delete_account(staff, now=timezone.now())


def test_one_confirms_first(user: User) -> None:
    client = by_password(user)
    client.post("/account/delete", {})
    assert fresh(user).is_active
