"""Calls to addresses that strangers can influence: only public ones, as the resolver gave them once."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from core import outward, outward_connection
from core.tests import listeners
from core.tests.listeners import Listener, listening, post, resolving


@pytest.fixture
def inside(settings: Any) -> Any:
    """Loopback may be called."""
    settings.OUTWARD_PRIVATE = ["127.0.0.1"]
    return settings


def test_an_answer(inside: Any) -> None:
    with listening() as server:
        answer = post(server.url + "?a=%20b")
    assert (answer.status_code, answer.reason, answer.text) == (201, "Created", "ok")
    head, body = server.heads[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /x?a=%20b HTTP/1.1\r\n")
    assert (b"TTL: 1" in head, body) == (True, b"hello")


# ---------------------------------------------------------------- the address

FORMS_OF_LOOPBACK = [
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://127.0.1/x",
    "https://2130706433/x",
    "https://0177.0.0.1/x",
    "https://017700000001/x",
    "https://0x7f.0.0.1/x",
    "https://0x7f000001/x",
    "https://0X7F.1/x",
    "https://0/x",
    "https://0x/x",
    "https://127.0.0.1./x",
    "https://127.000.000.001/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[64:ff9b::7f00:1]/x",
    "https://[::]/x",
    "https://１２７.0.0.1/x",
    "https://127。0。0。1/x",
    "https://localhost/x",
    "https://localhost./x",
]


@pytest.mark.parametrize("url", FORMS_OF_LOOPBACK)
def test_no_form_of_loopback_is_an_address(url: str) -> None:
    with pytest.raises(outward.BadAddress):
        outward.check(url)


@pytest.mark.parametrize("url", FORMS_OF_LOOPBACK[1:])
def test_what_may_be_called_is_named_as_it_is_written(inside: Any, url: str) -> None:
    with pytest.raises(outward.BadAddress):
        outward.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "https://hooks.example:8443/x",
        "https://user@hooks.example/x",
        "https://@hooks.example/x",
        "https://hooks.example\\@127.0.0.1/x",
        "https://127.0.0.1\\.hooks.example/x",
        "https://hooks.example\t/x",
        "https://hooks.example/x\r\nX: y",
        "https://hooks.example/\x00",
        "https://hooks.example/a b",
        "https://hooks.example/ü",
        "https://hooks.example/#x",
        "https://hooks.example#@127.0.0.1/",
        "https://hooks.example/%",
        "https://hooks.example/%z1",
        "https://hooks%2eexample/",
        "https://hooks_1.example/",
        "https://hooks.example./",
        "https://hooks..example/",
        "https://-hooks.example/",
        "https://hooks/",
        "https://hooks.example:99999/",
        "https://hooks.example:/:x",
        "https:///x",
        "https:hooks.example",
        "hooks.example/x",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "",
        "https://hooks.example/" + "x" * 2048,
        "https://" + "a." * 130 + "example/",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(outward.BadAddress):
        outward.check(url)


def test_what_is_one() -> None:
    target = outward.check("https://Hooks.Example:443/a@b/%20?x=y@z", hosts=["example"])
    assert target == outward.Target("https", "hooks.example", 443, "/a@b/%20?x=y@z")
    assert outward.check("https://8.8.8.8/").host == "8.8.8.8"


@pytest.mark.parametrize("host", ["evilhooks.example", "hooks.example.evil.test", "example"])
def test_only_known_hosts_where_the_caller_knows_them(host: str) -> None:
    with pytest.raises(outward.BadAddress):
        outward.check(f"https://{host}/", hosts=["hooks.example"])


# ---------------------------------------------------------------- where it leads


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
    ],
)
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolving(monkeypatch, [address])
    monkeypatch.setattr(outward_connection, "dial", never)
    with pytest.raises(outward.Unreachable, match="PrivateAddress"):
        post("https://hooks.example/")


def never(*_: Any) -> Any:
    raise AssertionError("This address must not be dialled.")


def test_one_address_inside_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    monkeypatch.setattr(outward_connection, "dial", never)
    with pytest.raises(outward.Unreachable, match="PrivateAddress"):
        post("https://hooks.example/")


def test_public_addresses_are_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[Any] = []

    def note(addresses: list[str], port: int, _: Any) -> Any:
        dialled.append((addresses, port))
        raise ConnectionRefusedError

    resolving(monkeypatch, ["8.8.8.8", "2606:4700::1111", "8.8.8.8"])
    monkeypatch.setattr(outward_connection, "dial", note)
    with pytest.raises(outward.Unreachable):
        post("https://hooks.example/")
    assert dialled == [(["8.8.8.8", "2606:4700::1111"], 443)]


def secure(monkeypatch: pytest.MonkeyPatch, certificate: Path, server: Listener) -> None:
    """Trust the certificate, and take the server's port for that of https."""
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(outward_connection, "trust", lambda: context)
    monkeypatch.setattr(outward, "HTTPS_PORT", server.port)


def test_a_resolver_that_answers_differently_the_second_time_gains_nothing(
    inside: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = listeners.certificate_for("hooks.example", tmp_path)
    with listening(certificate=certificate) as server:
        resolver = resolving(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
        secure(monkeypatch, certificate, server)
        assert post(f"https://hooks.example:{server.port}/x").status_code == 201
    assert resolver.asked == ["hooks.example"]
    assert server.names == ["hooks.example"]  # the certificate was asked for, and checked, by the name
    assert b"Host: hooks.example" in server.heads[0]


def test_a_certificate_of_another_name_is_refused(inside: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate = listeners.certificate_for("other.example", tmp_path)
    with listening(certificate=certificate) as server:
        resolving(monkeypatch, ["127.0.0.1"])
        secure(monkeypatch, certificate, server)
        with pytest.raises(outward.Unreachable):
            post(f"https://hooks.example:{server.port}/x")
    assert server.heads == []


def test_a_certificate_of_nobody_known_is_refused(inside: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with listening(certificate=listeners.certificate_for("hooks.example", tmp_path)) as server:
        resolving(monkeypatch, ["127.0.0.1"])
        monkeypatch.setattr(outward, "HTTPS_PORT", server.port)
        with pytest.raises(outward.Unreachable):
            post(f"https://hooks.example:{server.port}/x")
    assert server.heads == []
