"""Beside an application's own OpenTelemetry: its traces stay its own, and calls within a job become steps of it."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import teachback

exporter = InMemorySpanExporter()  # your own exporter stands here
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
teachback.instrument(provider)  # the provider that your instrumentations use

desk = teachback.workflow("support-desk")
tracer = provider.get_tracer("shop")


def triage(ticket: dict[str, str]) -> dict[str, str]:
    """An instrumented client of a model would make this span."""
    with tracer.start_as_current_span("chat small", attributes={"gen_ai.operation.name": "chat"}):
        return {"queue": "delivery"}


with tracer.start_as_current_span("POST /tickets"):
    print(desk.run(triage, {"text": "Where is it?"}).output)
print([span.name for span in exporter.get_finished_spans()])
