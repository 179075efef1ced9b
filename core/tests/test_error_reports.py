"""Reports of errors: what Sentry is told, and what it is never told."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli
import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from core import error_reports
from core.error_reports import ErrorReports
from core.log_context import bound

SECRETS = ("ann@cast.test", "203.0.113.77", "40.758012", "Ann, Example!", "3f9a" * 16, "ticket=abc")
Told = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def sentry() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that takes reports: its DSN, and the bodies that it has got."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(brotli.decompress(body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_port}/7", bodies
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("some.part")
    logger.propagate = False
    yield logger
    for handler in list(logger.handlers):
        handler.close()
        logger.removeHandler(handler)


@pytest.fixture
def told(sentry: tuple[str, list[bytes]], logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The reports that Sentry received from a process that has logged and ended."""
    monkeypatch.setattr(error_reports, "ENDS_WITHIN_S", 60.0)
    dsn, bodies = sentry
    handler = ErrorReports(dsn, "testing", "worker")
    logger.addHandler(handler)

    def ended() -> list[dict[str, Any]]:
        handler.close()
        # An envelope has a line about itself, then for each item a line about it and the item.
        return [json.loads(line) for body in bodies for line in body.split(b"\n")[2::2] if line]

    return ended


def fail(logger: logging.Logger, secret: str) -> None:
    query: HttpRequest = RequestFactory().get("/where", {"q": secret}, headers={"Cookie": secret})
    try:
        raise ValueError(f"Key (name)=({secret}) of {query} already exists")
    except ValueError:
        logger.exception("no answer for %s", secret)


def test_an_error_is_reported_with_its_kind_its_place_and_the_ids(logger: logging.Logger, told: Told) -> None:
    with bound(request="0123456789abcdef", task="t1"):
        fail(logger, "ann@cast.test")
    (report,) = told()
    assert (report["level"], report["logger"], report["environment"]) == ("error", "some.part", "testing")
    assert report["logentry"]["formatted"] == "no answer for ?"
    assert report["tags"] == {"process": "worker", "request": "0123456789abcdef", "task": "t1"}
    (error,) = report["exception"]["values"]
    assert error["type"] == "ValueError"
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert error["stacktrace"]["frames"][-1]["filename"] == "tests/test_error_reports.py"


@pytest.mark.parametrize("secret", SECRETS)
def test_a_report_shows_nobody(secret: str, logger: logging.Logger, sentry: Any, told: Told) -> None:
    fail(logger, secret)
    (report,) = told()
    assert secret.encode() not in b"".join(sentry[1])
    assert not {"request", "user", "breadcrumbs", "modules"} & set(report)
    assert not {"vars", "context_line", "abs_path"} & set(report["exception"]["values"][0]["stacktrace"]["frames"][-1])
    assert report["server_name"] == "worker"


def test_only_errors_are_reported(logger: logging.Logger, told: Told) -> None:
    logger.warning("a push was lost")
    assert told() == []


def test_one_of_a_kind_is_reported_for_a_while(
    logger: logging.Logger, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        logger.error("step %s failed", number)
    logger.error("another")
    monkeypatch.setattr(error_reports, "AGAIN_S", 0.0)
    logger.error("step %s failed", 6)
    said = [each["logentry"]["formatted"] for each in told()]
    assert sorted(said) == ["another", "step 0 failed", "step 6 failed"]


def test_nobody_minds_if_sentry_is_away(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    handler = ErrorReports("http://key@127.0.0.1:9/7", "testing", "web")
    logger.addHandler(handler)
    logger.error("it failed")
    handler.close()
    logger.error("it failed again")
    assert capsys.readouterr().err == ""
