"""Starts that are refused: development within reach of strangers, and production with guessable settings."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from environ import Env

from speedycheers.settings.refusals import is_loopback, mail_is_readable, refusal, weakness_of_key
from testbed.processes import BASE

EVERYWHERE = "0.0.0.0"  # noqa: S104 - refused, not bound
KEY = secrets.token_urlsafe(64)
PRODUCTION = {"SECRET_KEY": KEY, "ALLOWED_HOSTS": "cheers.example", "EMAIL_URL": "none"}
LOAD = [sys.executable, "-c", "import speedycheers.settings"]
SERVE = [sys.executable, "-c", "import speedycheers.wsgi"]


def run(command: list[str], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that has these settings only."""
    env = {"PATH": os.environ["PATH"], "SPEEDYCHEERS_DATA": str(folder), **settings}
    return subprocess.run(command, cwd=BASE, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_a_forgotten_debug_is_production_without_a_key_and_does_not_start(tmp_path: Path) -> None:
    for command in (LOAD, SERVE, [sys.executable, "manage.py", "check"], [sys.executable, "-m", "speedycheers"]):
        ran = run(command, tmp_path)
        assert ran.returncode != 0
        assert "production has no default SECRET_KEY" in ran.stderr
        assert "DEBUG=1" in ran.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secret_key": ""}, "no default SECRET_KEY"),
        ({"secret_key": "x"}, "SECRET_KEY has 1 characters instead of at least 50"),
        ({"secret_key": "x" * 64}, "SECRET_KEY has fewer than 10 different characters"),
        ({"secret_key": "abcdefghijkl" * 6}, "SECRET_KEY repeats itself"),
        ({"known_keys": ["development"]}, "which everybody knows"),
        ({"allowed_hosts": []}, "no default ALLOWED_HOSTS"),
        ({"allowed_hosts": ["*"]}, "ALLOWED_HOSTS has a *"),
        ({"allowed_hosts": ["cheers.example", "*"]}, "ALLOWED_HOSTS has a *"),
    ],
)
def test_guessable_settings_of_production_are_refused(wrong: dict[str, Any], said: str) -> None:
    good: dict[str, Any] = {"secret_key": KEY, "known_keys": [], "allowed_hosts": ["cheers.example"]}
    assert refusal(debug=False, host=EVERYWHERE, **good) is None
    assert said in str(refusal(debug=False, host=EVERYWHERE, **{**good, **wrong}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "development-only-never-used-when-DEBUG-is-off"),
        ("SECRET_KEY_FALLBACKS", "development-only-never-used-when-DEBUG-is-off"),
        ("ALLOWED_HOSTS", "*"),
        ("EMAIL_URL", "smtp://user:password@mail.example:587"),
        ("EMAIL_URL", "consolemail://"),
        ("EMAIL_URL", ""),
    ],
)
def test_the_environment_is_looked_at(name: str, value: str, tmp_path: Path) -> None:
    ran = run(LOAD, tmp_path, **{**PRODUCTION, name: value})
    assert ran.returncode != 0
    assert name in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "readable"),
    [
        ("smtp://user:password@mail.example:587", True),
        ("smtp+tls://user:password@mail.example:587", False),
        ("smtp+ssl://user:password@mail.example:465", False),
        ("smtp://localhost:25", False),
        ("consolemail://", False),
    ],
)
def test_mails_travel_encrypted(url: str, readable: bool) -> None:
    assert mail_is_readable(Env.email_url_config(url)) is readable


def test_links_that_reset_passwords_are_never_printed(tmp_path: Path) -> None:
    """Without a mail server nothing is sent, and nothing is written anywhere instead."""
    send = (
        "import django; django.setup(); from django.core.mail import send_mail; "
        "send_mail('subject', 'https://cheers.example/reset/secret-link', None, ['ann@cheers.example'])"
    )
    ran = run([sys.executable, "-c", send], tmp_path, **PRODUCTION, DJANGO_SETTINGS_MODULE="speedycheers.settings")
    assert ran.returncode == 0, ran.stderr
    assert "secret-link" not in ran.stdout + ran.stderr
    written = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text for text in written if "secret-link" in text]


def test_a_refused_key_is_not_printed(tmp_path: Path) -> None:
    weak = "a-key-of-somebody-that-is-too-short"
    assert weak not in run(LOAD, tmp_path, **{**PRODUCTION, "SECRET_KEY": weak}).stderr


def test_production_starts_with_its_own_values(tmp_path: Path) -> None:
    assert run(SERVE, tmp_path, **PRODUCTION).returncode == 0


def test_development_is_not_served_to_other_machines(tmp_path: Path) -> None:
    ran = run(LOAD, tmp_path, DEBUG="1", HOST=EVERYWHERE)
    assert ran.returncode != 0
    assert "With DEBUG on, HOST is a loopback address" in ran.stderr


def test_development_is_served_by_our_own_server_only(tmp_path: Path) -> None:
    ran = run(SERVE, tmp_path, DEBUG="1")
    assert ran.returncode != 0
    assert "With DEBUG on, only the program's own server serves" in ran.stderr


def test_the_commands_that_write_sources_need_no_settings(tmp_path: Path) -> None:
    ran = run([sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"], tmp_path)
    assert ran.returncode == 0, ran.stderr


def test_random_keys_of_the_usual_kinds_are_strong() -> None:
    for key in (secrets.token_urlsafe(40), secrets.token_hex(32)):
        assert weakness_of_key(key) is None


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.0.1", "::1", "localhost")))
    assert not any(map(is_loopback, (EVERYWHERE, "", "::", "192.168.1.2", "cheers.example", "127.0.0.1.example")))
