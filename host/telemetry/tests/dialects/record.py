"""Records what instrumentations of Python emit, against a model that is made up here.

    python3 -m venv venv && venv/bin/pip install opentelemetry-exporter-otlp-proto-http openai \
        openinference-instrumentation-openai opentelemetry-instrumentation-openai \
        "opentelemetry-instrumentation-openai-v2==2.3b0" "wrapt<2" mlflow langfuse google-adk
    venv/bin/python record.py openinference openllmetry gen_ai mlflow langfuse adk

Each writes `NAME.json` beside this file: one OTLP/JSON request. Ids are numbered, times begin at a fixed one and names
of the machine are left out, so that a second recording differs from the first by what the instrumentation does.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[3] / "tests/clients"))

import model
from model import ANSWER, CALL, QUESTION, RESULT, TOOLS

KEPT = ("service.name", "telemetry.sdk.language", "telemetry.sdk.name")


class Traces(BaseHTTPRequestHandler):
    """Takes what is exported."""

    told = threading.Event()
    request = None

    def do_POST(self):
        import gzip

        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        if Traces.request is None:
            Traces.request = request
        else:
            Traces.request.MergeFrom(request)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
        Traces.told.set()

    def log_message(self, *_):
        pass


def client():
    from openai import OpenAI

    server = ThreadingHTTPServer(("127.0.0.1", 0), model.Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1")


def ask(client):
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS, temperature=0.5)
    client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT], tools=TOOLS)


def spans():
    """A provider of tracers and where its spans end up."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "weather"}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return provider, kept


def openinference():
    from openinference.instrumentation import using_attributes
    from openinference.instrumentation.openai import OpenAIInstrumentor

    provider, kept = spans()
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    with provider.get_tracer("weather").start_as_current_span("answer") as span:
        span.set_attributes({"openinference.span.kind": "AGENT", "input.value": "How is the weather in Oslo?"})
        with using_attributes(session_id="session-1", user_id="alice"):
            made = client()
            ask(made)
            made.embeddings.create(model="text-embedding-3-small", input="weather in Oslo")
        span.set_attribute("output.value", "It is 7 degrees.")
    return kept.get_finished_spans()


def openllmetry():
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    provider, kept = spans()
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    ask(client())
    return kept.get_finished_spans()


def gen_ai():
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    provider, kept = spans()
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    ask(client())
    return kept.get_finished_spans()


def mlflow():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Traces)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}/v1/traces"
    os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
    os.environ["OTEL_SERVICE_NAME"] = "weather"
    import mlflow as flow
    from mlflow.entities import Document, SpanType

    flow.openai.autolog()

    @flow.trace(span_type=SpanType.RETRIEVER)
    def search(query):
        return [Document(page_content="Oslo is cold.", metadata={"doc_uri": "oslo.md", "score": 0.5}, id="d1")]

    @flow.trace(span_type=SpanType.TOOL)
    def weather(city):
        return "7 degrees"

    @flow.trace(span_type=SpanType.AGENT)
    def answer(question):
        flow.update_current_trace(session_id="session-1", user="alice")
        search(question)
        weather(city="Oslo")
        ask(client())
        return "It is 7 degrees."

    answer("How is the weather in Oslo?")
    flow.flush_trace_async_logging()
    Traces.told.wait(10)
    time.sleep(6)
    return Traces.request


def langfuse():
    os.environ |= {"LANGFUSE_TRACING_ENVIRONMENT": "test"}
    from langfuse import Langfuse, propagate_attributes

    provider, kept = spans()
    fuse = Langfuse(public_key="pk-1", secret_key="sk-1", base_url="http://127.0.0.1:9", tracer_provider=provider)
    with fuse.start_as_current_observation(as_type="agent", name="answer", input="How is the weather in Oslo?") as agent:
        with propagate_attributes(session_id="session-1", user_id="alice"):
            with fuse.start_as_current_observation(
                as_type="generation", name="chat", model="gpt-4o-mini", input=QUESTION,
                usage_details={"input": 38, "input_cached_tokens": 32, "output": 8},
                cost_details={"input": 0.00001, "output": 0.000005},
            ) as chat:
                chat.update(output=ANSWER)
            with fuse.start_as_current_observation(as_type="tool", name="weather", input={"city": "Oslo"}) as tool:
                tool.update(output="7 degrees", level="ERROR", status_message="the sensor is off")
        agent.update(output="It is 7 degrees.")
    return kept.get_finished_spans()


def adk():
    from google.adk.agents import LlmAgent
    from google.adk.models.base_llm import BaseLlm
    from google.adk.models.llm_response import LlmResponse
    from google.adk.runners import InMemoryRunner
    from google.genai import types
    from opentelemetry import trace

    provider, kept = spans()
    trace.set_tracer_provider(provider)

    class MadeUp(BaseLlm):
        async def generate_content_async(self, request, stream=False):
            told = request.contents[-1].parts[0].function_response
            call = types.Part(function_call=types.FunctionCall(name="weather", args={"city": "Oslo"}))
            part = types.Part(text="It is 7 degrees.") if told else call
            usage = types.GenerateContentResponseUsageMetadata(
                prompt_token_count=70 if told else 40, candidates_token_count=8 if told else 15)
            yield LlmResponse(content=types.Content(role="model", parts=[part]), usage_metadata=usage)

    def weather(city: str) -> dict:
        """The weather of a city."""
        return {"degrees": 7}

    async def run():
        agent = LlmAgent(name="forecaster", model=MadeUp(model="gemini-2.5-flash"), instruction="Be brief.", tools=[weather])
        runner = InMemoryRunner(agent, app_name="weather")
        session = await runner.session_service.create_session(
            app_name="weather", user_id="alice", session_id="session-1")
        asked = types.Content(role="user", parts=[types.Part(text="How is the weather in Oslo?")])
        async for _ in runner.run_async(user_id="alice", session_id=session.id, new_message=asked):
            pass

    asyncio.run(run())
    return kept.get_finished_spans()


def request(spans):
    """These spans as one OTLP/JSON request, without what differs from one recording to the next."""
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    told = MessageToDict(spans if hasattr(spans, "resource_spans") else encode_spans(
        sorted(spans, key=lambda span: span.start_time)))
    scopes = [scope for resource in told["resourceSpans"] for scope in resource["scopeSpans"]]
    ids, start = {}, min(int(span["startTimeUnixNano"]) for scope in scopes for span in scope["spans"])

    def number(raw, length):
        return ids.setdefault(raw, f"{len(ids) + 1:0{length}x}")

    def tidy(of):
        of["startTimeUnixNano"] = str(1_700_000_000_000_000_000 + int(of["startTimeUnixNano"]) - start)
        of["endTimeUnixNano"] = str(1_700_000_000_000_000_000 + int(of["endTimeUnixNano"]) - start)
        of["traceId"], of["spanId"] = number(of["traceId"], 32), number(of["spanId"], 16)
        if "parentSpanId" in of:
            of["parentSpanId"] = number(of["parentSpanId"], 16)
        of["kind"] = {"SPAN_KIND_INTERNAL": 1, "SPAN_KIND_CLIENT": 3}[of["kind"]]
        if "code" in of.get("status", {}):
            of["status"]["code"] = {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}[of["status"]["code"]]
        for event in of.get("events", []):
            event["timeUnixNano"] = str(1_700_000_000_000_000_000 + int(event["timeUnixNano"]) - start)
        return of

    for resource in told["resourceSpans"]:
        attributes = resource["resource"]["attributes"]
        resource["resource"]["attributes"] = [one for one in attributes if one["key"] in KEPT]
    for scope in scopes:
        scope["spans"] = [tidy(span) for span in scope["spans"]]
    return told


if __name__ == "__main__":
    if len(sys.argv) == 2:
        name = sys.argv[1]
        text = json.dumps(request(globals()[name]()), separators=(",", ":"), ensure_ascii=False)
        # A span a line.
        (HERE / f"{name}.json").write_text(text.replace('{"traceId"', '\n{"traceId"') + "\n")
    else:
        # One process each: instrumentations don't like to share.
        for name in sys.argv[1:]:
            subprocess.run([sys.executable, __file__, name], check=True)
