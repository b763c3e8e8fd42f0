"""Finding traces again: by what is said of them, by run and by version, in pages, as a table."""

import time

import guide
import mlflow
import pandas

experiment = guide.experiment("searching")
places = [experiment.experiment_id]


@mlflow.trace(span_type="AGENT")
def answer(question, session):
    mlflow.update_current_trace(tags={"topic": question}, metadata={"mlflow.trace.session": session, "mlflow.trace.user": "alice"})
    with mlflow.start_span("lookup", span_type="TOOL") as span:
        span.set_inputs({"of": question})
        if question == "wind":
            raise TimeoutError("the sensor is off")
        span.set_outputs("7 degrees")
    return f"{question}: 7 degrees"


def asked(question, session="s-1"):
    try:
        answer(question, session)
    except TimeoutError:
        pass
    time.sleep(0.01)
    return guide.last_trace().info.trace_id


def found(filter=None, **more):
    return [trace.info.trace_id for trace in mlflow.search_traces(
        locations=places, filter_string=filter, return_type="list", **{"order_by": ["timestamp_ms ASC"], **more})]


rain, wind, snow = asked("rain"), asked("wind", "s-2"), asked("snow", "it's 2")
with mlflow.start_run() as run:
    hail = asked("hail")
everything = [rain, wind, snow, hail]
assert found() == everything
assert found(order_by=None) == everything[::-1], "the newest comes first"
assert found(order_by=["timestamp_ms DESC"], max_results=2) == [hail, snow]

# By filter
assert found("trace.status = 'ERROR'") == [wind]
assert found("status = 'OK'") == [rain, snow, hail]
assert found("tags.topic = 'snow'") == [snow]
assert found("tags.topic != 'snow'") == [rain, wind, hail]
assert found("tags.topic LIKE '%ai%'") == [rain, hail]
assert found("tags.topic ILIKE 'RA%'") == [rain]
assert found("tags.topic IS NULL") == []
assert found("trace.name = 'answer' AND tags.topic = 'rain'") == [rain]
assert found("metadata.`mlflow.trace.session` = 's-2'") == [wind]
assert found("metadata.`mlflow.trace.session` = \"it's 2\"") == [snow]
assert found("metadata.`mlflow.trace.user` = 'alice'") == everything
assert found("trace.execution_time_ms < 60000") == everything
assert found("trace.timestamp_ms > 0") == everything
assert found(f"trace.timestamp_ms > {int(time.time() * 1000) + 60000}") == []
assert found("span.name = 'lookup' AND span.status = 'ERROR'") == [wind]
assert found("span.type = 'TOOL'") == everything
assert found("span.content LIKE '%hail%'") == [hail]
assert found("trace.text LIKE '%snow%'") == [snow]
mlflow.log_feedback(trace_id=rain, name="good", value=True)
mlflow.log_feedback(trace_id=snow, name="good", value=False)
mlflow.log_feedback(trace_id=snow, name="tone", value="kind")
mlflow.log_expectation(trace_id=rain, name="expected_response", value="7 degrees")
assert found("feedback.good = 'true'") == [rain]
assert found("feedback.tone = 'kind'") == [snow]
assert found("expectation.expected_response = '7 degrees'") == [rain]
assert found("feedback.good IS NOT NULL") == [rain, snow]
guide.refused("INVALID_PARAMETER_VALUE", lambda: found("nonsense = 'x'"))

# By run
assert found(run_id=run.info.run_id) == [hail]
assert found("status = 'ERROR'", run_id=run.info.run_id) == []

# By version
model = mlflow.set_active_model(name=guide.unique("agent"))
fog = asked("fog")
mlflow.clear_active_model()
assert found(model_id=model.model_id) == [fog]
everything.append(fog)

# In pages
client, pages, token = mlflow.MlflowClient(), [], None
while True:
    page = client.search_traces(locations=places, max_results=2, order_by=["timestamp_ms ASC"], page_token=token)
    pages.append([trace.info.trace_id for trace in page])
    token = page.token
    if not token:
        break
assert pages == [everything[:2], everything[2:4], everything[4:]], pages

# As a table
table = mlflow.search_traces(locations=places, order_by=["timestamp_ms ASC"])
assert isinstance(table, pandas.DataFrame) and list(table["trace_id"]) == everything
assert {"trace_id", "state", "request", "response", "request_time", "execution_duration", "tags", "trace_metadata",
        "spans", "assessments"} <= set(table.columns), list(table.columns)
assert list(table["state"]) == ["OK", "ERROR", "OK", "OK", "OK"]
assert table["request"][0] == {"question": "rain", "session": "s-1"} and table["response"][0] == "rain: 7 degrees"
assert [span["name"] for span in table["spans"][0]] == ["answer", "lookup"]
assert {assessment["assessment_name"] for assessment in table["assessments"][0]} == {"good", "expected_response"}
picked = mlflow.search_traces(locations=places, filter_string="tags.topic = 'rain'", extract_fields=["answer.inputs.question", "lookup.outputs"])
assert picked["answer.inputs.question"][0] == "rain" and picked["lookup.outputs"][0] == "7 degrees", picked

# Without the spans
bare = mlflow.search_traces(locations=places, return_type="list", include_spans=False)
assert len(bare) == 5 and bare[0].info.request_preview and not bare[0].data.spans
