"""The defaults of production, with nothing but the key and the hosts set."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from testbed.processes import BASE

PRODUCTION = {
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "cheers.example",
    "BEHIND_PROXY": "1",
    "EMAIL_URL": "none",
}
ASK = """
import json
import django
django.setup()
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string
client = Client(headers={"host": "cheers.example"})
forwarded = Client(headers={"host": "cheers.example", "x-forwarded-proto": "https"})
answers = {
    "plain": client.get("/robots.txt"),
    "plain health": client.get("/healthz"),
    "secure": forwarded.get("/healthz"),
}
if settings.SECURE_SSL_REDIRECT:  # else these need a database
    answers |= {
        "plain login": client.post("/login", "{}", content_type="application/json"),
        "plain call": client.get("/me", headers={"authorization": "Bearer secret"}),
        "plain form": client.post("/account/login/", headers={"accept": "text/html"}),
    }
print(json.dumps({
    "cookies": [
        settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME,
        import_string(settings.MESSAGE_STORAGE).storage_classes[0].cookie_name, settings.THEME_COOKIE_NAME,
    ],
    "secure cookies": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.LANGUAGE_COOKIE_SECURE],
    "domain or path": [settings.SESSION_COOKIE_DOMAIN, settings.CSRF_COOKIE_DOMAIN, settings.SESSION_COOKIE_PATH],
    **{name: [answer.status_code, dict(answer.headers)] for name, answer in answers.items()},
}))
"""


def production(*command: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of Python with production's settings."""
    env = {"PATH": os.environ["PATH"], "SPEEDYCHEERS_DATA": str(folder), **PRODUCTION, **settings}
    env["DJANGO_SETTINGS_MODULE"] = "speedycheers.settings"
    run = subprocess.run(
        [sys.executable, *command], cwd=BASE, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answers of a production without a database to a browser."""
    answers: dict[str, Any] = json.loads(production("-c", ASK, folder=tmp_path_factory.mktemp("var")).stdout)
    return answers


def test_check_deploy_has_nothing_to_say_and_silences_three_lines_only(tmp_path: Path) -> None:
    run = production("manage.py", "check", "--deploy", "--fail-level", "WARNING", folder=tmp_path)
    assert run.stdout.strip() == "System check identified no issues (3 silenced)."
    assert "WARNINGS" not in run.stderr


def test_without_tls_everything_but_the_probes_is_sent_to_https(seen: dict[str, Any]) -> None:
    status, headers = seen["plain"]
    assert (status, headers["Location"]) == (301, "https://cheers.example/robots.txt")
    assert seen["plain health"][0] == 200


def test_without_tls_programs_are_told_so_instead_of_redirected(seen: dict[str, Any]) -> None:
    for name in ("plain login", "plain call"):
        status, headers = seen[name]
        assert (status, headers["Content-Type"], headers["Cache-Control"]) == (403, "application/json", "no-store")
        assert "Location" not in headers
    assert seen["plain form"][0] == 301


def test_browsers_insist_on_tls_for_a_year(seen: dict[str, Any]) -> None:
    status, headers = seen["secure"]
    assert status == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_cookies_belong_to_this_host_alone(seen: dict[str, Any]) -> None:
    names = ["sessionid", "csrftoken", "django_language", "messages", "theme"]
    assert seen["cookies"] == [f"__Host-{name}" for name in names]
    assert seen["secure cookies"] == [True, True, True]
    assert seen["domain or path"] == [None, None, "/"]


def test_a_trial_without_tls_takes_one_switch(tmp_path: Path) -> None:
    answers = json.loads(production("-c", ASK, folder=tmp_path, SECURE_COOKIES="0", BEHIND_PROXY="0").stdout)
    assert answers["cookies"] == ["sessionid", "csrftoken", "django_language", "messages", "theme"]
    assert answers["plain"][0] != 301
    assert "Strict-Transport-Security" not in answers["plain health"][1]
