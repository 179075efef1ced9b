"""Traces: what belongs together, and what no span tells."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_django import Settings

from accounts.models import User
from core import task_log, tracing
from core.errors import Conflict
from core.log_context import bound, ids, note
from core.tracing import span
from ops.sweep import PASSES, Sweeper

Told = Callable[[], tuple[ReadableSpan, ...]]


@pytest.fixture
def told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Traces are on; returns what gives the spans that have ended."""
    settings.TRACES_URL, settings.TRACES_SAMPLED = "http://127.0.0.1:9/v1/traces", 1.0
    memory = InMemorySpanExporter()
    tracer = tracing.provider(SimpleSpanProcessor(memory)).get_tracer("test")
    monkeypatch.setattr(tracing, "tracer", lambda: tracer)
    return memory.get_finished_spans


def run_task(headers: dict[str, Any], state: str = "SUCCESS") -> None:
    """Run a task as a worker does, whose message has these headers."""
    task = SimpleNamespace(name="match_region", request=SimpleNamespace(**headers))
    task_log.begin("t1", task)
    task_log.end("t1", task, state=state)


def test_a_call_and_its_tasks_are_one_trace(told: Told) -> None:
    headers: dict[str, Any] = {}
    with bound(request="0123456789abcdef"), span("call"):
        task_log.send_ids(headers)
    run_task(headers)
    call, task = told()
    assert (call.name, task.name, call.parent) == ("call", "task match_region", None)
    assert task.parent is not None
    assert task.parent.span_id == call.get_span_context().span_id
    assert task.get_span_context().trace_id == call.get_span_context().trace_id
    assert dict(task.attributes or {}) == {
        "speedycheers.request": "0123456789abcdef",
        "speedycheers.task": "t1",
        "state": "success",
    }


def test_a_message_that_brings_nonsense_begins_a_trace(told: Told) -> None:
    run_task({task_log.HEADER: {"trace": "00-zz-1-01", "request": "0123456789abcdef"}})
    (task,) = told()
    assert task.parent is None


@pytest.mark.django_db
def test_a_call_tells_its_route_and_nobody(told: Told, user: User) -> None:
    answer = Client().get(f"/cheerRequest/{user.pk}?q=ann@cast.test", headers={"Cookie": "sessionid=secret"})
    (call,) = told()
    attributes = dict(call.attributes or {})
    assert call.name == "GET cheerRequest/<uuid:request_id>"
    assert attributes.pop("speedycheers.request") == answer["X-Request-ID"]
    assert attributes == {
        "http.request.method": "GET",
        "http.route": "cheerRequest/<uuid:request_id>",
        "http.response.status_code": 401,
    }
    assert (call.status.is_ok, call.events) == (True, ())


def test_a_failure_is_told_by_its_kind(told: Told) -> None:
    with pytest.raises(KeyError), span("one"):
        raise KeyError("ann@cast.test")
    with pytest.raises(Conflict), span("two"):
        raise Conflict("wrong_state", "This is a refusal.")
    run_task({}, state="FAILURE")
    one, two, three = told()
    assert [each.status.is_ok for each in (one, two, three)] == [False, True, False]
    assert dict(one.attributes or {}) == {"error.type": "KeyError"}
    assert "ann@cast.test" not in one.to_json()


@pytest.mark.django_db
def test_each_pass_of_the_sweep_is_a_trace(told: Told) -> None:
    Sweeper().run_due()
    assert {each.name for each in told() if each.parent is None} >= {f"pass {one.__name__}" for one, _ in PASSES}


def test_what_is_noted_inside_reaches_the_span(told: Told) -> None:
    with bound(task="t1"), span("one"):
        note(region="nyc")
        assert ids()["trace"].startswith("00-")
    (one,) = told()
    assert dict(one.attributes or {}) == {"speedycheers.task": "t1", "speedycheers.region": "nyc"}
    assert "trace" not in ids()


def test_without_an_address_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "tracer", lambda: pytest.fail("no span is opened"))
    with bound(task="t1"), span("one"):
        assert ids() == {"task": "t1"}


# ---------------------------------------------------------------- sent to a collector


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that takes spans: its address, and the bodies that it has got."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_reach_the_collector(collector: tuple[str, list[bytes]], settings: Settings) -> None:
    settings.TRACES_URL, bodies = collector
    settings.TRACES_SAMPLED = 1.0
    tracing.tracer.cache_clear()
    try:
        with span("one"):
            pass
        tracing.tracer().span_processor.shutdown()
    finally:
        tracing.tracer.cache_clear()
    (body,) = bodies
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert [each.name for scope in sent.scope_spans for each in scope.spans] == ["one"]
    assert [each.value.string_value for each in sent.resource.attributes] == [f"speedycheers-{settings.PROCESS_KIND}"]
