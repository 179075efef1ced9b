"""A word to a user who has no page open: on their devices, or by e-mail if they have none."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import NotificationSettings, Partner, User
from accounts.words import BY_MAIL
from notifications.models import DeferredPush
from regions.models import Region
from requests_app.tests.word_scenes import AFTER_S, TITLES, asked, quiet, until_over, who_is_told
from rides.models import Ride
from testbed.push_service import Browser
from tests.cast import Clock, accept, arrive, end, fresh, open_offer, start
from tests.online import Online, set_region
from tests.online_scenes import book, charged


@pytest.mark.parametrize("kind", TITLES)
def test_a_device_is_told(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any, kind: str
) -> None:
    request = until_over(confirmed, nyc, kind, clock)
    clock.advance(AFTER_S - 0.1)
    sweep()
    assert device.messages() == []
    clock.advance(0.1)
    sweep()
    [shown] = device.shown()
    assert (shown["kind"], shown["title"], shown["url"]) == (kind, TITLES[kind], f"/cheer/{request.pk}")
    assert device.messages()[0].headers["topic"] == shown["tag"] == request.pk.hex
    sweep()
    assert (len(device.messages()), mail.outbox) == (1, [])
    assert not DeferredPush.objects.exists()


@pytest.mark.parametrize("kind", [kind for kind in TITLES if kind in BY_MAIL])
def test_without_a_device_it_is_mailed(
    confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any, settings: Any, kind: str
) -> None:
    request = until_over(confirmed, nyc, kind, clock)
    clock.advance(AFTER_S - 0.1)
    sweep()
    assert mail.outbox == []
    clock.advance(0.1)
    sweep()
    sweep()
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == ([confirmed.email], TITLES[kind])
    assert f"{settings.SITE_URL}/cheer/{request.pk}" in str(sent.body)
    assert not DeferredPush.objects.exists()


def test_the_end_is_mailed_with_the_receipt_and_not_beside_it(
    confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    until_over(confirmed, nyc, "over", clock)
    clock.advance(AFTER_S)
    sweep()
    assert mail.outbox == []
    assert Ride.objects.get().receipt_due_at is not None


@pytest.mark.parametrize(
    ("card", "path"),
    [
        ("pm_card_authenticationRequired", "/wallet/confirm/hold/"),
        ("pm_card_chargeCustomerFail", "/cheer/"),
    ],
)
@pytest.mark.parametrize("by", ["push", "mail"])
def test_a_booking_that_the_bank_holds_up(
    online: Online,
    confirmed: User,
    nyc: Region,
    clock: Clock,
    sweep: Any,
    request: pytest.FixtureRequest,
    card: str,
    path: str,
    by: str,
) -> None:
    told = who_is_told(request, by)
    online.save_card(confirmed, card)
    quiet()
    book(online, confirmed)
    clock.advance(AFTER_S)
    sweep()
    [(title, url)] = told()
    assert title == "A payment needs you"
    assert path in url


@pytest.mark.parametrize("by", ["push", "mail"])
def test_a_payment_that_failed(
    online: Online,
    confirmed: User,
    partner: Partner,
    nyc: Region,
    clock: Clock,
    sweep: Any,
    request: pytest.FixtureRequest,
    by: str,
) -> None:
    told = who_is_told(request, by)
    set_region(hold_amount=0)
    online.save_card(confirmed, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    quiet()
    charged(online, confirmed, nyc, clock)
    clock.advance(AFTER_S)
    sweep()
    assert [url.rpartition("/")[2] for title, url in told() if title == "A payment needs you"] == ["wallet"]


# ---------------------------------------------------------------- its words


@pytest.mark.parametrize(
    ("language", "title"), [("de", "Jemand ist unterwegs"), ("es", "Alguien está de camino"), ("", TITLES["coming"])]
)
def test_in_the_language_of_the_account_at_that_time(
    device: Browser,
    confirmed: User,
    partner: Partner,
    nyc: Region,
    clock: Clock,
    sweep: Any,
    language: str,
    title: str,
) -> None:
    until_over(confirmed, nyc, "coming", clock)
    User.objects.filter(pk=confirmed.pk).update(language=language)
    clock.advance(AFTER_S)
    sweep()
    assert [shown["title"] for shown in device.shown()] == [title]


def test_mails_as_well(confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any) -> None:
    User.objects.filter(pk=confirmed.pk).update(language="de")
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(AFTER_S)
    sweep()
    [sent] = mail.outbox
    assert sent.subject == "Jemand ist unterwegs"
    assert "Schalte sie in deinem Konto" in str(sent.body)


@pytest.mark.parametrize("kind", TITLES)
def test_a_locked_screen_shows_nothing_of_it(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any, kind: str
) -> None:
    Region.objects.update(start_guard="pin")
    nyc.refresh_from_db()
    User.objects.filter(pk=confirmed.pk).update(name="Augusta King")
    Partner.objects.update(name="Pia Pompom")
    request = until_over(confirmed, nyc, kind, clock) if kind in ("coming", "no_match") else None
    if request is None:
        ride = accept(open_offer(asked(confirmed, nyc)))
        ride = arrive(ride)
        request = fresh(end(start(ride, ride.pin)) if kind == "over" else ride).request
    clock.advance(AFTER_S)
    sweep()
    [shown] = device.shown()
    assert set(shown) == {"type", "kind", "tag", "url", "title", "body"}
    text = f"{shown['title']} {shown['body']}"
    for secret in ("Augusta", "Pia", "Third floor", "40.74", "73.98", "$", "10.00", confirmed.email, "Pep talk"):
        assert secret not in text
    ride_pins = [ride.pin for ride in Ride.objects.all()]
    assert all(pin not in text for pin in ride_pins)


# ---------------------------------------------------------------- the page of settings


def test_the_page_of_settings_keeps_each_choice(user: User) -> None:
    page = Client()
    page.force_login(user)
    text = page.get("/account/notifications").content.decode()
    chosen = ["push_coming", "email_payment"]
    assert all(f'name="{name}"' in text for name in [*chosen, "email_receipts", "push_over"])
    assert 'id="notify"' in text
    page.post("/account/notifications", dict.fromkeys(chosen, "on"))
    kept = NotificationSettings.objects.get(user=user)
    fields = [field.name for field in NotificationSettings._meta.fields if field.name != "user"]
    assert [name for name in fields if getattr(kept, name)] == chosen


def test_a_partner_has_no_settings_of_words(partner: Partner) -> None:
    page = Client()
    page.force_login(partner.user)
    text = page.get("/account/notifications").content.decode()
    assert 'name="email_receipts"' in text
    assert 'name="push_coming"' not in text
    page.post("/account/notifications", {})
    kept = NotificationSettings.objects.get(user=partner.user)
    assert (kept.email_receipts, kept.push_coming, kept.email_coming) == (False, True, True)
