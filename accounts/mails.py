"""Mails: one text each, in the reader's language, sent as plain text and as HTML in the pages' design."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.http.request import validate_host
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User

ADDRESS = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?(?:[/?]\S*)?", re.ASCII)


def message_to(
    user: User, template: str, context: Mapping[str, Any], *, to: str = "", headers: dict[str, str] | None = None
) -> EmailMultiAlternatives:
    """Compose a mail from `<template>_subject.txt` and `<template>_message.txt`, in the account's language.

    It goes to the account's own address unless `to` names another one.
    """
    with translation.override(user.language or settings.LANGUAGE_CODE):
        values = {"user": user, **context}
        subject = " ".join(render_to_string(f"{template}_subject.txt", values).split())
        text = render_to_string(f"{template}_message.txt", values)
        return compose(subject, text, to=[to or user.email], headers=headers)


def compose(subject: str, text: str, *, to: list[str], headers: dict[str, str] | None = None) -> EmailMultiAlternatives:
    """Compose a mail. Empty lines separate paragraphs.

    A paragraph that is only one of our URLs becomes a button; a line before it, with a colon, is the button's label.
    """
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    mail = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, to, headers=headers)
    parts = [_part(paragraph) for paragraph in text.strip().split("\n\n")]
    page = render_to_string(
        "email/message.html", {"subject": subject, "preview": parts[0].get("text", ""), "parts": parts}
    )
    mail.attach_alternative(page, "text/html")
    return mail


def _part(paragraph: str) -> dict[str, str]:
    """Return a paragraph's `text`, or the `label` (perhaps empty) and `url` of a button."""
    label, _, url = paragraph.rpartition("\n")
    is_labelled = "\n" not in label and (label.endswith(":") or not label)
    return {"label": label[:-1], "url": url} if is_labelled and _is_ours(url) else {"text": paragraph}


def _is_ours(paragraph: str) -> bool:
    """Return whether a paragraph is an address of this site; what strangers write never becomes a button."""
    found = ADDRESS.fullmatch(paragraph)
    site = ADDRESS.match(settings.SITE_URL)
    if found is None:
        return False
    return found["host"] == (site and site["host"]) or validate_host(found["host"], settings.ALLOWED_HOSTS)
