"""`GET /pushKey`, `POST /pushSubscription` and `…/remove`."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, User
from accounts.sign_out import credentials_changed
from core import outward_connection
from core.tests.listeners import resolving
from notifications import push_service, web_push
from notifications.models import PushSubscription
from risk.states import TraceKind
from risk.traces import link_score
from testbed.push_service import Browser, PushService
from tests.cast import assert_refused, client_of, unchanged

FCM, MOZILLA = "https://fcm.googleapis.com/fcm/send/abc:def", "https://updates.push.services.mozilla.com/wpush/v2/x"


def body(endpoint: str = FCM, **keys: str) -> dict[str, Any]:
    """What a browser gives."""
    content = Browser(PushService(), "/").subscription()
    return {**content, "endpoint": endpoint, "keys": content["keys"] | keys}


def of(partner: Partner) -> list[str]:
    found = PushSubscription.objects.filter(recipient=f"partner:{partner.pk}").order_by("pk")
    return list(found.values_list("endpoint", flat=True))


def test_the_key_is_anybodys(anonymous: APIClient) -> None:
    answer = anonymous.get("/pushKey")
    assert answer.status_code == 200
    assert answer.json() == {"publicKey": push_service.public_key()}


def test_a_browser_is_remembered_once(partner_api: APIClient, partner: Partner) -> None:
    for _ in range(2):
        answer = partner_api.post("/pushSubscription", body())
        assert (answer.status_code, answer.content) == (204, b"")
    partner_api.post("/pushSubscription", body(MOZILLA))
    assert of(partner) == [FCM, MOZILLA]


def test_a_browser_that_changes_hands_is_the_newer_ones(
    partner_api: APIClient, partner: Partner, other_partner_api: APIClient, other_partner: Partner
) -> None:
    partner_api.post("/pushSubscription", body())
    other_partner_api.post("/pushSubscription", body())
    assert (of(partner), of(other_partner)) == ([], [FCM])


def test_the_oldest_makes_way(partner_api: APIClient, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_push, "DEVICES_MAX", 2)
    for number in range(4):
        partner_api.post("/pushSubscription", body(f"{FCM}{number}"))
    assert of(partner) == [f"{FCM}2", f"{FCM}3"]


def test_a_user_subscribes_and_stops_as_a_partner_does(
    user_api: APIClient, user: User, other_user_api: APIClient, partner_api: APIClient, partner: Partner
) -> None:
    for client in (user_api, partner_api):
        assert client.post("/pushSubscription", body(FCM if client is user_api else MOZILLA)).status_code == 204
    assert list(PushSubscription.objects.order_by("pk").values_list("recipient", flat=True)) == [
        f"user:{user.pk}",
        f"partner:{partner.pk}",
    ]
    with unchanged():
        other_user_api.post("/pushSubscription/remove", {"endpoint": FCM})
    user_api.post("/pushSubscription/remove", {"endpoint": FCM})
    assert PushSubscription.objects.get().endpoint == MOZILLA


def test_a_users_browser_is_forgotten_with_their_credentials(user: User) -> None:
    phone, laptop = client_of(user), client_of(user)
    phone.post("/pushSubscription", body(FCM))
    laptop.post("/pushSubscription", body(MOZILLA))
    phone.post("/logout")
    assert PushSubscription.objects.get().endpoint == MOZILLA
    credentials_changed(user)
    assert not PushSubscription.objects.exists()


def test_remove(partner_api: APIClient, partner: Partner, other_partner_api: APIClient, other_partner: Partner) -> None:
    partner_api.post("/pushSubscription", body())
    with unchanged():  # not another's
        assert other_partner_api.post("/pushSubscription/remove", {"endpoint": FCM}).status_code == 204
    for _ in range(2):
        assert partner_api.post("/pushSubscription/remove", {"endpoint": FCM}).status_code == 204
    assert of(partner) == []


# ---------------------------------------------------------------- it ends with what subscribed it


def test_signing_out_forgets_that_browser_and_no_other(partner: Partner) -> None:
    phone, laptop = client_of(partner.user), client_of(partner.user)
    phone.post("/pushSubscription", body(FCM))
    laptop.post("/pushSubscription", body(MOZILLA))
    phone.post("/logout")
    assert of(partner) == [MOZILLA]


def test_signing_out_of_a_session_too(partner: Partner) -> None:
    pages, phone = APIClient(), client_of(partner.user)
    pages.force_login(partner.user)
    pages.post("/pushSubscription", body(FCM))
    phone.post("/pushSubscription", body(MOZILLA))
    pages.post("/logout")
    assert of(partner) == [MOZILLA]


def test_an_account_whose_credentials_are_taken_away_has_none(partner_api: APIClient, partner: Partner) -> None:
    partner_api.post("/pushSubscription", body())
    credentials_changed(partner.user)
    assert of(partner) == []


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com.example/x",
        "https://notfcm.googleapis.com/x",
        "https://user@fcm.googleapis.com/x",
        "https://user:secret@fcm.googleapis.com/x",
        "https://evil.example/fcm.googleapis.com",
        "https://evil.example#fcm.googleapis.com",
        "https://127.0.0.1/x",
        "http://127.0.0.1:6379/x",
        "http://localhost/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/x",
        "file:///etc/passwd",
        "fcm.googleapis.com",
        "https://",
        "https://[",
        "https://fcm.googleapis.com:port/x",
        "https://127.0.0.1\\.push.apple.com/x",
        "https://169.254.169.254\\.push.apple.com/x",
        "https://127.0.0.1\\@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\\@127.0.0.1/x",
        "https:\\\\fcm.googleapis.com\\x",
        "https://evil.example\t.push.apple.com/x",
        "https://fcm.googleapis.com/x\r\nHost: evil.example",
        "https://fcm.googleapis.com/x y",
        "https://fcm.googleapis.com/é",
        "https://ｆcm.googleapis.com/x",
        "https://fcm.googleapis.com/x#fragment",
        "https://fcm.googleapis.com./x",
        "https://127.0.0.1%2f.push.apple.com/x",
        "https://a_b.push.apple.com/x",
        "https://.push.apple.com/x",
        "https://-.push.apple.com/x",
        "https://fcm.googleapis.com/%zz",
        "https://fcm.googleapis.com:0443x/x",
        "https://fcm.googleapis.com:80/x",
        "//fcm.googleapis.com/x",
    ],
)
def test_other_addresses_than_push_services(partner_api: APIClient, endpoint: str) -> None:
    with unchanged():
        assert_refused(partner_api.post("/pushSubscription", body(endpoint)), 400, "unknown_push_service", "endpoint")


@pytest.mark.parametrize("endpoint", ["https://web.push.apple.com/x", "https://db5p.notify.windows.com/w/?token=x"])
def test_the_services_have_hosts_of_their_own(partner_api: APIClient, endpoint: str) -> None:
    assert partner_api.post("/pushSubscription", body(endpoint)).status_code == 204


@pytest.mark.parametrize(
    ("content", "attr", "code"),
    [
        ({}, "endpoint", "required"),
        (body() | {"endpoint": "https://fcm.googleapis.com/" + "x" * 2048}, "endpoint", "max_length"),
        (body() | {"keys": None}, "keys", "null"),
        (body() | {"keys": "p256dh"}, "keys.non_field_errors", "invalid"),
        (body(p256dh="AAAA"), "keys.p256dh", "invalid"),
        (body(p256dh="B" * 87), "keys.p256dh", "invalid"),
        (body(auth="short"), "keys.auth", "invalid"),
        (body(auth="é" * 22), "keys.auth", "invalid"),
    ],
)
def test_malformed(partner_api: APIClient, content: dict[str, Any], attr: str, code: str) -> None:
    with unchanged():
        answer = partner_api.post("/pushSubscription", content)
    assert answer.status_code == 400
    assert (attr, code) in [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def test_where_nothing_can_be_pushed(partner_api: APIClient, settings: Any) -> None:
    settings.VAPID_KEY_FILE, settings.VAPID_PRIVATE_KEY = None, ""
    assert partner_api.get("/pushKey").json() == {"publicKey": None}
    assert_refused(partner_api.post("/pushSubscription", body()), 409, "push_not_configured")


@pytest.mark.parametrize("path", ["/pushSubscription", "/pushSubscription/remove"])
@pytest.mark.parametrize(
    ("who", "status", "code"),
    [("anonymous", 401, "not_authenticated"), ("staff", 403, "permission_denied")],
)
def test_only_users_and_partners(api_of: Any, partner: Partner, path: str, who: str, status: int, code: str) -> None:
    client = api_of(who)
    with unchanged():
        assert_refused(client.post(path, body()), status, code)


def test_nobody_is_shown_an_endpoint(partner_api: APIClient, user: User, partner: Partner) -> None:
    found = web_push.subscribe(
        f"partner:{partner.pk}", endpoint=FCM, p256dh="x", auth="y", credential="", now=timezone.now()
    )
    assert FCM not in str(found)
    assert FCM not in str(partner_api.get("/me").content)


def test_a_known_name_that_leads_inside_is_not_called(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = body()["keys"]
    device = PushSubscription(recipient=f"partner:{partner.pk}", endpoint=FCM, **keys)
    resolver = resolving(monkeypatch, ["169.254.169.254"])
    monkeypatch.setattr(outward_connection, "dial", never)
    sent = push_service.send(device, push_service.Message("{}", 1, "t"))
    assert (sent, resolver.asked) == (push_service.Outcome.FAILED, ["fcm.googleapis.com"])


def never(*_: Any) -> Any:
    raise AssertionError("This address must not be dialled.")


def test_one_browser_links_two_accounts(
    user_api: APIClient, partner_api: APIClient, user: User, partner: Partner
) -> None:
    user_api.post("/pushSubscription", body())
    partner_api.post("/pushSubscription", body())
    assert link_score(user.pk, partner.user_id)[1] == [TraceKind.DEVICE]
