"""Mails as pages: a heading, a first line for lists of mails, and buttons that say what they do."""

import re

from accounts.mails import compose

LINK = "http://testserver/account/email/confirm/x/"


def page_of(text: str) -> str:
    return str(compose("Welcome", text, to=["ada@cast.test"]).alternatives[0][0])


def buttons(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page)


def test_it_has_a_heading_and_a_first_line() -> None:
    page = page_of(f"Good to have you!\n\nConfirm my address:\n{LINK}\n\nThe SpeedyCheers team")
    assert re.search(r"<main.*<h1[^>]*>Welcome</h1>.*</main>", page, re.S)
    assert re.search(r'aria-hidden="true">Good to have you!</div>', page)


def test_a_button_says_what_it_does() -> None:
    assert buttons(page_of(f"Hello\n\nConfirm my address:\n{LINK}")) == [(LINK, "Confirm my address")]
    assert buttons(page_of(f"Hello\n\n{LINK}")) == [(LINK, "Open")]


def test_what_is_no_label_makes_no_button() -> None:
    for paragraph in (f"Two lines\nof text:\n{LINK}", f"No colon\n{LINK}", "Look here:\nhttp://evil.example/"):
        assert buttons(page_of(f"Hello\n\n{paragraph}")) == []
