"""Traces by OpenTelemetry, where `TRACES_URL` is set: a span for each call, command, task and pass.

`core/log_context.py` owns the context: its id `trace` is the `traceparent` of the present span, which messages of tasks
carry like the other ids. OpenTelemetry's own context is not used, nor its instrumentations, which would take addresses,
queries and statements along. A span has the ids of the lines of the log, and no text.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings

from core.lazy import lazy_module
from core.log_context import TRACE, bound, ids

ERROR = "error.type"  # an attribute; a span that has it has failed

errors = lazy_module("core.errors")  # Celery loads this module before the settings
# Loaded by the first span.
api = lazy_module("opentelemetry.trace")
propagation = lazy_module("opentelemetry.trace.propagation.tracecontext")
sdk = lazy_module("opentelemetry.sdk.trace")
sampling = lazy_module("opentelemetry.sdk.trace.sampling")
export = lazy_module("opentelemetry.sdk.trace.export")
otlp = lazy_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
resources = lazy_module("opentelemetry.sdk.resources")


@dataclass(slots=True)
class Told:
    """The name and the attributes that a span has at its end: words that the code gives, and numbers."""

    name: str
    attributes: dict[str, str | int] = field(default_factory=dict)


def span(name: str) -> AbstractContextManager[Told]:
    """Open a span below the present one until the end of the block, which may add to what is told.

    An exception is told by its kind, unless it refuses what somebody wants. Without `TRACES_URL` nothing happens.
    """
    told = Told(name)
    return _recorded(told) if settings.TRACES_URL else nullcontext(told)


@contextmanager
def _recorded(told: Told) -> Iterator[Told]:
    words, carrier = propagation.TraceContextTextMapPropagator(), {"traceparent": ids().get(TRACE, "")}
    above = words.extract(carrier)
    opened = tracer().start_span(told.name, context=above)
    words.inject(carrier, api.set_span_in_context(opened, above))
    try:
        with bound(**{TRACE: carrier["traceparent"]}) as known:
            yield told
    except Exception as error:
        if not isinstance(error, errors.ServiceError):
            told.attributes[ERROR] = type(error).__name__
        raise
    finally:
        opened.update_name(told.name)
        opened.set_attributes({f"speedycheers.{name}": value for name, value in known.items() if name != TRACE})
        opened.set_attributes(told.attributes)
        if ERROR in told.attributes:
            opened.set_status(api.StatusCode.ERROR)
        opened.end()


def provider(processor: Any) -> Any:
    """Return what makes the spans of this process and gives them to a processor."""
    name = resources.Resource({"service.name": f"speedycheers-{settings.PROCESS_KIND}"})
    made = sdk.TracerProvider(sampling.ParentBased(sampling.TraceIdRatioBased(settings.TRACES_SAMPLED)), name)
    made.add_span_processor(processor)
    return made


@cache
def tracer() -> Any:
    """Return what opens spans. A thread of OpenTelemetry sends them in batches, and drops what nobody takes."""
    exporter = otlp.OTLPSpanExporter(endpoint=settings.TRACES_URL)
    return provider(export.BatchSpanProcessor(exporter)).get_tracer("speedycheers")
