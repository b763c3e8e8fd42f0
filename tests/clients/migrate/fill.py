"""Fills an MLflow server with one of everything that is carried over: `python fill.py URI`."""

import json
import math
import os
import sys
import tempfile
import warnings

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
warnings.filterwarnings("ignore")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Metric

TRACES = 30


def runs(client, experiment):
    """A run with histories, numbers that are none, files, data; one that failed; one that was deleted."""
    with mlflow.start_run(experiment_id=experiment, run_name="trained") as run:
        mlflow.log_params({"lr": "0.1", "empty": ""})
        mlflow.set_tag("team", "search")
        points = [Metric("loss", 1 / (1 + step), 1_700_000_000_000 + step, step) for step in range(2500)]
        for start in range(0, len(points), 500):
            client.log_batch(run.info.run_id, metrics=points[start:start + 500])
        for number, value in enumerate([math.nan, math.inf, -math.inf, 5e-324, 1e308]):
            mlflow.log_metric(f"odd{number}", value, step=number)
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "config.json")
        data = mlflow.data.from_dict({"question": ["a", "b"]}, name="questions") if hasattr(mlflow.data, "from_dict") else None
        if data is not None:
            mlflow.log_input(data, context="training", tags={"kind": "small"})
        model = mlflow.create_external_model(name="agent", params={"temperature": "0.5"}, tags={"stage": "one"})
        mlflow.log_metric("accuracy", 0.75, step=3, model_id=model.model_id)
        client.log_inputs(run.info.run_id, models=[mlflow.entities.LoggedModelInput(model.model_id)])
        mlflow.log_outputs(models=[mlflow.entities.LoggedModelOutput(model.model_id, 7)])
    failed = client.create_run(experiment, run_name="failed", tags={"mlflow.parentRunId": run.info.run_id})
    client.set_terminated(failed.info.run_id, "FAILED")
    client.create_run(experiment, run_name="going on")
    gone = client.create_run(experiment, run_name="gone")
    client.log_param(gone.info.run_id, "kept", "yes")
    client.delete_run(gone.info.run_id)
    return run.info.run_id, model.model_id


def traces(client, experiment, run):
    mlflow.set_experiment(experiment_id=experiment)
    made = []
    for number in range(TRACES):
        with mlflow.start_span(f"answer {number}", span_type="AGENT") as top:
            top.set_inputs({"question": f"what is {number}?", "list": [1, 2.5, None, True]})
            mlflow.update_current_trace(tags={"number": str(number)}, client_request_id=f"request-{number}",
                                        metadata={"mlflow.trace.session": f"session {number % 3}", "mlflow.trace.user": "ann", "own": "ünï"})
            with mlflow.start_span("model", span_type="CHAT_MODEL") as step:
                step.set_inputs({"messages": [{"role": "user", "content": "hi"}]})
                step.set_attributes({"mlflow.chat.tokenUsage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
                                     "mlflow.llm.model": "gpt-4o-mini", "text": "plain", "number": number, "float": 0.1, "json text": '{"a": 1}'})
                step.add_event(mlflow.entities.SpanEvent("thought", attributes={"depth": 2}))
                step.set_outputs({"content": f"it is {number}"})
            if number % 10 == 9:
                step = mlflow.start_span("tool")
                with step as tool:
                    tool.set_status("ERROR")
                top.set_status("ERROR")
            top.set_outputs(f"it is {number}")
        made.append(top.trace_id)
    mlflow.flush_trace_async_logging()
    human = AssessmentSource(source_type="HUMAN", source_id="ann@example.com")
    for number, trace in enumerate(made[:12]):
        first = mlflow.log_feedback(trace_id=trace, name="good", value=number % 2 == 0, source=human, rationale="it seems so", metadata={"why": "x"})
        mlflow.log_expectation(trace_id=trace, name="expected", value={"answer": [number, "x", None]}, source=human)
        mlflow.log_expectation(trace_id=trace, name="plain", value=f"it is {number}", source=human)
        if number == 1:
            mlflow.override_feedback(trace_id=trace, assessment_id=first.assessment_id, value=True, rationale="on second thought", source=human)
        if number == 2:
            mlflow.log_feedback(trace_id=trace, name="judged", error=ValueError("no answer"), source=AssessmentSource("LLM_JUDGE", "gpt"))
    client.link_traces_to_run(made[:4], run)
    return made


def datasets(experiment):
    from mlflow.genai.datasets import create_dataset
    dataset = create_dataset("questions", experiment_id=[experiment], tags={"owner": "ann"})
    dataset.merge_records([{"inputs": {"question": f"q{n}", "n": n}, "expectations": {"answer": f"a{n}", "score": 0.5}, "outputs": {"answer": f"o{n}"},
                            "tags": {"split": "train"}, "source": {"source_type": "HUMAN", "source_data": {"user": "ann"}}} for n in range(40)])
    create_dataset("empty", experiment_id=[experiment])
    return dataset.dataset_id


def prompts(client):
    for number in range(3):
        mlflow.genai.register_prompt("greet", f"Hello {{{{name}}}}, version {number + 1}.", commit_message=f"change {number + 1}", tags={"author": "ann"})
    mlflow.genai.register_prompt("chat", [{"role": "user", "content": "Say {{what}}"}])
    mlflow.genai.set_prompt_alias("greet", "production", 1)
    client.set_prompt_tag("greet", "area", "front")
    client.delete_prompt_version("greet", "2")
    client.create_registered_model("classifier", tags={"kind": "old"}, description="a model")
    client.create_model_version("classifier", "s3://bucket/model", description="first", tags={"v": "1"})
    client.set_registered_model_alias("classifier", "champion", 1)


def people(experiment, made):
    from mlflow.genai import label_schemas, review_queues
    schema = label_schemas.create_label_schema(name="right", type="feedback", input=label_schemas.InputPassFail(positive_label="Right", negative_label="Wrong"), instruction="Is it right?", experiment_id=experiment)
    queue = review_queues.create_review_queue("check", queue_type="custom", experiment_id=experiment, users=["ann"], schema_ids=[schema.schema_id])
    review_queues.add_items_to_review_queue(queue_id=queue.queue_id, item_ids=made[:3])
    review_queues.set_review_queue_item_status(queue.queue_id, made[0], status="complete", completed_by="ann")


def optional(what, *arguments):
    """What only newer releases have."""
    try:
        what(*arguments)
    except Exception as error:
        print(f"left out {what.__name__}: {type(error).__name__}: {error}", file=sys.stderr)


def scorers(experiment):
    from mlflow.genai.scorers import Guidelines
    for text in ("Be polite.", "Be brief."):
        Guidelines(name="tone", guidelines=text).register(experiment_id=experiment)


def main(uri):
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    first = client.create_experiment("support", tags={"team": "chat", "mlflow.note.content": "a note"})
    mlflow.set_experiment(experiment_id=first)
    run, model = runs(client, first)
    made = traces(client, first, run)
    gone = client.create_experiment("gone")
    client.create_run(gone, run_name="of what is gone")
    client.delete_experiment(gone)
    default = client.create_run("0", run_name="in the default")
    client.set_terminated(default.info.run_id)
    datasets(first)
    prompts(client)
    optional(scorers, first)
    optional(people, first, made)


main(sys.argv[1])
