"""What MLflow's client does in each phase, with how long it waited for each request. Prints that as JSON.

    PYTHON client.py traces COUNT | search EXPERIMENT RUN CALLS | evaluate ROWS | kept EXPERIMENT
"""

import json
import logging
import re
import sys
import threading
import time
import uuid
import warnings

warnings.filterwarnings("ignore")

import mlflow
import requests

logging.getLogger("mlflow").setLevel(logging.ERROR)
SPANS = ["rewrite", "search", "model", "check"]
ID = re.compile(r"\b(tr-|a-)?[0-9a-f]{32}\b|(?<=/)\d+(?=/|$)")
waited, lock = {}, threading.Lock()
refused = 0


def watch():
    """Notes of every request how long its whole answer took."""
    send = requests.Session.send

    def timed(session, request, **more):
        global refused
        start = time.perf_counter()
        answer = send(session, request, **more)
        took = time.perf_counter() - start
        with lock:
            waited.setdefault(f"{request.method} {ID.sub('ID', request.path_url.split('?')[0])}", []).append(took)
            # An experiment is looked for before it is made.
            refused += answer.status_code >= 400 and answer.status_code != 404
        return answer

    requests.Session.send = timed


def traces(count):
    experiment = mlflow.set_experiment(f"traces {uuid.uuid4().hex}")
    start = time.perf_counter()
    for n in range(int(count)):
        with mlflow.start_span("answer", span_type="AGENT") as root:
            root.set_inputs({"question": f"How is the weather in city {n}?"})
            for name in SPANS:
                with mlflow.start_span(name) as span:
                    span.set_inputs({"of": n, "text": "How is the weather?"})
                    span.set_outputs({"text": "It is 7 degrees, and it will rain in the evening.", "rows": [n, n + 1]})
            root.set_outputs("It is 7 degrees.")
    mlflow.flush_trace_async_logging()
    return {"wall": time.perf_counter() - start, "experiment": experiment.experiment_id}


def search(experiment, run, calls):
    """The newest hundred traces of which each filter holds."""
    asked = {
        "newest": {}, "oldest": {"order_by": ["timestamp_ms ASC"]}, "status": {"filter_string": "trace.status = 'ERROR'"},
        "tag": {"filter_string": "tags.topic = 'topic-0007'"}, "run": {"run_id": run},
    }
    took = {}
    for name, question in asked.items():
        for _ in range(int(calls)):
            start = time.perf_counter()
            found = mlflow.search_traces(locations=[experiment], max_results=100, return_type="list", **question)
            took.setdefault(f"search_traces, {name}", []).append(time.perf_counter() - start)
            assert found and all(len(trace.data.spans) == 3 for trace in found), name
    return {"calls": took}


def evaluate(rows):
    from mlflow.genai.scorers import scorer

    @scorer
    def short(outputs):
        return len(outputs) < 100

    @scorer
    def exact(outputs, expectations):
        return outputs == expectations["expected_response"]

    experiment = mlflow.set_experiment(f"evaluated {uuid.uuid4().hex}")
    data = [{"inputs": {"city": f"city {n}"}, "expectations": {"expected_response": f"city {n}: 7 degrees"}} for n in range(int(rows))]
    start = time.perf_counter()
    result = mlflow.genai.evaluate(data=data, predict_fn=lambda city: f"{city}: 7 degrees", scorers=[short, exact])
    mlflow.flush_trace_async_logging()
    wall = time.perf_counter() - start
    assert result.metrics["exact/mean"] == 1, result.metrics
    return {"wall": wall, "experiment": experiment.experiment_id}


def kept(experiment):
    found = mlflow.search_traces(locations=[experiment], return_type="list", include_spans=False)
    return {"traces": len(found), "assessments": sum(len(trace.info.assessments) for trace in found)}


if __name__ == "__main__":
    watch()
    told = {"traces": traces, "search": search, "evaluate": evaluate, "kept": kept}[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({**told, "requests": waited, "refused": refused}))
