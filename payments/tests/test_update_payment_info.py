"""`POST /updatePaymentInfo`: the provider's signed webhook."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from notifications.models import Event
from payments.models import Payment, ProviderEvent
from payments.provider.webhook import OUTCOMES
from payments.states import PAYMENT_GRAPH, PaymentStatus
from rides.models import Ride
from tests.cast import assert_refused, fresh, unchanged

SECRET = "whsec_for_the_tests"
INTENT = "pi_3Nabc"


@pytest.fixture(autouse=True)
def _secret(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = [SECRET]


@pytest.fixture
def payment(completed: Ride) -> Payment:
    return Payment.objects.get(ride=completed)


@pytest.fixture
def provider(nyc: object) -> APIClient:
    """The provider: no token, no session."""
    return APIClient()


def sign(raw: bytes, *, secret: str = SECRET, at: float | None = None, scheme: str = "v1") -> str:
    """Stripe's scheme: HMAC-SHA256 of `<time>.<body>` (docs.stripe.com/webhooks#verify-manually)."""
    moment = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={moment},{scheme}={digest}"


def event(kind: str, payment: Payment | None, *, id: str = "evt_1", **intent: Any) -> dict[str, Any]:
    """A webhook event about a payment intent."""
    metadata = {"paymentId": str(payment.pk)} if payment else {}
    amount = payment.amount if payment else 0
    body = {
        "id": INTENT,
        "object": "payment_intent",
        "currency": "usd",
        "amount_received": amount,
        "metadata": metadata,
    }
    return {"id": id, "object": "event", "type": f"payment_intent.{kind}", "data": {"object": {**body, **intent}}}


def send(client: APIClient, body: Any, signature: str | None = None) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"HTTP_STRIPE_SIGNATURE": sign(raw) if signature is None else signature}
    return client.generic("POST", "/updatePaymentInfo", raw, content_type="application/json", **headers)


def statuses_told(payment: Payment) -> list[str]:
    told = Event.objects.filter(recipient=f"user:{payment.user_id}", type="payment.updated").order_by("seq")
    return [event.payload["payment"]["status"] for event in told]


# ---------------------------------------------------------------- what an event does


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("processing", PaymentStatus.PROCESSING),
        ("requires_action", PaymentStatus.REQUIRES_ACTION),
        ("succeeded", PaymentStatus.PAID),
        ("payment_failed", PaymentStatus.FAILED),
    ],
)
def test_moves_the_payment_and_tells_the_user(provider: APIClient, payment: Payment, kind: str, status: str) -> None:
    response = send(provider, event(kind, payment))
    assert (response.status_code, response.json()) == (200, {"received": True})
    found = fresh(payment)
    assert (found.status, found.third_party_reference_id) == (status, INTENT)
    last = payment.transitions.last()
    assert last is not None
    assert (last.old, last.new, last.actor, last.reason) == ("due", status, None, f"payment_intent.{kind}")
    assert statuses_told(payment) == ["due", status]
    stored = ProviderEvent.objects.get()
    assert (stored.pk, stored.type) == ("evt_1", f"payment_intent.{kind}")
    assert stored.processed_at is not None


def test_seen_before(provider: APIClient, payment: Payment) -> None:
    send(provider, event("payment_failed", payment))
    with unchanged():
        for body in (event("payment_failed", payment), event("succeeded", payment)):  # the id says it, not the content
            assert send(provider, body).status_code == 200


def test_a_payment_is_found_by_the_providers_own_reference_too(provider: APIClient, payment: Payment) -> None:
    send(provider, event("processing", payment))
    body = event("succeeded", None, id="evt_2", amount_received=payment.amount)
    assert send(provider, body).status_code == 200
    assert fresh(payment).status == PaymentStatus.PAID


def test_a_later_attempt_may_succeed(provider: APIClient, payment: Payment) -> None:
    for number, kind in enumerate(["processing", "payment_failed", "processing", "requires_action", "succeeded"]):
        send(provider, event(kind, payment, id=f"evt_{number}"))
    assert statuses_told(payment)[1:] == ["processing", "failed", "processing", "requires_action", "paid"]


@pytest.mark.parametrize("late", ["processing", "requires_action", "payment_failed", "succeeded"])
@pytest.mark.parametrize("status", [PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED])
def test_late_events_do_not_undo_a_payment(provider: APIClient, payment: Payment, late: str, status: str) -> None:
    send(provider, event("succeeded", payment, id="evt_paid"))
    if status != PaymentStatus.PAID:
        fresh(payment).move(status, actor=None, at=payment.created_at)
    assert send(provider, event(late, payment, id="evt_late")).status_code == 200
    assert fresh(payment).status == status
    assert statuses_told(payment) == ["due", "paid"]


@pytest.mark.parametrize(
    "change",
    [
        {"amount_received": 999},
        {"amount_received": 1001},
        {"amount_received": "1000"},
        {"amount_received": None},
        {"currency": "eur"},
    ],
)
def test_another_amount_pays_nothing(
    provider: APIClient, payment: Payment, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert send(provider, event("succeeded", payment, **change)).status_code == 200
    assert fresh(payment).status == PaymentStatus.DUE
    assert "another amount" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        {"id": "evt_9", "type": "customer.created", "data": {"object": {"id": "cus_1"}}},
        {"id": "evt_9", "type": "payment_intent.succeeded"},
        {"id": "evt_9", "type": "payment_intent.succeeded", "data": None},
        {"id": "evt_9", "type": "payment_intent.succeeded", "data": {"object": []}},
        {"id": "evt_9", "type": "payment_intent.succeeded", "data": {"object": {"metadata": {"paymentId": "x"}}}},
        {"id": "evt_9", "type": "payment_intent.succeeded", "data": {"object": {"metadata": "x", "id": 5}}},
        {"id": "evt_9", "type": "payment_intent.succeeded", "data": {"object": {"id": ""}}},
        {"id": "evt_9", "type": "x" * 5000},
    ],
)
def test_what_is_not_about_us_is_stored_and_answered_200(provider: APIClient, payment: Payment, body: Any) -> None:
    assert send(provider, body).status_code == 200
    assert ProviderEvent.objects.get().pk == "evt_9"
    assert fresh(payment).status == PaymentStatus.DUE


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "evt_1"},
        {"type": "x"},
        {"id": 5, "type": "x"},
        {"id": "", "type": "x"},
        {"id": "e" * 256, "type": "x"},
    ],
)
def test_no_event_at_all(provider: APIClient, payment: Payment, body: Any) -> None:
    with unchanged():
        assert_refused(send(provider, body), 400, "invalid")


@pytest.mark.parametrize("raw", [b"[]", b"5", b'"x"', b"null"])
def test_json_that_is_no_object(provider: APIClient, raw: bytes) -> None:
    with unchanged():
        assert_refused(send(provider, raw), 400, "invalid")


def test_every_outcome_is_a_status_that_can_follow_due() -> None:
    assert all(PAYMENT_GRAPH.allows(PaymentStatus.DUE, outcome) for outcome in OUTCOMES.values())


# ---------------------------------------------------------------- signatures


BAD_SIGNATURES: dict[str, Callable[[bytes], str]] = {
    "none": lambda raw: "",
    "nonsense": lambda raw: "nonsense",
    "another secret": lambda raw: sign(raw, secret="whsec_other"),
    "another body": lambda raw: sign(raw + b" "),
    "another scheme": lambda raw: sign(raw, scheme="v0"),
    "too old": lambda raw: sign(raw, at=time.time() - 301),
    "no time": lambda raw: sign(raw).partition(",")[2],
    "time is no number": lambda raw: "t=soon," + sign(raw).partition(",")[2],
    "moved time": lambda raw: f"t={int(time.time()) + 1}," + sign(raw).partition(",")[2],
    "not ASCII": lambda raw: sign(raw) + "é",
    "empty digest": lambda raw: sign(raw).rpartition("=")[0] + "=",
}


@pytest.mark.parametrize("name", BAD_SIGNATURES)
def test_a_bad_signature(provider: APIClient, payment: Payment, name: str) -> None:
    raw = json.dumps(event("succeeded", payment)).encode()
    with unchanged():
        refused = send(provider, raw, BAD_SIGNATURES[name](raw))
        assert_refused(refused, 400, "invalid_signature", "Stripe-Signature")


def test_one_of_several_signatures_suffices(provider: APIClient, payment: Payment) -> None:
    """While a secret is rolled, the provider signs with both."""
    raw = json.dumps(event("succeeded", payment)).encode()
    moment = int(time.time())
    old, new = (sign(raw, secret=secret, at=moment).partition(",")[2] for secret in ("whsec_old", SECRET))
    assert send(provider, raw, f"t={moment},{old},{new}").status_code == 200


def test_without_a_secret_nothing_is_believed(provider: APIClient, payment: Payment, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = []
    raw = json.dumps(event("succeeded", payment)).encode()
    with unchanged():
        for secret in (SECRET, ""):
            refused = send(provider, raw, sign(raw, secret=secret))
            assert_refused(refused, 400, "invalid_signature", "Stripe-Signature")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": "evt_1", "type": '])
def test_a_signed_body_that_is_no_json(provider: APIClient, raw: bytes) -> None:
    with unchanged():
        assert send(provider, raw).status_code == 400


def test_the_signature_covers_the_bytes_as_sent(provider: APIClient, payment: Payment) -> None:
    raw = json.dumps(event("succeeded", payment, description="déjà vu 🎉"), indent=3, ensure_ascii=False).encode()
    assert send(provider, raw).status_code == 200
    assert fresh(payment).status == PaymentStatus.PAID


def test_a_huge_body(provider: APIClient) -> None:
    raw = b'{"id": "' + b"x" * (256 * 1024) + b'"}'
    assert_refused(send(provider, raw), 413, "too_large")


def test_any_content_type_and_no_token_are_fine(provider: APIClient, payment: Payment) -> None:
    raw = json.dumps(event("succeeded", payment)).encode()
    response = provider.generic(
        "POST", "/updatePaymentInfo", raw, content_type="text/plain", HTTP_STRIPE_SIGNATURE=sign(raw)
    )
    assert response.status_code == 200


def test_a_failure_is_tried_again(provider: APIClient, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event whose effect failed is not taken for seen when the provider sends it again."""
    provider.raise_request_exception = False
    with monkeypatch.context() as patch, unchanged():
        patch.setattr("payments.announce.payment_updated", lambda *_: 1 / 0)
        assert send(provider, event("succeeded", payment)).status_code == 500
    assert send(provider, event("succeeded", payment)).status_code == 200
    assert fresh(payment).status == PaymentStatus.PAID
