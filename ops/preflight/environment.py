"""Looks at the settings: mail, proxies, addresses, keys, static files, time zones. Nothing here needs the database."""

from collections.abc import Iterator
from email.utils import parseaddr
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.mail import get_connection
from django.http.request import validate_host

from notifications.push_service import keys as push_keys
from ops.preflight import Finding, error, ok, warning

# Domains that nobody can have (RFC 2606).
EXAMPLE_ENDINGS = (".test", ".example", ".invalid", ".localhost", "example.com", "example.net", "example.org")


def is_example(domain: str) -> bool:
    """Return whether a domain is one of those kept for examples."""
    return not domain or domain.endswith(EXAMPLE_ENDINGS)


def mail() -> Iterator[Finding]:
    """Look at the mail server, which must answer, and at the sender's address."""
    backend = settings.EMAIL_BACKEND.rpartition("backends.")[2].partition(".")[0]
    if backend == "dummy":
        yield warning(
            "mail",
            "EMAIL_URL=none: nobody gets a mail.",
            "Set EMAIL_URL, or nobody can confirm an address or reset a password.",
        )
        return
    connection = get_connection()
    try:
        connection.open()
        connection.close()
        yield ok("mail", f"The {backend} backend can be used.")
    except OSError as failure:  # smtplib's errors are among them
        yield error(
            "mail",
            f"The mail server takes no connection ({type(failure).__name__}).",
            "Check host, port, user and password in EMAIL_URL, and the way to it.",
        )
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    if is_example(domain):
        yield error(
            "sender",
            f"DEFAULT_FROM_EMAIL is at the example domain {domain!r}.",
            "Set an address of yours that may send.",
        )


def proxies() -> Iterator[Finding]:
    """Look at whether the program believes the proxy in front of it, and only as far as it should."""
    behind, hops = settings.SECURE_PROXY_SSL_HEADER is not None, settings.REST_FRAMEWORK["NUM_PROXIES"]
    if settings.SECURE_SSL_REDIRECT and not behind:
        yield error(
            "proxy",
            "Pages are redirected to TLS, and without BEHIND_PROXY every call looks as if it came without.",
            "Set BEHIND_PROXY=1 if a proxy ends TLS and sets X-Forwarded-Proto itself.",
        )
    elif behind and hops == 0:
        yield error(
            "proxy",
            "BEHIND_PROXY is set and NUM_PROXIES is 0: all callers share the proxy's address and its limits.",
            "Set NUM_PROXIES to the number of proxies that add to X-Forwarded-For, usually 1.",
        )
    else:
        yield ok("proxy", f"NUM_PROXIES is {hops}, BEHIND_PROXY {int(behind)}.")


def addresses() -> Iterator[Finding]:
    """Look at the names of the site and at the address in its mails."""
    site = urlsplit(settings.SITE_URL)
    if site.scheme != "https" or not validate_host(site.hostname or "", settings.ALLOWED_HOSTS):
        yield error(
            "addresses",
            f"SITE_URL ({settings.SITE_URL}) is no https address at one of ALLOWED_HOSTS.",
            "Links in mails lead there: set SITE_URL=https:// and one of ALLOWED_HOSTS.",
        )
    else:
        yield ok("addresses", f"Mails link to {settings.SITE_URL}.")
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if not origin.startswith("https://"):
            yield error("addresses", f"TRUSTED_ORIGINS has {origin}, without TLS.", "Name https:// origins only.")


def keys() -> Iterator[Finding]:
    """Look at the keys of web pushes and of the payment provider."""
    if not settings.VAPID_PRIVATE_KEY:
        yield warning(
            "web push", "VAPID_PRIVATE_KEY is not set.", "Nothing is pushed; docs/production.md has how to make one."
        )
    else:
        push_keys()
        subject = settings.VAPID_SUBJECT.removeprefix("mailto:")
        if is_example(subject.rpartition("@")[2] if "@" in subject else urlsplit(subject).hostname or ""):
            yield error(
                "web push", "VAPID_SUBJECT is the example's.", "Set VAPID_SUBJECT=mailto: and an address that you read."
            )
        else:
            yield ok("web push", "The key can be used.")
    if settings.STRIPE_SECRET_KEY and not settings.STRIPE_WEBHOOK_SECRET:
        yield error(
            "payments",
            "STRIPE_SECRET_KEY is set and STRIPE_WEBHOOK_SECRET is not: no payment would ever be confirmed.",
            "Set the secret of the webhook's endpoint.",
        )
    elif settings.STRIPE_CONNECT and settings.STRIPE_SECRET_KEY and not settings.STRIPE_CONNECT_WEBHOOK_SECRET:
        yield error(
            "payouts",
            "STRIPE_CONNECT is set and STRIPE_CONNECT_WEBHOOK_SECRET is not: partners become ready a day late.",
            "Set the secret of the endpoint for connected accounts; docs/production.md has its events.",
        )
    elif set(settings.STRIPE_WEBHOOK_SECRET) & set(settings.STRIPE_CONNECT_WEBHOOK_SECRET):
        yield error(
            "payouts",
            "STRIPE_WEBHOOK_SECRET and STRIPE_CONNECT_WEBHOOK_SECRET have a secret in common.",
            "Each endpoint has a secret of its own: copy the second one from the endpoint for connected accounts.",
        )
    elif settings.STRIPE_SECRET_KEY.startswith(("sk_test", "rk_test")):
        yield warning("payments", "STRIPE_SECRET_KEY is a test key.", "Real cards need the live key.")


def static_files() -> Iterator[Finding]:
    """Look at whether the pages' files are collected."""
    if getattr(staticfiles_storage, "hashed_files", None):
        yield ok("static files", f"They are in {settings.STATIC_ROOT}.")
    else:
        yield error(
            "static files", f"{settings.STATIC_ROOT} has no collected files.", "Run manage.py collectstatic --noinput."
        )


def time_zones() -> Iterator[Finding]:
    """Look at whether the machine, or the tzdata package, knows time zones."""
    try:
        ZoneInfo("America/New_York")
        yield ok("time zones", "Their data is there.")
    except ZoneInfoNotFoundError:
        yield error("time zones", "No time zone data is installed.", "Install the system's tzdata package.")


CHECKS = (mail, proxies, addresses, keys, static_files, time_zones)
