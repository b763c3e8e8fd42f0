"""Makes files of traces with what their exporters have for it.

    python3 -m venv venv && venv/bin/pip install mlflow-tracing "langfuse<4" arize-phoenix-client
    venv/bin/python make.py

MLflow's is `Trace.to_json()` of a trace that its fluent API has made, and the row that `mlflow.search_traces()` makes of it.
Langfuse's goes through the types of its API client, and Phoenix's through those of its own: so names and forms are theirs.
Ids and times are fixed.
"""

import json
import os
from pathlib import Path

HERE = Path(__file__).parent
TRACE, START = "0af7651916cd43dd8448eb211c80319c", 1795451185000000000


def put(name, text):
    (HERE / name).write_text(text + "\n")


def mlflow():
    os.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
    import mlflow
    from mlflow.entities import AssessmentError, AssessmentSource, Expectation, Feedback, SpanEvent, Trace
    from mlflow.entities.assessment import IssueReference
    from mlflow.tracing.export.mlflow_v3 import MlflowV3SpanExporter

    import mlflow.tracing.utils
    import mlflow.tracking.fluent

    # There is no server to ask.
    mlflow.tracking.fluent._get_experiment_id = mlflow.tracing.utils._get_experiment_id = lambda: "4"
    kept = []
    MlflowV3SpanExporter._log_trace = lambda self, trace, *_, **__: kept.append(trace)
    MlflowV3SpanExporter._export_spans_incrementally = lambda *_: None
    with mlflow.start_span("answer", span_type="AGENT") as root:
        root.set_inputs({"question": "How is the weather in Oslo?"})
        mlflow.update_current_trace(
            tags={"team": "support"}, client_request_id="req-1", session_id="chat-1", user="alice",
            metadata={"release": "7", "mlflow.sourceRun": "0123456789abcdef0123456789abcdef"})
        with mlflow.start_span("chat", span_type="CHAT_MODEL") as chat:
            chat.set_inputs({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "How is the weather in Oslo?"}]})
            chat.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 40, "output_tokens": 15, "total_tokens": 55})
            chat.set_attribute("temperature", 0.5)
            chat.set_outputs({"role": "assistant", "content": "7 degrees"})
        with mlflow.start_span("weather", span_type="TOOL") as tool:
            tool.set_inputs({"city": "Oslo"})
            tool.add_event(SpanEvent("exception", attributes={"exception.type": "KeyError", "exception.message": "Oslo"}))
            tool.set_status("ERROR")
        root.set_outputs("7 degrees")
    [trace] = kept
    human = AssessmentSource("HUMAN", "alice@example.com")
    judge = AssessmentSource("LLM_JUDGE", "openai:/gpt-4o")
    said = [
        Feedback(name="correct", value=True, source=judge, rationale="It is.", metadata={"m": "1"}),
        Feedback(name="correct", value=False, source=human),
        Feedback(name="tone", error=AssessmentError("RATE_LIMIT", "too many", "at 1"), source=judge),
        Expectation(name="expected_facts", value=["cold", "7"], source=human),
        Expectation(name="expected_response", value="7 degrees", source=human),
        IssueReference(issue_id="iss-1", issue_name="slow", source=human),
    ]
    for number, one in enumerate(said):
        one.assessment_id = f"a-{number + 1:032x}"
        one.trace_id = "tr-" + TRACE
        one.create_time_ms = one.last_update_time_ms = START // 1_000_000 + number
    said[0].valid, said[1].overrides = False, said[0].assessment_id
    told = trace.to_dict()
    told["info"]["trace_id"] = "tr-" + TRACE
    told["info"]["assessments"] = [one.to_dictionary() for one in said]
    told["info"]["trace_location"] = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "4"}}
    told["info"]["request_time"] = "2026-11-23T16:26:25Z"
    told["info"]["execution_duration_ms"] = 134
    metadata = told["info"]["trace_metadata"]
    for name in [name for name in metadata if name.startswith("mlflow.source.") or name == "mlflow.user"]:
        del metadata[name]
    import base64
    spans = told["data"]["spans"]
    b64 = lambda number, size: base64.b64encode(int(number).to_bytes(size, "big")).decode()
    ids = {span["span_id"]: b64(0xb7ad6b7169203331 + number, 8) for number, span in enumerate(spans)}
    for number, span in enumerate(spans):
        span["trace_id"] = base64.b64encode(bytes.fromhex(TRACE)).decode()
        span["span_id"], span["parent_span_id"] = ids[span["span_id"]], ids.get(span["parent_span_id"])
        span["start_time_unix_nano"], span["end_time_unix_nano"] = START + number, START + 100 + number
        span["attributes"]["mlflow.traceRequestId"] = json.dumps("tr-" + TRACE)
        for event in span["events"]:
            event["time_unix_nano"] = START + 7
    put("mlflow/trace.json", json.dumps(told, indent=2))
    row = Trace.from_dict(told).to_pandas_dataframe_row()
    put("mlflow/rows.json", json.dumps([row], default=str))


def langfuse():
    from langfuse.api.resources.commons.types import ObservationsView, TraceWithFullDetails

    time = lambda milliseconds: f"2026-11-23T16:26:25.{milliseconds:03}Z"
    trace = "6d3f0b9c-27f8-4c0f-9a3e-5b0f8f6d2f10"
    common = {"traceId": trace, "modelParameters": {}, "usage": {"unit": "TOKENS", "input": 0, "output": 0, "total": 0},
              "usageDetails": {}, "costDetails": {}, "environment": "production", "metadata": None, "version": None,
              "endTime": None, "completionStartTime": None, "model": None, "input": None, "output": None, "level": "DEFAULT",
              "statusMessage": None, "parentObservationId": None, "promptId": None, "projectId": "p1",
              "promptName": None, "promptVersion": None, "modelId": None, "unitPrice": None, "inputPrice": None,
              "createdAt": time(500), "updatedAt": time(500)}
    observations = [
        {**common, "id": "obs-agent", "type": "AGENT", "name": "agent", "startTime": time(1), "endTime": time(90),
         "input": {"question": "How is the weather in Oslo?"}, "output": "7 degrees", "metadata": {"step": 1, "deep": {"a": [1]}}},
        {**common, "id": "obs-chat", "type": "GENERATION", "name": "chat", "startTime": time(2), "endTime": time(40),
         "parentObservationId": "obs-agent", "model": "gpt-4o-mini", "modelParameters": {"temperature": 0.5},
         "input": [{"role": "user", "content": "How is the weather in Oslo?"}], "output": {"role": "assistant", "content": "7 degrees"},
         "usageDetails": {"input": 40, "output": 15, "total": 55}, "costDetails": {"input": 0.0004, "output": 0.0006, "total": 0.001},
         "completionStartTime": time(3), "promptName": "weather", "promptVersion": 2, "latency": 0.038, "timeToFirstToken": 0.001},
        {**common, "id": "obs-tool", "type": "TOOL", "name": "weather", "startTime": time(50), "endTime": time(60),
         "parentObservationId": "obs-agent", "input": {"city": "Oslo"}, "level": "ERROR", "statusMessage": "no such city"},
        {**common, "id": "obs-event", "type": "EVENT", "name": "done", "startTime": time(91)},
    ]
    score = {"traceId": trace, "timestamp": time(600), "createdAt": time(600), "updatedAt": time(700), "configId": None,
             "observationId": None, "authorUserId": None, "comment": None, "queueId": None, "environment": "production"}
    scores = [
        {**score, "id": "s1", "name": "correct", "source": "ANNOTATION", "dataType": "BOOLEAN", "value": 1, "stringValue": "True",
         "authorUserId": "alice", "comment": "It is."},
        {**score, "id": "s2", "name": "tone", "source": "EVAL", "dataType": "CATEGORICAL", "value": 0, "stringValue": "friendly"},
        {**score, "id": "s3", "name": "speed", "source": "API", "dataType": "NUMERIC", "value": 0.25, "observationId": "obs-chat",
         "metadata": {"unit": "s"}},
    ]
    whole = {"id": trace, "timestamp": time(0), "name": "answer", "input": {"question": "How is the weather in Oslo?"},
             "output": "7 degrees", "sessionId": "chat-1", "userId": "alice", "release": "7", "version": "1.2", "public": False,
             "bookmarked": False, "environment": "production", "tags": ["support", "beta"], "metadata": {"tenant": "acme"}, "htmlPath": "/t/1",
             "latency": 0.091, "totalCost": 0.001, "projectId": "p1", "createdAt": time(500), "updatedAt": time(500),
             "externalId": None, "observations": observations, "scores": scores}
    dumped = lambda one: json.loads(one.json() if hasattr(one, "json") else one.model_dump_json(by_alias=True))
    put("langfuse/traces.json", json.dumps([dumped(TraceWithFullDetails.parse_obj(whole))], indent=2))
    lines = [dumped(ObservationsView.parse_obj(one)) for one in observations[:2]]
    put("langfuse/observations.jsonl", "\n".join(json.dumps(line) for line in lines))


def phoenix():
    from phoenix.client.__generated__ import v1

    time = lambda milliseconds: f"2026-11-23T16:26:25.{milliseconds:03}000+00:00"
    chat = v1.Span(
        id="U3BhbjoyMQ==", name="chat", context=v1.SpanContext(trace_id=TRACE, span_id="b7ad6b7169203332"), span_kind="LLM",
        parent_id="b7ad6b7169203331", start_time=time(2), end_time=time(40), status_code="OK", status_message="",
        attributes={
            "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini", "llm.token_count.prompt": 40,
            "llm.token_count.completion": 15, "llm.token_count.total": 55, "input.value": "How is the weather in Oslo?",
            "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "How is the weather in Oslo?",
            "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "7 degrees",
            "session.id": "chat-1", "user.id": "alice"},
        events=[])
    root = v1.Span(
        id="U3BhbjoyMA==", name="answer", context=v1.SpanContext(trace_id=TRACE, span_id="b7ad6b7169203331"), span_kind="AGENT",
        start_time=time(1), end_time=time(90), status_code="ERROR", status_message="no such city",
        attributes={"input": {"value": "{\"question\": \"How is the weather in Oslo?\"}", "mime_type": "application/json"},
                    "metadata": {"tenant": "acme"}, "tag": {"tags": ["support"]}},
        events=[v1.SpanEvent(name="exception", timestamp=time(50), attributes={
            "exception.type": "KeyError", "exception.message": "Oslo"})])
    said = v1.SpanAnnotation(
        id="QW5ub3RhdGlvbjox", name="correct", annotator_kind="HUMAN", span_id="b7ad6b7169203332",
        result=v1.AnnotationResult(label="yes", score=1.0, explanation="It is."), metadata={"m": "1"}, identifier="",
        created_at=time(600), updated_at=time(700), source="APP", user_id=None)
    put("phoenix/spans.jsonl", "\n".join(json.dumps(span) for span in (root, chat)))
    told = {"traceId": TRACE, "spans": [root, {**chat, "annotations": [said]}], "rootSpan": root, "startTime": time(1),
            "endTime": time(90), "duration": 89, "status": "ERROR"}
    put("phoenix/traces.json", json.dumps([told], indent=2))
    row = {"name": "chat", "span_kind": "LLM", "parent_id": "b7ad6b7169203331", "start_time": START // 1_000_000 + 2,
           "end_time": START // 1_000_000 + 40, "status_code": "OK", "status_message": "", "events": [],
           "context.span_id": "b7ad6b7169203332", "context.trace_id": TRACE, "attributes.llm.model_name": "gpt-4o-mini",
           "attributes.llm.token_count.prompt": 40, "attributes.llm.token_count.completion": 15,
           "attributes.llm.input_messages": [{"message.role": "user", "message.content": "How is the weather in Oslo?"}],
           "attributes.llm.output_messages": [{"message": {"role": "assistant", "content": "7 degrees"}}],
           "attributes.openinference.span.kind": "LLM", "attributes.session.id": "chat-1", "attributes.user": {"id": "alice"},
           "attributes.retrieval.documents": None}
    put("phoenix/frame.json", json.dumps([row]))


if __name__ == "__main__":
    mlflow()
    langfuse()
    phoenix()
