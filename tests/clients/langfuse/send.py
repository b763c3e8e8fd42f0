"""Langfuse's SDK and its drop-in for OpenAI's client, sent to Karat in place of Langfuse."""

import contextlib
import os

os.environ["OTEL_SERVICE_NAME"] = "weather"

from langfuse import Langfuse, observe, propagate_attributes
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from model import CALL, QUESTION, RESULT, TOOLS

fuse = Langfuse(public_key="pk-1", secret_key="sk-1", base_url="http://127.0.0.1:9", environment="test",
                span_exporter=OTLPSpanExporter(os.environ["KARAT_HTTP"] + "/v1/traces"))

# It looks for the client that was made before.
from langfuse.openai import openai

client = openai.OpenAI(api_key="none", base_url=os.environ["MODEL"], max_retries=0)


@observe(as_type="retriever")
def search(query):
    return [{"id": "d1", "content": "Oslo is cold.", "score": 0.5}]


@observe(as_type="tool")
def weather(city):
    return "7 degrees"


@observe(as_type="tool")
def broken(city):
    raise TimeoutError("the sensor is off")


@observe(as_type="agent")
def answer(question):
    with propagate_attributes(session_id="session-1", user_id="alice", metadata={"team": "north"}, tags=["a"]):
        search(question)
        client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS, temperature=0.5)
        weather(city="Oslo")
        told = client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT], tools=TOOLS)
        return told.choices[0].message.content


@observe(as_type="chain")
def streamed(question):
    asked = {"model": "gpt-4o-mini", "messages": QUESTION, "stream": True, "stream_options": {"include_usage": True}}
    return "".join(chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**asked) if chunk.choices)


@observe(as_type="agent")
def failed(question):
    with contextlib.suppress(openai.BadRequestError):
        client.chat.completions.create(model="broken", messages=QUESTION)
    broken(city="Oslo")


answer("How is the weather in Oslo?")
streamed("How is the weather in Oslo?")
with contextlib.suppress(TimeoutError):
    failed("How is the weather in Oslo?")
client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT])
fuse.flush()
fuse.shutdown()
