"""The mails that were sent in development, which leave no machine: `/dev/mail`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

from csp.decorators import csp_replace
from django.conf import settings
from django.core import mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SHOWN_MAX = 50
RULE = b"-" * 79 + b"\n"  # Django's line after each mail of a file
FILES = "django.core.mail.backends.filebased.EmailBackend"
MEMORY = "django.core.mail.backends.locmem.EmailBackend"
# Mails have their styles in them; nothing else of a mail may load or run.
AS_MAIL_PROGRAMS = {
    **dict.fromkeys(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]),
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'none'"],
}


@dataclass(frozen=True)
class SentMail:
    """One mail. `key` names it in addresses; `page` is its HTML, or empty."""

    key: str
    subject: str
    to: str
    sent_at: datetime | None
    text: str
    page: str


def mails_are_shown() -> bool:
    """Whether this is development, and its mails stay on this machine."""
    return settings.DEBUG and settings.EMAIL_BACKEND in (FILES, MEMORY)


def sent_mails() -> list[SentMail]:
    """Return the newest mails, newest first."""
    found = _in_memory() if settings.EMAIL_BACKEND == MEMORY else _in_files(_folder())
    return [mail for mail, _ in zip(found, range(SHOWN_MAX), strict=False)]


def _folder() -> Path:
    return Path(settings.EMAIL_FILE_PATH)  # type: ignore[misc]  # EMAIL_URL sets it


def _in_memory() -> Iterator[SentMail]:
    for number, sent in reversed(list(enumerate(getattr(mail, "outbox", [])))):
        yield _read(str(number), sent.message().as_bytes())


def _in_files(folder: Path) -> Iterator[SentMail]:
    """Yield the mails of a folder. A file has those that were sent together."""
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in files:
        mails = file.read_bytes().split(RULE)[:-1]
        for number, content in reversed(list(enumerate(mails))):
            yield _read(f"{file.stem}-{number}", content)


def _read(key: str, content: bytes) -> SentMail:
    message = message_from_bytes(content, policy=policy.default)
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    return SentMail(
        key,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        sent_at=parsedate_to_datetime(message["Date"]) if message["Date"] else None,
        text=text.get_content() if text else "",
        page=page.get_content() if page else "",
    )


@require_safe
@never_cache
def mails(request: HttpRequest) -> HttpResponse:
    """List the mails that were sent. Not found in production, or where mails leave the machine."""
    if not mails_are_shown():
        raise Http404
    return render(request, "web/sent_mails.html", {"mails": sent_mails()})


@require_safe
@never_cache
@csp_replace(AS_MAIL_PROGRAMS)  # type: ignore[arg-type]  # it takes a view of any arguments
def mail_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one mail as a mail program does."""
    found = [sent for sent in sent_mails() if sent.key == key and sent.page] if mails_are_shown() else []
    if not found:
        raise Http404
    return HttpResponse(found[0].page)
