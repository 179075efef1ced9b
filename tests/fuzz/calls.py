"""The endpoints of the URL conf, a call of each that succeeds, and a client that sends what a decent one would not."""

import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from wsgiref.types import WSGIEnvironment

import pytest
from django.utils import timezone

from accounts.push_apis import KEYS
from payments.models import PromotionCode
from speedycheers.urls import api
from speedycheers.wsgi import application
from tests import cast
from tests.fuzz.conftest import WEBHOOK_SECRET
from tests.fuzz.staff_calls import STAFF_GOOD, Good
from tests.fuzz.world import World, rows

JSON = "application/json"
PUSH_SUBSCRIPTION = {"endpoint": "https://updates.push.services.mozilla.com/wpush/v2/x", "keys": KEYS}
UNKNOWN_ID = "019a8f5e-6f00-7000-8000-000000000001"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


def send(
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    query: str = "",
    content_length: str | None = None,
) -> Answer:
    """One call through WSGI, as a server would make it. Header values are latin-1, as they are on the wire."""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "CONTENT_TYPE": JSON,
        "CONTENT_LENGTH": str(len(body)) if content_length is None else content_length,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    head: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
        head[:] = [int(status.split(maxsplit=1)[0]), {name.lower(): value for name, value in headers}]
        return lambda data: None

    result = application(environ, start_response)
    try:
        content = b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    return Answer(head[0], head[1], content)


def assert_refused(answer: Answer, about: object = "") -> None:
    """A 4xx in the one shape."""
    assert 400 <= answer.status < 500, f"{about}: {answer}"
    assert answer.headers["content-type"] == JSON, f"{about}: {answer}"
    body = json.loads(answer.body)
    assert set(body) == {"type", "errors"}, f"{about}: {answer}"
    assert body["type"] in ("validation_error", "client_error"), f"{about}: {answer}"
    assert body["errors"], f"{about}: {answer}"
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}, f"{about}: {answer}"
        assert error["code"], f"{about}: {answer}"
        assert error["detail"], f"{about}: {answer}"


# ---------------------------------------------------------------- what there is to call

# These do something only where cards are charged; payments/tests/test_exactly_once.py calls them with a provider.
ONLINE = {
    "card",
    "cardSetup",
    "hold/<uuid:hold_id>/confirmation",
    "partner/payoutAccount",
    "payment/<uuid:payment_id>/confirmation",
    "payment/<uuid:payment_id>/pay",
}
EVERY_ROUTE: dict[str, Any] = {str(pattern.pattern): pattern.callback.view_class for pattern in api}  # type: ignore[attr-defined]
ROUTES = {route: view for route, view in EVERY_ROUTE.items() if route not in ONLINE}
POSTS = sorted(route for route, view in ROUTES.items() if hasattr(view, "post"))
GETS = sorted(route for route, view in ROUTES.items() if hasattr(view, "get"))
posts = pytest.mark.parametrize("route", POSTS)


def at_the_door(world: World) -> Any:
    """The ride of a partner who is at the place."""
    cast.come(world.coming)
    return world.coming


def nobody_there(world: World) -> Any:
    """The ride of a partner who has come and waited."""
    cast.agree(world.coming.request, no_show_wait_s=0)
    cast.arrive(world.coming)
    return world.coming


def arrived(world: World) -> Any:
    """The ride of a partner who has come."""
    cast.arrive(world.coming)
    return world.coming


def promotion() -> PromotionCode:
    """A code that gives everybody credit."""
    terms = {"amount": 500, "currency": "usd", "budget_amount": 90_000, "starts_at": timezone.now()}
    return PromotionCode.objects.get_or_create(code="HELLO", defaults=terms)[0]


GOOD: dict[str, Callable[[World], Good]] = {
    "login": lambda w: Good(None, {"email": w.user.email, "password": cast.PASSWORD}),
    "signup": lambda w: Good(None, {"email": "new@cast.test", "password": cast.PASSWORD, "name": "Nora"}),
    "logout": lambda w: Good(w.user),
    "socketTicket": lambda w: Good(w.user),
    "cheerRequest": lambda w: Good(
        w.stroller, {"location": cast.at(cast.EMPIRE_STATE), "requestType": "pep_talk", "note": "Lobby"}
    ),
    "cheerRequest/<uuid:request_id>/cancel": lambda w: Good(w.user, {"reason": "rain"}, w.request.pk),
    "cheerRequest/<uuid:request_id>/share": lambda w: Good(w.user, {}, w.request.pk),
    "cheerRequest/<uuid:request_id>/unshare": lambda w: Good(w.user, {}, w.request.pk),
    "scheduledRequest": lambda w: Good(
        w.stroller,
        {
            "location": cast.at(cast.EMPIRE_STATE),
            "requestType": "birthday",
            "note": "Lobby",
            "scheduledFor": (timezone.now() + timedelta(days=1)).isoformat(),
        },
    ),
    "scheduledRequest/<uuid:scheduled_id>/cancel": lambda w: Good(w.user, {"reason": "rain"}, w.planned.pk),
    "pushSubscription": lambda w: Good(w.offered.user, PUSH_SUBSCRIPTION),
    "pushSubscription/remove": lambda w: Good(w.offered.user, {"endpoint": PUSH_SUBSCRIPTION["endpoint"]}),
    "savedPlace": lambda w: Good(w.user, {"name": "Home", "location": cast.at(cast.EMPIRE_STATE)}),
    "savedPlace/<uuid:place_id>/forget": lambda w: Good(w.user, {}, w.place.pk),
    "credit/code": lambda w: Good(w.user, {"code": promotion().code}),
    "referral": lambda w: Good(w.user),  # where the setting REFERRAL_CREDITS has something to give
    "updateLocation": lambda w: Good(
        w.offered.user,
        {
            "location": cast.at(cast.EMPIRE_STATE),
            "accuracyM": 5.5,
            "heading": 90,
            "speedMps": 1,
            "recordedAt": "2026-05-01T12:00:00Z",
        },
    ),
    "partner/apply": lambda w: Good(w.stroller, {"name": "Stan", "type": "coach", "phone": "+1 212 555 0100"}),
    "partner/status": lambda w: Good(w.idle.user, {"status": "available"}),
    "partner/<uuid:partner_id>/approve": lambda w: Good(w.staff, {"reason": "fine"}, w.applicant.pk),
    "partner/<uuid:partner_id>/suspend": lambda w: Good(w.staff, {"reason": "late"}, w.idle.pk),
    "rideAccept": lambda w: Good(w.offered.user, {"offerId": str(cast.open_offer(w.request).pk)}),
    "rideDecline": lambda w: Good(w.offered.user, {"offerId": str(cast.open_offer(w.request).pk), "reason": "too far"}),
    "rideArrive": lambda w: Good(w.en_route.user, {"rideId": str(at_the_door(w).pk)}),
    "rideStart": lambda w: Good(w.en_route.user, {"rideId": str(arrived(w).pk), "pin": ""}),
    "rideEnd": lambda w: Good(w.at_work.user, {"rideId": str(w.running.pk)}),
    "rideCancel": lambda w: Good(w.en_route.user, {"rideId": str(w.coming.pk), "reason": "flat tyre"}),
    "rideNoShow": lambda w: Good(w.en_route.user, {"rideId": str(nobody_there(w).pk)}),
    "ride/<uuid:ride_id>/here": lambda w: Good(w.coming.user, {}, arrived(w).pk),
    "ride/<uuid:ride_id>/nobodyHere": lambda w: Good(w.coming.user, {}, arrived(w).pk),
    "ride/<uuid:ride_id>/message": lambda w: Good(w.user, {"text": "By the fountain"}, w.completed.pk),
    "ride/<uuid:ride_id>/message/mark": lambda w: Good(w.user, {"mark": "read", "upTo": 1}, w.completed.pk),
    "message/<uuid:message_id>/report": lambda w: Good(w.user, {}, w.message.pk),
    "ride/<uuid:ride_id>/rating": lambda w: Good(w.user, {"rating": 5, "comment": "Loud!"}, w.completed.pk),
    "ride/<uuid:ride_id>/tip": lambda w: Good(w.user, {"amount": 500, "currency": "usd"}, w.completed.pk),
    **STAFF_GOOD,
    "updatePaymentInfo": lambda w: Good(None, {"id": "evt_1", "type": "payment_intent.processing"}, signed=True),
    "updatePayoutInfo": lambda w: Good(
        None, {"id": "evt_2", "type": "account.updated", "account": "acct_1"}, signed=True
    ),
}


def path_of(route: str, id: object) -> str:
    """The path of a route whose one id is this."""
    before, _, rest = route.partition("<")
    return f"/{before}{id}{rest.partition('>')[2]}" if rest else f"/{before}"


class Caller:
    """Sends variations of a good call."""

    def __init__(self, route: str, world: World) -> None:
        self.good = GOOD[route](world)
        self.path = path_of(route, self.good.id)
        self.headers = {"Authorization": f"Bearer {cast.token_of(self.good.who)}"} if self.good.who else {}
        self.honours_keys = hasattr(ROUTES[route].post, "idempotent")

    def __call__(self, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """Send bytes as they are, or an object as JSON; the good body where none is given."""
        raw = body if isinstance(body, bytes) else json.dumps(self.good.body if body is None else body).encode()
        signature = {"Stripe-Signature": sign(raw)} if self.good.signed else {}
        return send("POST", self.path, raw, {**self.headers, **signature, **(headers or {})}, **more)


def sign(body: bytes) -> str:
    """The payment provider's signature."""
    now = int(time.time())
    digest = hmac.new(WEBHOOK_SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


@contextmanager
def nothing_changes() -> Iterator[Callable[[Answer, object], None]]:
    """Gives what is to be called with every answer."""
    before = rows()
    calls = []

    def check(answer: Answer, about: object) -> None:
        assert_refused(answer, about)
        calls.append(about)

    yield check
    assert rows() == before, f"one of {len(calls)} calls from {calls[:1]} to {calls[-1:]} has changed something"
