"""Reasons for which the program refuses to start: settings that would open it to strangers."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

KEY_MIN_CHARS = 50
KEY_MIN_DISTINCT_CHARS = 10
NO_MAIL = "none"  # the value of EMAIL_URL that sends and prints nothing
NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(64))'"


def refusal(
    *, debug: bool, host: str, secret_key: str, known_keys: Sequence[str], allowed_hosts: Sequence[str]
) -> str | None:
    """Return one sentence that says why these settings are refused, or None if they are safe.

    Args:
        debug: whether the program runs in development.
        host: the address that our own server listens on.
        secret_key: the key from the environment; empty if the environment has none.
        known_keys: those of the earlier keys that everybody can read.
        allowed_hosts: the host names of the site.
    """
    if debug:
        return None if is_loopback(host) else f"With DEBUG on, HOST is a loopback address, not {host!r}."
    if not secret_key:
        return (
            "DEBUG is off, and production has no default SECRET_KEY: set one of at least "
            f"{KEY_MIN_CHARS} characters ({NEW_KEY}), or DEBUG=1 for development, as `make run` does."
        )
    if weakness := weakness_of_key(secret_key):
        return f"SECRET_KEY {weakness}: make a random one with {NEW_KEY}."
    if known_keys:
        return "SECRET_KEY_FALLBACKS names the key of development, which everybody knows."
    if not allowed_hosts:
        return "DEBUG is off, and production has no default ALLOWED_HOSTS: set the host names of the site."
    if any("*" in name for name in allowed_hosts):
        return "ALLOWED_HOSTS has a *, which lets strangers choose the host in our links: name the hosts of the site."
    return None


def weakness_of_key(key: str) -> str | None:
    """Return what makes a key guessable, or None."""
    if len(key) < KEY_MIN_CHARS:
        return f"has {len(key)} characters instead of at least {KEY_MIN_CHARS}"
    if len(set(key)) < KEY_MIN_DISTINCT_CHARS:
        return f"has fewer than {KEY_MIN_DISTINCT_CHARS} different characters"
    if key in (key + key)[1:-1]:
        return "repeats itself"
    return None


def mail_refusal(url: str, *, debug: bool) -> str | None:
    """Return why production refuses this EMAIL_URL, or None: links that reset passwords must not be in a log."""
    if debug or url == NO_MAIL:
        return None
    if not url:
        return (
            "DEBUG is off, and production has no default EMAIL_URL: set smtp+tls://user:password@host:587, or "
            f"EMAIL_URL={NO_MAIL} to send no mails."
        )
    if url.startswith("consolemail:"):
        return "EMAIL_URL prints mails, and links in them that reset passwords, into the log: name a mail server."
    return None


def mail_is_readable(config: Mapping[str, Any]) -> bool:
    """Return whether others on the way to the mail server can read the mails, by the settings of Django's backend."""
    if not str(config["EMAIL_BACKEND"]).endswith(".smtp.EmailBackend"):
        return False
    is_encrypted = config.get("EMAIL_USE_TLS") or config.get("EMAIL_USE_SSL")
    return not is_encrypted and not is_loopback(config.get("EMAIL_HOST") or "localhost")


def is_loopback(host: str) -> bool:
    """Return whether only programs on this machine reach a server that listens on this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
