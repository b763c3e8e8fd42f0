"""OpenAI's client, instrumented with OpenLLMetry."""

import contextlib
import os

import openai
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

import spans
from model import CALL, QUESTION, RESULT, TOOLS

provider = spans.to_karat()
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("weather")
client = openai.OpenAI(api_key="none", base_url=os.environ["MODEL"], max_retries=0)


def step(name, kind):
    # As its decorators do.
    return tracer.start_as_current_span(name, attributes={"traceloop.span.kind": kind, "traceloop.entity.name": name})


with step("whole", "agent") as span:
    span.set_attribute("traceloop.association.properties.session_id", "session-1")
    span.set_attribute("traceloop.association.properties.user_id", "alice")
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS, temperature=0.5)
    with step("weather", "tool") as tool:
        tool.set_attribute("traceloop.entity.input", '{"city": "Oslo"}')
        tool.set_attribute("traceloop.entity.output", '"7 degrees"')
    client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT], tools=TOOLS)
    client.embeddings.create(model="text-embedding-3-small", input="weather in Oslo")

with step("streamed", "workflow"):
    for messages in [QUESTION, [*QUESTION, CALL, RESULT]]:
        asked = {"model": "gpt-4o-mini", "messages": messages, "tools": TOOLS}
        for _ in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
            pass

with contextlib.suppress(openai.BadRequestError), step("failed", "task"):
    client.chat.completions.create(model="broken", messages=QUESTION)

# With no span around it.
client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT])

provider.force_flush()
provider.shutdown()
