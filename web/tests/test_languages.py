"""English, Spanish, German: the catalogues are whole, and everybody is spoken to in their language."""

import gettext
import re
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from babel.messages.jslexer import tokenize
from django.conf import settings
from django.core import mail
from django.utils import timezone, translation
from rest_framework.test import APIClient

from accounts.applications import decide_application
from accounts.models import DeferredMail, Partner, User
from accounts.states import Application
from accounts.tasks import send_mail
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import PASSWORD, assert_refused, fresh, make_applicant
from web import catalogues
from web.templatetags.cheers import minutes, money, payment_status, price, when
from web.tests.browse import SIGN_IN, browser_of, text_of

CATALOGUES = [(language, domain) for language in catalogues.LANGUAGES for domain in catalogues.SOURCES]
HEADLINE = {
    "en": "Somebody comes and cheers for you. Now.",
    "es": "Alguien viene y te anima. Ahora.",
    "de": "Jemand kommt und feuert dich an. Jetzt.",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|</?\w+[^>]*>")

TEMPLATES = settings.BASE_DIR / "templates"
NAMES = {"SpeedyCheers", "API", "PDF", "CSV", "UTC"}
NO_TEXT = re.compile(
    r"{% block (?:main|body)_class %}.*?endblock %}|"
    r"{%\s*blocktranslate.*?endblocktranslate\s*%}|{#.*?#}|{%.*?%}|{{.*?}}",
    re.S,
)
SCRIPTS = settings.BASE_DIR / "static" / "js"
# A word with a capital before a space, a stop or the end, or three words in a row.
SENTENCE = re.compile(r"^[A-Z][a-z]+(?:['\u2019]\w+)?(?:[ ,.:;!?\u2026]|$)|\b[a-z]{2,} [a-z]+ [a-z]{2,}\b")
NOT_SHOWN = {"gettext", "ngettext", "Error", "console.info", "console.warn", "console.error"}
NO_SENTENCES = {"Bearer ", "Enter", "Escape", "Leaflet", "Notification", "Polygon", "no geolocation here"}
VALUE = re.compile(r"\$\{.*?\}")
SPOKEN = re.compile(r'\b(?:alt|aria-label|placeholder|title)="([^"]*)"')


# ---------------------------------------------------------------- the catalogues


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_every_text_is_there_and_translated(language: str, domain: str) -> None:
    """`make messages` gathers the texts; translating them is the rest."""
    held = {message.id for message in catalogues.read(language, domain) if message.id}
    now = {message.id for message in catalogues.extracted(domain) if message.id}
    assert held == now, "run `make messages`"
    assert catalogues.untranslated(catalogues.read(language, domain)) == []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_the_compiled_files_are_those_of_the_catalogues(language: str, domain: str, tmp_path: Path) -> None:
    compiled = tmp_path / "now.mo"
    compiled.write_bytes(catalogues.mo_bytes(catalogues.read(language, domain)))
    texts = []
    for path in (compiled, catalogues.path_of(language, domain, "mo")):
        with path.open("rb") as file:
            texts.append({key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key})
    assert texts[0] == texts[1], "run `make messages`"


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_translations_have_the_gaps_of_their_texts(language: str, domain: str) -> None:
    for message in catalogues.read(language, domain):
        if message.id:
            ids = message.id if isinstance(message.id, tuple | list) else [message.id]
            strings = message.string if isinstance(message.string, tuple | list) else [message.string]
            wanted = sorted(PLACEHOLDER.findall(ids[-1]))
            assert sorted(PLACEHOLDER.findall(strings[-1])) == wanted, message.id


def page_templates() -> list[str]:
    names = (str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
    return sorted(name for name in names if not name.startswith("admin/"))


@pytest.mark.parametrize("name", page_templates())
def test_no_template_speaks_english_only(name: str) -> None:
    source = NO_TEXT.sub(" ", (TEMPLATES / name).read_text())
    spoken = [*SPOKEN.findall(source), re.sub(r"<style.*?</style>|<[^>]*>|&\w+;", " ", source, flags=re.S)]
    words = set(re.findall(r"[A-Za-z]{2,}", " ".join(spoken))) - NAMES
    assert not words, f"{name}: {words}"


def unmarked(source: str) -> set[str]:
    """What reads like a sentence in a script, and is in no call that translates it or keeps it from people."""
    found, calls, previous = set(), [], ""
    for token in tokenize(source, jsx=False):
        if token.value == "(":
            calls.append(previous)
        elif token.value == ")":
            calls.pop()
        elif token.type in ("string", "template_string") and not NOT_SHOWN.intersection(calls):
            found.add(VALUE.sub("", token.value[1:-1]))
        previous = token.value
    return {text for text in found - NO_SENTENCES if SENTENCE.search(text)}


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.js")))
def test_no_script_speaks_english_only(name: str) -> None:
    assert not unmarked((SCRIPTS / name).read_text())


def test_an_unmarked_sentence_is_found() -> None:
    assert unmarked('text($("#a"), "Somebody comes."); say(gettext("Now."), `It costs ${money(fee)}.`)') == {
        "Somebody comes.",
        "It costs .",
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
