"""MLflow's own tracing and its instrumentation of OpenAI's client, sent as OTLP and to no server of MLflow's. What it knows of a
trace as a whole, such as its session, does not go out this way."""

import contextlib
import os

os.environ |= {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": os.environ["KARAT_HTTP"] + "/v1/traces",
               "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf", "OTEL_SERVICE_NAME": "weather"}

import mlflow
import openai
from mlflow.entities import Document, SpanType
from mlflow.tracing import provider

from model import CALL, QUESTION, RESULT, TOOLS

mlflow.openai.autolog()
client = openai.OpenAI(api_key="none", base_url=os.environ["MODEL"], max_retries=0)


@mlflow.trace(span_type=SpanType.RETRIEVER)
def search(query):
    return [Document(page_content="Oslo is cold.", metadata={"doc_uri": "oslo.md", "score": 0.5}, id="d1")]


@mlflow.trace(span_type=SpanType.TOOL)
def weather(city):
    return "7 degrees"


@mlflow.trace(span_type=SpanType.TOOL)
def broken(city):
    raise TimeoutError("the sensor is off")


@mlflow.trace(span_type=SpanType.AGENT)
def answer(question):
    search(question)
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS, temperature=0.5)
    weather(city="Oslo")
    told = client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT], tools=TOOLS)
    client.embeddings.create(model="text-embedding-3-small", input="weather in Oslo")
    return told.choices[0].message.content


@mlflow.trace(span_type=SpanType.CHAIN)
def streamed(question):
    asked = {"model": "gpt-4o-mini", "messages": QUESTION, "stream": True, "stream_options": {"include_usage": True}}
    return "".join(chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**asked) if chunk.choices)


@mlflow.trace(span_type=SpanType.AGENT)
def failed(question):
    with contextlib.suppress(openai.BadRequestError):
        client.chat.completions.create(model="broken", messages=QUESTION)
    broken(city="Oslo")


answer("How is the weather in Oslo?")
streamed("How is the weather in Oslo?")
with contextlib.suppress(TimeoutError):
    failed("How is the weather in Oslo?")
client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT])
mlflow.flush_trace_async_logging()
provider.provider.get().force_flush()
