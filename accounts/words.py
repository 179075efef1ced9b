"""The words to users who have no page open (notifications/words.py): their texts, and whether they are wanted.

A word is sent in the account's language, unless its user does not want that kind by then, or a later state has
overtaken it. It shows on locked screens, so it has no name, place or amount.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User
from accounts.selectors import has_confirmed_address, notification_settings_of, told
from core import clock
from notifications.models import DeferredPush
from notifications.push_kinds import PushKind, register
from notifications.words import PUSH_KIND, WordKind

MAIL = "word_"  # the beginning of the name of a kind of mail
BY_MAIL = [kind for kind in WordKind if kind != WordKind.OVER]
TEXTS = {
    WordKind.COMING: (gettext_noop("A partner is on the way"), gettext_noop("See how far they are.")),
    WordKind.ARRIVED: (gettext_noop("Your partner has arrived"), gettext_noop("They are where you asked for them.")),
    WordKind.NO_MATCH: (
        gettext_noop("Nobody could be found"),
        gettext_noop("You pay nothing for this. You can ask again."),
    ),
    WordKind.OVER: (gettext_noop("Your cheer is over"), gettext_noop("Your receipt is there.")),
    WordKind.PAYMENT: (
        gettext_noop("A payment needs you"),
        gettext_noop("Your card was not charged. See what to do."),
    ),
    WordKind.MESSAGE: (gettext_noop("A message from your partner"), gettext_noop("Open the page to read it.")),
}
Page = Callable[[UUID], str | None]
_pages: dict[WordKind, Page] = {}


def word_page(kind: WordKind) -> Callable[[Page], Page]:
    """Register the function that finds the page of a word by what it is about; None if it has been overtaken."""

    def register_page(find: Page) -> Page:
        _pages[kind] = find
        return find

    return register_page


def _text(kind: WordKind, user: User) -> tuple[str, str]:
    """Return the title and the sentence of a word, in the user's language."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        title, sentence = TEXTS[kind]
        return gettext(title), gettext(sentence)


def _wanted(user: User, setting: str) -> bool:
    return user.is_active and bool(getattr(notification_settings_of(user), setting))


def _wanted_by_mail(user: User, kind: WordKind) -> bool:
    return kind in BY_MAIL and _wanted(user, f"email_{kind}") and has_confirmed_address(user)


def _read(push: DeferredPush) -> tuple[User, WordKind, UUID]:
    return told(UUID(push.recipient.partition(":")[2])), WordKind(push.payload["kind"]), UUID(push.payload["about"])


class Words(PushKind):
    """Words as web pushes, and as e-mails if no device takes them."""

    def wanted(self, push: DeferredPush) -> bool:
        user, kind, _ = _read(push)
        return _wanted(user, f"push_{kind}")

    def compose(self, push: DeferredPush) -> dict[str, Any] | None:
        user, kind, about = _read(push)
        page = _pages[kind](about)
        if page is None or not _wanted(user, f"push_{kind}"):
            return None
        title, body = _text(kind, user)
        return {"type": PUSH_KIND, "kind": kind, "tag": push.topic, "url": page, "title": title, "body": body}

    def otherwise(self, push: DeferredPush, *, at: datetime) -> bool:
        if WordKind(push.payload["kind"]) not in BY_MAIL:
            return False  # found out without a read
        user, kind, about = _read(push)
        if not _wanted_by_mail(user, kind):
            return False
        mail_later(MAIL + kind, user, about=about, seq=push.seq, due_at=at, until=push.until, now=min(at, clock.now()))
        return True


register(PUSH_KIND, Words())


def _mail(mail: DeferredMail) -> EmailMultiAlternatives | None:
    kind = WordKind(mail.kind.removeprefix(MAIL))
    page = _pages[kind](UUID(mail.about))
    if page is None or not _wanted_by_mail(mail.user, kind):
        return None
    title, body = _text(kind, mail.user)
    return message_to(mail.user, "account/email/word", {"title": title, "body": body, "page": settings.SITE_URL + page})


for _kind in BY_MAIL:
    mail_kind(MAIL + _kind)(_mail)
