"""Tracing by hand: decorators, spans, failures, generators, coroutines, and what is said of a trace as a whole."""

import asyncio

import guide
import mlflow
from mlflow.entities import SpanEvent, SpanType

experiment = guide.experiment("tracing")


@mlflow.trace(span_type=SpanType.RETRIEVER)
def search(question):
    return [{"page_content": "Oslo is cold.", "metadata": {"doc_uri": "oslo.md"}}]


@mlflow.trace(name="answering", span_type=SpanType.CHAIN, attributes={"tries": {"at_most": [1, 2.5, None, True]}})
def answer(question):
    mlflow.update_current_trace(
        tags={"fruit": "apple"}, metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "alice", "stage": "test"},
        client_request_id=guide.unique("request"), request_preview="asked", response_preview="answered")
    found = search(question)
    with mlflow.start_span("model", span_type=SpanType.CHAT_MODEL) as span:
        span.set_inputs({"messages": [{"role": "user", "content": question}]})
        span.set_attributes({"model": "gpt-4o-mini", "temperature": 0.5, "n": 3, "whole": True})
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10})
        span.add_event(SpanEvent("thought", attributes={"of": "snow", "count": 1}))
        span.set_outputs("It is cold. é 東京 🎉")
    return {"answer": "It is cold.", "from": len(found)}


assert answer("How is Oslo?") == {"answer": "It is cold.", "from": 1}
trace = guide.last_trace()
info = trace.info
assert info.trace_id.startswith("tr-") and len(info.trace_id) == 35, info.trace_id
assert (info.state, info.experiment_id) == ("OK", experiment.experiment_id), info
assert info.client_request_id == guide.unique("request"), info.client_request_id
assert (info.request_preview, info.response_preview) == ("asked", "answered"), info
assert info.tags["fruit"] == "apple" and info.tags["mlflow.traceName"] == "answering", info.tags
metadata = info.trace_metadata
assert [metadata[f"mlflow.trace.{key}"] for key in ["session", "user"]] == ["s-1", "alice"] and metadata["stage"] == "test", metadata
assert info.token_usage == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}, info.token_usage
assert info.execution_duration >= 0

spans = {span.name: span for span in trace.data.spans}
assert set(spans) == {"answering", "search", "model"} and len(trace.data.spans) == 3, list(spans)
root, model = spans["answering"], spans["model"]
assert root.parent_id is None and {spans[name].parent_id for name in ["search", "model"]} == {root.span_id}
assert (root.span_type, root.inputs, root.outputs) == ("CHAIN", {"question": "How is Oslo?"}, {"answer": "It is cold.", "from": 1})
assert root.get_attribute("tries") == {"at_most": [1, 2.5, None, True]}, root.attributes
assert model.outputs == "It is cold. é 東京 🎉"
assert [model.get_attribute(name) for name in ["temperature", "n", "whole"]] == [0.5, 3, True], model.attributes
assert [(event.name, event.attributes) for event in model.events] == [("thought", {"of": "snow", "count": 1})], model.events
assert model.start_time_ns >= root.start_time_ns and model.end_time_ns <= root.end_time_ns
assert [span.name for span in trace.search_spans(span_type=SpanType.RETRIEVER)] == ["search"]
assert spans["search"].outputs[0]["metadata"] == {"doc_uri": "oslo.md"}


# What goes wrong
@mlflow.trace
def fail(city):
    with mlflow.start_span("sensor") as span:
        span.set_inputs({"city": city})
        raise ValueError("the sensor is off")


try:
    fail("Oslo")
    raise AssertionError("the failure does not reach the caller")
except ValueError:
    pass
trace = guide.last_trace()
assert trace.info.state == "ERROR" and {span.status.status_code for span in trace.data.spans} == {"ERROR"}, trace
event = trace.search_spans(name="sensor")[0].events[0]
assert (event.name, event.attributes["exception.type"], event.attributes["exception.message"]) == ("exception", "ValueError", "the sensor is off")
assert "ValueError" in event.attributes["exception.stacktrace"]


# What comes in pieces
@mlflow.trace(output_reducer="".join)
def pieces():
    yield from ["It ", "is ", "cold."]


@mlflow.trace
def unjoined():
    yield from [1, 2]


assert list(pieces()) == ["It ", "is ", "cold."]
span = guide.last_trace().data.spans[0]
assert span.outputs == "It is cold." and [event.name for event in span.events] == [f"mlflow.chunk.item.{i}" for i in range(3)], span
assert list(unjoined()) == [1, 2]
assert guide.last_trace().data.spans[0].outputs == [1, 2]


# What runs beside
@mlflow.trace
async def degrees(city):
    await asyncio.sleep(0.01)
    return len(city)


@mlflow.trace
async def both():
    return await asyncio.gather(degrees("Oslo"), degrees("Bergen"))


assert asyncio.run(both()) == [4, 6]
trace = guide.last_trace()
assert [span.name for span in trace.data.spans].count("degrees") == 2 and len(trace.data.spans) == 3, trace.data.spans
parents = {span.parent_id for span in trace.search_spans(name="degrees")}
assert parents == {trace.search_spans(name="both")[0].span_id}


# Tags afterwards
mlflow.set_trace_tag(trace.info.trace_id, "seen", "no")
mlflow.set_trace_tag(trace.info.trace_id, "seen", "yes")
assert mlflow.get_trace(trace.info.trace_id).info.tags["seen"] == "yes"
mlflow.delete_trace_tag(trace.info.trace_id, "seen")
assert "seen" not in mlflow.get_trace(trace.info.trace_id).info.tags
assert mlflow.get_trace("tr-" + "0" * 32) is None

# Spans that know no context, and a whole trace at once
root = mlflow.start_span_no_context("by hand", inputs={"a": 1}, tags={"by": "hand"}, metadata={"m": "1"})
child = mlflow.start_span_no_context("child", parent_span=root, span_type=SpanType.TOOL)
child.end(outputs="x")
root.end(outputs={"b": 2}, status="ERROR")
mlflow.flush_trace_async_logging()
trace = mlflow.get_trace(root.trace_id)
assert (trace.info.state, trace.info.tags["by"], trace.info.trace_metadata["m"], len(trace.data.spans)) == ("ERROR", "hand", "1", 2)
logged = mlflow.log_trace(name="logged", request="q?", response="a!", tags={"x": "y"}, start_time_ms=1_700_000_000_000, execution_time_ms=123)
mlflow.flush_trace_async_logging()
trace = mlflow.get_trace(logged)
assert (trace.info.execution_duration, trace.data.spans[0].outputs, trace.info.tags["x"]) == (123, "a!", "y"), (trace.info, trace.data.spans)


# More than fits into a preview
@mlflow.trace
def large():
    return "x" * 1_500_000


large()
trace = guide.last_trace()
assert len(trace.data.spans[0].outputs) == 1_500_000 and len(trace.info.response_preview) <= 1000

# A trace is a run's if one is active, and can be deleted
with mlflow.start_run() as run:
    answer("And in a run?")
trace = guide.last_trace()
assert trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id, trace.info.trace_metadata
deleted = mlflow.MlflowClient().delete_traces(experiment_id=experiment.experiment_id, trace_ids=[trace.info.trace_id])
assert deleted == 1 and mlflow.get_trace(trace.info.trace_id) is None
