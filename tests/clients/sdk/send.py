"""Spans made by hand with OpenTelemetry's SDK, sent over HTTP and over gRPC, compressed, in batches."""

import json
import os
import urllib.request

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import Compression as OverGrpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression as OverHttp
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from model import ANSWER, CALL, QUESTION, RESULT

SMALL_BATCH = 7
LEAVES = 50


def provider(service, exporter, batch=512):
    made = TracerProvider(resource=Resource.create({"service.name": service, "service.version": "1.2"}))
    # Nothing goes out by itself: the delay is longer than the application runs.
    made.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=batch, schedule_delay_millis=600_000))
    return made


def parts(message):
    """A message as the conventions have it since 1.37."""
    said = [{"type": "text", "content": message["content"]}] if message.get("content") else []
    if message["role"] == "tool":
        said = [{"type": "tool_call_response", "id": message["tool_call_id"], "response": message["content"]}]
    for call in message.get("tool_calls", []):
        function = call["function"]
        said.append({"type": "tool_call", "id": call["id"], "name": function["name"],
                     "arguments": json.loads(function["arguments"])})
    return {"role": message["role"], "parts": said}


def in_attributes(span, asked, answered):
    span.set_attributes({
        "gen_ai.system_instructions": json.dumps(parts(asked[0])["parts"]),
        "gen_ai.input.messages": json.dumps([parts(message) for message in asked[1:]]),
        "gen_ai.output.messages": json.dumps([parts(answered) | {"finish_reason": "stop"}]),
    })


def in_events(span, asked, answered):
    """An event a message, as it was up to 1.36."""
    for message in asked:
        told = {"gen_ai.system": "openai", "role": message["role"]}
        told |= {"content": message["content"]} if message["content"] else {}
        told |= {"tool_calls": json.dumps(message["tool_calls"])} if "tool_calls" in message else {}
        told |= {"id": message["tool_call_id"]} if "tool_call_id" in message else {}
        span.add_event(f"gen_ai.{message['role']}.message", told)
    span.add_event("gen_ai.choice", {
        "gen_ai.system": "openai", "index": 0, "finish_reason": "stop", "message": json.dumps(answered)})


def chat(tracer, say, asked, answered, tokens):
    with tracer.start_as_current_span("chat gpt-4o-mini", kind=SpanKind.CLIENT) as span:
        span.set_attributes({
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1],
            "gen_ai.usage.cache_read.input_tokens": tokens[2], "gen_ai.usage.reasoning.output_tokens": tokens[3],
        })
        say(span, asked, answered)


def agent(tracer, say, of):
    with tracer.start_as_current_span(f"invoke_agent {of}") as span:
        span.set_attributes({
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": of, "gen_ai.conversation.id": f"session of {of}",
            "user.id": "alice", "gen_ai.input.messages": json.dumps([parts(QUESTION[1])]),
            "gen_ai.output.messages": json.dumps([parts(ANSWER)]),
        })
        chat(tracer, say, QUESTION, CALL, (40, 15, 0, 5))
        with tracer.start_as_current_span("execute_tool weather") as tool:
            tool.set_attributes({
                "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather", "gen_ai.tool.call.id": "call_1",
                "gen_ai.tool.call.arguments": '{"city": "Oslo"}', "gen_ai.tool.call.result": "7 degrees"})
        with tracer.start_as_current_span("retrieval oslo.md") as retrieval:
            retrieval.set_attributes({
                "gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "Oslo",
                "gen_ai.retrieval.documents": json.dumps([{"id": "d1", "content": "Oslo is cold.", "score": 0.5}])})
        chat(tracer, say, [*QUESTION, CALL, RESULT], ANSWER, (70, 8, 32, 0))


def failing(tracer):
    with tracer.start_as_current_span("failing") as root:
        try:
            with tracer.start_as_current_span("execute_tool weather") as tool:
                tool.set_attributes({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"})
                raise TimeoutError("the sensor is off")
        except TimeoutError as error:
            root.set_status(Status(StatusCode.ERROR, f"no weather: {error}"))


def values(tracer):
    """A value of every type, and what else a span can have."""
    other = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True, TraceFlags(1))
    with tracer.start_as_current_span("values", links=[Link(other, {"why": "it began there"})]) as span:
        span.set_attributes({
            "a.text": "Ærlig talt, 7 °C 🌧\n\"so\"", "a.true": True, "an.integer": -(2**63), "a.double": 0.1, "a.whole": 3.0,
            "texts": ["a", ""], "integers": [1, 2], "doubles": [1.0, 0.5], "booleans": [True, False], "long": "x" * 100_000})


def late(tracer, provider):
    """A tree whose leaves are sent many times before its root: what Karat knows before and after."""
    with tracer.start_as_current_span("late root") as root:
        root.set_attribute("gen_ai.operation.name", "invoke_agent")
        for number in range(LEAVES):
            with tracer.start_as_current_span(f"step {number}"), tracer.start_as_current_span("leaf") as leaf:
                leaf.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini",
                                     "gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 2})
        provider.force_flush()
        id = trace.format_trace_id(root.get_span_context().trace_id)
        before = read(f"traces/{id}")
    provider.force_flush()
    return {"before": before, "after": read(f"traces/{id}")}


def read(path):
    with urllib.request.urlopen(f"{os.environ['KARAT_API']}/api/karat/v1/{path}") as answer:
        return json.load(answer)


def main():
    http = provider("over http", HttpExporter(os.environ["KARAT_HTTP"] + "/v1/traces", compression=OverHttp.Gzip))
    grpc = provider("over grpc", GrpcExporter(os.environ["KARAT_GRPC"], insecure=True, compression=OverGrpc.Gzip))
    # The port for everything takes spans, too.
    plain = provider("in batches", HttpExporter(os.environ["KARAT_API"] + "/v1/traces"), batch=SMALL_BATCH)
    over_http, over_grpc = http.get_tracer("app", "3"), grpc.get_tracer("app", "3")
    agent(over_http, in_attributes, "http attributes")
    agent(over_http, in_events, "http events")
    agent(over_grpc, in_attributes, "grpc attributes")
    agent(over_grpc, in_events, "grpc events")
    failing(over_http)
    values(over_http)
    values(over_grpc)
    # One trace through two services.
    with over_http.start_as_current_span("front", kind=SpanKind.CLIENT):
        with over_grpc.start_as_current_span("back", kind=SpanKind.SERVER):
            pass
    told = late(plain.get_tracer("app", "3"), plain)
    for one in [http, grpc, plain]:
        assert one.force_flush()
        one.shutdown()
    print(json.dumps(told))


main()
