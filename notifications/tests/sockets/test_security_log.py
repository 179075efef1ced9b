"""The security log tells of sockets that are refused, and of input that they refuse."""

import pytest

from accounts.models import Partner, User
from core.security_log import pseudonym
from notifications.tests.sockets.client import PARTNER, Socket, aside
from tests.cast import token_of
from tests.test_security_log import Lines, lines

__all__ = ["lines"]  # a fixture
pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_wrong_role_at_a_socket_leaves_a_line(user: User, lines: Lines) -> None:
    assert await Socket(PARTNER, await aside(token_of)(user)).refused() == 4403
    assert ('"code":"4403"' in lines.texts[0], pseudonym(user.pk) in lines.texts[0]) == (True, True)


async def test_a_refused_frame_leaves_a_line(partner: Partner, lines: Lines) -> None:
    socket = Socket(PARTNER, await aside(token_of)(partner.user))
    await socket.open()
    await socket.send(type="location", lat="my flat", lng=1)
    refused = await socket.next()
    line = await aside(lines.one)("frame")
    assert (line["outcome"], line["account"]) == ("refused", pseudonym(partner.user_id))
    assert line["fields"] == [f"{error['attr']}:{error['code']}" for error in refused["errors"]] != []
    assert "flat" not in "".join(lines.texts)
    await socket.leave()
