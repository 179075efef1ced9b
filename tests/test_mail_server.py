"""The mail server of the drill: what it takes, refuses, and takes without saying so."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from testbed.mail_server import MailServer, mail_server


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def server(running: MailServer) -> MailServer:
    running.received.clear()
    running.refuses = running.hangs_up = False
    return running


def send(server: MailServer) -> None:
    message = EmailMessage()
    message["Subject"], message["Message-ID"] = "Grüße", "<one@example.test>"
    message.set_content("A word.\n")
    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
        client.send_message(message, "from@example.test", ["to@example.test"])


def test_it_keeps_a_mail(server: MailServer) -> None:
    send(server)
    [mail] = server.received
    assert (mail.to, mail.message["Message-ID"]) == (("to@example.test",), "<one@example.test>")
    assert mail.text == "Grüße\nA word.\n"


def test_it_refuses_one(server: MailServer) -> None:
    server.refuses = True
    with pytest.raises(smtplib.SMTPDataError):
        send(server)
    assert server.received == []


def test_it_takes_one_and_hangs_up(server: MailServer) -> None:
    server.hangs_up = True
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(server)
    assert len(server.received) == 1


def test_it_is_away_and_back_at_the_same_address() -> None:
    with mail_server() as server:
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            send(server)
        server.start()
        send(server)
        assert len(server.received) == 1
