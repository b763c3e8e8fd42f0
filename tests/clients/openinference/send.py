"""OpenAI's client, instrumented with OpenInference."""

import contextlib
import os

import openai
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor

import spans
from model import CALL, QUESTION, RESULT, TOOLS

provider = spans.to_karat()
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("weather")
client = openai.OpenAI(api_key="none", base_url=os.environ["MODEL"], max_retries=0)


def step(name):
    return tracer.start_as_current_span(name, attributes={"openinference.span.kind": "AGENT"})


with step("whole") as span, using_attributes(session_id="session-1", user_id="alice", metadata={"team": "north"}, tags=["a"]):
    span.set_attribute("input.value", "How is the weather in Oslo?")
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS, temperature=0.5)
    with tracer.start_as_current_span("weather") as tool:
        tool.set_attributes({"openinference.span.kind": "TOOL", "tool.name": "weather", "input.value": '{"city": "Oslo"}',
                             "input.mime_type": "application/json", "output.value": "7 degrees"})
    client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT], tools=TOOLS)
    client.embeddings.create(model="text-embedding-3-small", input="weather in Oslo")
    span.set_attribute("output.value", "It is 7 degrees.")

with step("streamed"):
    for messages in [QUESTION, [*QUESTION, CALL, RESULT]]:
        asked = {"model": "gpt-4o-mini", "messages": messages, "tools": TOOLS}
        for _ in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
            pass

with contextlib.suppress(openai.BadRequestError), step("failed"):
    client.chat.completions.create(model="broken", messages=QUESTION)

# With no span around it.
client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT])

provider.force_flush()
provider.shutdown()
