"""Names have no part that mail programs would make a link of."""

import pytest
from django.core.exceptions import ValidationError

from core.texts import check_name, unlinked

NAMES = [
    "St.John",
    "J.R. Smith",
    "Dr. Who",
    "Mary Ann",
    "O'Neil",
    "José.María",
    "Jr.",
    "B.SMITH",
    "Ph.D.",
    "No. 5",
    "1.5",
]
LINKS = [
    "evil.example",
    "Evil.COM",
    "t.co",
    "http://x",
    "ftp://evil",
    "www.evil",
    "WWW.evil",
    "a@b.co",
    "evil。com",
    "evil.example/?x=1",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept(name: str) -> None:
    check_name(name)
    assert unlinked(name) == name


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_refused_in_a_name_and_left_out_of_mails(link: str) -> None:
    for text in (link, f"you won, see {link} now", f"({link})"):
        with pytest.raises(ValidationError):
            check_name(text)
        assert link not in unlinked(text)
    assert unlinked(f"see {link} now") == "see … now"


@pytest.mark.parametrize("piece", ["x", ".x", "x.", "w", "a.B", "@ ", ":", ":/"])
def test_a_very_long_text_is_looked_through_once(piece: str) -> None:
    """A search that began anew at each character took minutes for this."""
    text = piece * (200_000 // len(piece))
    check_name(text)
    assert unlinked(text) == text
