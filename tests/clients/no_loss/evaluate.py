"""An evaluation as a user writes it, all settings as they are, and what of it is in the store behind `MLFLOW_TRACKING_URI` then.
Prints that as JSON."""

import json
import logging
import sys
import uuid
import warnings

warnings.filterwarnings("ignore")

import mlflow
from mlflow.genai.scorers import scorer

logging.getLogger("mlflow").setLevel(logging.ERROR)
ROWS = int(sys.argv[1])
experiment = mlflow.set_experiment(f"no loss {uuid.uuid4().hex}")


@mlflow.trace
def lookup(city):
    return f"{city}: 7 degrees"


@mlflow.trace
def predict(city):
    return lookup(city)


@scorer
def short(outputs):
    return len(outputs) < 100


@scorer
def exact(outputs, expectations):
    return outputs == expectations["expected_response"]


data = [{"inputs": {"city": f"city {n}"}, "expectations": {"expected_response": f"city {n}: 7 degrees"}} for n in range(ROWS)]
result = mlflow.genai.evaluate(data=data, predict_fn=predict, scorers=[short, exact])
mlflow.flush_trace_async_logging()

found = mlflow.search_traces(locations=[experiment.experiment_id], run_id=result.run_id, return_type="list")
spans = sum(len(trace.data.spans) for trace in found)
assessments = sum(len(trace.info.assessments) for trace in found)
print(json.dumps({
    "reported": mlflow.get_run(result.run_id).info.status, "mean": float(result.metrics["exact/mean"]),
    "traces": len({trace.info.trace_id for trace in found}), "spans": spans, "assessments": assessments}))
