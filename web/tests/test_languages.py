"""English, Spanish, German: everybody is spoken to in their language."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone, translation
from rest_framework.test import APIClient

from accounts.applications import decide_application
from accounts.models import DeferredMail, Partner, User
from accounts.states import Application
from accounts.tasks import send_mail
from core.amounts import blocks
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import PASSWORD, assert_refused, fresh, make_applicant
from web.templatetags.cheers import minutes, money, payment_status, price, to_the_minute, when
from web.tests.browse import SIGN_IN, browser_of, text_of

HEADLINE = {
    "en": "Someone shows up and cheers you on. Now.",
    "es": "Alguien llega y te anima. Ahora.",
    "de": "Jemand kommt und feuert dich an. Jetzt.",
}


# ---------------------------------------------------------------- who is spoken to how


@pytest.mark.parametrize("language", HEADLINE)
def test_visitors_by_their_browser_or_their_choice(nyc: object, language: str) -> None:
    by_browser = browser_of(None).get("/", headers={"Accept-Language": f"{language}-XX,fr;q=0.5"})
    assert HEADLINE[language] in text_of(by_browser)
    assert f'<html lang="{language}" ' in by_browser.content.decode()
    client = browser_of(None)
    chosen = client.post("/language", {"language": language, "next": "/"}, headers={"Accept-Language": "fr"})
    assert chosen["Location"] == "/"
    assert HEADLINE[language] in text_of(client.get("/", headers={"Accept-Language": "fr"}))


def test_an_account_keeps_its_choice(user: User) -> None:
    browser_of(user).post("/language", {"language": "de", "next": "/account"})
    assert fresh(user).language == "de"
    elsewhere = browser_of(user)
    assert "Dein Konto" in text_of(elsewhere.get("/account", headers={"Accept-Language": "es"}))
    saved = elsewhere.post("/account/profile", {"name": "Ada", "language": "es"}, follow=True)
    assert "Guardado." in text_of(saved)


def test_a_page_leaves_its_language_to_nobody(nyc: object) -> None:
    browser_of(None).get("/", headers={"Accept-Language": "de"})
    assert translation.get_language() == "en"


def test_only_our_languages_can_be_chosen(user: User) -> None:
    browser_of(user).post("/language", {"language": "xx", "next": "https://elsewhere.example/"})
    assert fresh(user).language == ""
    assert browser_of(user).get("/language").status_code == 405


WRONG = {
    "": "This e-mail address and password do not belong together.",
    "fr": "This e-mail address and password do not belong together.",
    "de": "Diese E-Mail-Adresse und dieses Passwort gehören nicht zusammen.",
    "es-MX, en;q=0.5": "Este correo y esta contraseña no van juntos.",
}


@pytest.mark.parametrize("asked", WRONG)
def test_programs_are_answered_in_what_they_ask_for_and_else_in_english(
    asked: str, anonymous: APIClient, user: User
) -> None:
    headers = {"Accept-Language": asked} if asked else {}
    answer = anonymous.post("/login", {"email": user.email, "password": "x"}, headers=headers)
    assert_refused(answer, 401, "authentication_failed")
    assert answer.json()["errors"][0]["detail"] == WRONG[asked]


def test_a_token_does_not_make_the_account_choose(nyc: object, user: User, user_api: APIClient) -> None:
    User.objects.filter(pk=user.pk).update(language="de")
    for asked, sentence in (("", "We do not serve this place yet."), ("es", "Todavía no llegamos a este lugar.")):
        body = {"location": {"lat": 0, "lng": 0}}
        headers = {"Accept-Language": asked} if asked else {}
        answer = user_api.post("/cheerRequest", body, headers=headers)
        assert_refused(answer, 409, "region_not_served", "location")
        assert answer.json()["errors"][0]["detail"] == sentence


def test_what_is_malformed_is_told_in_german(anonymous: APIClient) -> None:
    answer = anonymous.post("/signup", {"email": "no", "password": "x"}, headers={"Accept-Language": "de"})
    details = {error["attr"]: error["detail"] for error in answer.json()["errors"]}
    assert details["email"] == "Gib eine gültige E-Mail Adresse an."
    assert answer["Content-Language"] == "de"


def test_a_gap_in_a_sentence_is_filled_in_every_language(user: User, user_api: APIClient) -> None:
    answer = user_api.get("/cheerRequest?limit=0", headers={"Accept-Language": "de"})
    assert answer.json()["errors"][0]["detail"] == "Eine ganze Zahl von 1 bis 100."


def test_wrong_credentials_in_german(user: User) -> None:
    page = browser_of(None).post(SIGN_IN, {"login": user.email, "password": "x"}, headers={"Accept-Language": "de"})
    assert "falsch" in text_of(page)


@pytest.mark.parametrize(
    ("language", "amount", "whole", "length"),
    [("en", "$1,234.50", "$10", "5 minutes"), ("es", "1.234,50\u00a0US$", "10\u00a0US$", "5 minutos"),
     ("de", "1.234,50\u00a0$", "10\u00a0$", "5 Minuten")],
)  # fmt: skip
def test_amounts_by_language(language: str, amount: str, whole: str, length: str) -> None:
    with translation.override(language):
        assert money(123_450, "usd") == amount
        assert price(1000, "usd") == whole
        assert minutes(300) == length


def test_moments_by_language() -> None:
    moment = timezone.datetime(2026, 3, 4, 17, 5, tzinfo=timezone.get_default_timezone())  # type: ignore[attr-defined]
    with translation.override("de"):
        assert when(moment, "America/New_York") == "04.03.2026, 12:05:00"
    with translation.override("en"):
        assert when(moment, "America/New_York").startswith("Mar 4, 2026, 12:05:00")


def test_moments_to_the_minute_by_language() -> None:
    moment = timezone.datetime(2026, 3, 4, 22, 5, tzinfo=timezone.get_default_timezone())  # type: ignore[attr-defined]
    read = {}
    for language in ("en", "es", "de"):
        with translation.override(language):
            read[language] = " ".join(to_the_minute(moment, "America/New_York").split())
    assert read == {"en": "Wed, Mar 4, 2026, 5:05 PM", "es": "mié, 4 mar 2026, 17:05", "de": "Mi., 4. März 2026, 17:05"}


def test_blocks_by_language() -> None:
    with translation.override("de"):
        assert [blocks(1, 300), blocks(3, 60), blocks(2, 90)] == ["1 × 5 Minuten", "3 × 1 Minute", "2 × 90 Sekunden"]


def test_receipts_by_reader(user: User, completed: Ride) -> None:
    """People read theirs in their language, as a page, as a PDF, and where a script asks for it."""
    User.objects.filter(pk=user.pk).update(language="de")
    address, browser = f"/ride/{completed.pk}/receipt", browser_of(user)
    page = text_of(browser.get(address))
    assert "Anfeuern, 1 × 5 Minuten Fällig 10,00 $" in page
    assert "Tarif 10 $ je angefangene 5 Minuten" in page
    label = browser.get(address, headers={"Accept": "application/json"}).json()["lines"][0]["label"]
    assert label == "Anfeuern, 1 × 5 Minuten"
    titles = [
        browser.get(f"{address}?format=pdf").content,
        browser.get(address, headers={"Accept": "application/pdf"}).content,
    ]
    assert all(b"(Rechnung " in pdf for pdf in titles)


def test_statuses_by_language() -> None:
    with translation.override("de"):
        assert payment_status("due") == "Fällig"
        assert str(RequestStatus.PENDING.label) == "Wir suchen einen Partner"
    assert payment_status("due") == "Due"


def test_scripts_get_their_texts(db: None) -> None:
    page = browser_of(None).get("/", headers={"Accept-Language": "de"}).content.decode()
    found = re.search(r'<script src="(/texts/de\.js\?\w+)" defer>', page)
    assert found
    answer = browser_of(None).get(found[1], headers={"Accept-Language": "es"})
    assert "immutable" in answer["Cache-Control"]
    assert "Bitte gib uns eine Telefonnummer" in answer.content.decode()
    assert "/texts/" not in browser_of(None).get("/").content.decode()
    assert browser_of(None).get("/texts/xx.js").status_code == 404


# ---------------------------------------------------------------- mails


def test_mails_are_in_the_readers_language(user: User) -> None:
    User.objects.filter(pk=user.pk).update(language="es")
    browser_of(None).post("/account/password/reset/", {"email": user.email}, headers={"Accept-Language": "de"})
    sent = mail.outbox[-1]
    assert sent.subject == "Una contraseña nueva"
    page = str(sent.alternatives[0][0])
    assert '<html lang="es">' in page
    assert re.search(r'<a href="http://testserver/account/password/reset/key/\S+"', page)


@pytest.mark.parametrize("decision", [Application.APPROVED, Application.REJECTED])
def test_a_decision_is_told(nyc: object, decision: str) -> None:
    applicant: Partner = make_applicant("Nora")
    EmailAddress.objects.filter(user=applicant.user).update(verified=True)
    User.objects.filter(pk=applicant.user_id).update(language="de")
    decide_application(applicant, decision, actor=None, now=timezone.now())
    (row,) = DeferredMail.objects.filter(kind="application_decision")
    send_mail(str(row.pk))
    sent = mail.outbox[-1]
    assert sent.to == ["nora@cast.test"]
    assert "Hallo Nora" in str(sent.body)
    assert "<!DOCTYPE html>" in str(sent.alternatives[0][0])


def test_a_decision_that_has_changed_meanwhile_is_not_told(nyc: object) -> None:
    applicant: Partner = make_applicant("Nora")
    EmailAddress.objects.filter(user=applicant.user).update(verified=True)
    for decision in (Application.APPROVED, Application.SUSPENDED):
        decide_application(applicant, decision, actor=None, now=timezone.now())
    for row in DeferredMail.objects.filter(kind="application_decision").order_by("created_at"):
        send_mail(str(row.pk))
    assert [sent.subject for sent in mail.outbox] == ["Your work as a partner is paused"]


def test_sign_in_works_in_every_language(user: User) -> None:
    for language in HEADLINE:
        client = browser_of(None)
        answer = client.post(
            SIGN_IN, {"login": user.email, "password": PASSWORD}, headers={"Accept-Language": language}, follow=True
        )
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("language", "heading"),
    [("en", "Two-step sign-in"), ("de", "Anmeldung in zwei Schritten"), ("es", "Inicio de sesión en dos pasos")],
)
def test_allauths_pages_speak_as_ours(language: str, heading: str, user: User) -> None:
    User.objects.filter(pk=user.pk).update(language=language)
    page = text_of(browser_of(user).get("/account/2fa/"))
    assert heading in page
    assert "Two-Factor" not in page
    assert "Security Keys" not in page
