"""Scorers of Karat's server in MLflow's `evaluate`: they run there, in its sandbox. MLflow's own server has none."""

import pathlib
import sys

import guide
import mlflow
import pandas
from mlflow.entities import Feedback
from mlflow.genai.scorers import ScorerSamplingConfig, scorer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "guest-sdk/python"))
import karat

if not mlflow.utils.rest_utils.http_request(
    mlflow.utils.credentials.get_default_host_creds(guide.SERVER), "/api/karat/v1/openapi.json", "GET"
).ok:
    sys.exit(0)

experiment = guide.experiment("karat-scorers")
matches = karat.scorer("numeric_match", tolerance=0.5)
words = karat.scorer("contains", key="says_so", any=["it is"])


@mlflow.trace(span_type="TOOL")
def add(a, b):
    return a + b


def app(a, b):
    return f"it is {add(a, b)}"


@scorer
def short(outputs):
    return Feedback(value=len(outputs) < 20)


data = [{"inputs": {"a": n, "b": 1}, "expectations": {"expected_response": n + 1 if n % 4 else 0}} for n in range(40)]
done = mlflow.genai.evaluate(data=data, predict_fn=app, scorers=[matches, words, short, karat.scorer("step_count")])
errors = [said.error for trace in mlflow.search_traces(run_id=done.run_id, return_type="list")
          for said in trace.info.assessments if said.name == "numeric_match" and said.error]
assert done.metrics["numeric_match/mean"] == 0.75, (done.metrics, errors)
assert done.metrics["says_so/mean"] == done.metrics["short/mean"] == done.metrics["step_count/mean"] == 1, done.metrics
trace = mlflow.search_traces(run_id=done.run_id, return_type="list")[0]
said = guide.by_name(trace.info.trace_id)["numeric_match"]
assert said.source.source_type == "CODE" and said.source.source_id.startswith("karat:/karat/text@"), said
assert len(said.metadata["karat.plugin.digest"]) == 64, said

# Without an application, of a table; what a scorer can't decide is no verdict.
table = pandas.DataFrame([{"inputs": {"q": "?"}, "outputs": "it is 7", "expectations": {"expected_response": "7"}},
                          {"inputs": {"q": "!"}, "outputs": "no number", "expectations": {"expected_response": "none"}}])
done = mlflow.genai.evaluate(data=table, scorers=[matches])
values = [guide.by_name(trace.info.trace_id)["numeric_match"] for trace in mlflow.search_traces(run_id=done.run_id, return_type="list")]
assert sorted(str(said.feedback.value) for said in values) == ["None", "True"], values
assert [said.error.error_code for said in values if said.error] in (["ABSTAINED"], ["FAILED"]), values

# Registered by its digest, to look at traces as they come in.
registered = matches.register(name="close_enough")
started = registered.start(sampling_config=ScorerSamplingConfig(sample_rate=0.5))
assert (started.name, started.sample_rate) == ("close_enough", 0.5), started
found = mlflow.genai.scorers.get_scorer(name="close_enough")
assert found.model == "karat:/numeric_match", found
assert [one.name for one in mlflow.genai.scorers.list_scorers()] == ["close_enough"]
guide.refused("INVALID_PARAMETER_VALUE", lambda: karat.scorer("numeric_mach").register(), "numeric_match")
