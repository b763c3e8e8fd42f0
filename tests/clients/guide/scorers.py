"""Scorers that are kept on the server, their versions, and which traces they are to look at as these come in."""

import guide
import mlflow
import requests
from mlflow.genai.judges import make_judge
from mlflow.genai.scorers import (
    Guidelines, RelevanceToQuery, Safety, ScorerSamplingConfig, delete_scorer, get_scorer, list_scorers, scorer)
from mlflow.genai.scorers.registry import list_scorer_versions

experiment = guide.experiment("scorers")
ENDPOINT = "judge"


def made_endpoint():
    """MLflow's server has to be told of an endpoint before a scorer names it; Karat's are in the file of its gateway."""
    def create(what, **fields):
        return requests.post(f"{guide.SERVER}/api/3.0/mlflow/gateway/{what}/create", json=fields, timeout=60).json()

    listed = requests.get(f"{guide.SERVER}/api/3.0/mlflow/gateway/endpoints/list", timeout=60).json()
    if ENDPOINT not in [endpoint["name"] for endpoint in listed.get("endpoints", [])]:
        secret = create("secrets", secret_name=guide.unique("key"), secret_value={"api_key": "none"}, provider="openai")
        definition = create("model-definitions", name=guide.unique("small"), secret_id=secret["secret"]["secret_id"],
                            provider="openai", model_name="gpt-4o-mini")
        create("endpoints", name=ENDPOINT, model_configs=[{
            "model_definition_id": definition["model_definition"]["model_definition_id"], "linkage_type": "PRIMARY", "weight": 1.0}])


made_endpoint()

# Kept, in versions
brief = Guidelines(name="brief", guidelines=["Be brief."]).register()
assert brief.name == "brief" and list_scorers()[0].guidelines == ["Be brief."]
Guidelines(name="brief", guidelines=["Be very brief."]).register()
assert [number for _, number in list_scorer_versions(name="brief")] == [1, 2]
assert get_scorer(name="brief").guidelines == ["Be very brief."] and get_scorer(name="brief", version=1).guidelines == ["Be brief."]
friendly = make_judge(name="friendly", instructions="Is {{ outputs }} a friendly answer to {{ inputs }}?", model=f"gateway:/{ENDPOINT}",
                      feedback_value_type=bool).register()
read = get_scorer(name="friendly")
assert read.instructions == "Is {{ outputs }} a friendly answer to {{ inputs }}?" and read.feedback_value_type is bool, read
assert read.model == f"gateway:/{ENDPOINT}", read.model
RelevanceToQuery().register(name="relevance")
assert {one.name for one in list_scorers()} == {"brief", "friendly", "relevance"}
assert list_scorers(experiment_id=mlflow.create_experiment(guide.unique("empty"))) == []


# Refused: code of one's own is not kept
@scorer
def short(outputs):
    return len(outputs) < 100


guide.refused("INVALID_PARAMETER_VALUE", short.register, "Custom scorer registration")
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: get_scorer(name="nobody"))
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: get_scorer(name="brief", version=9))

# Started, changed, stopped
started = friendly.start(sampling_config=ScorerSamplingConfig(sample_rate=0.5))
assert (started.sample_rate, started.status.value) == (0.5, "STARTED"), started
changed = started.update(sampling_config=ScorerSamplingConfig(sample_rate=1, filter_string="trace.status = 'OK'"))
assert (changed.sample_rate, changed.filter_string) == (1, "trace.status = 'OK'"), changed
listed = next(one for one in list_scorers() if one.name == "friendly")
assert (listed.sample_rate, listed.filter_string, listed.status.value) == (1, "trace.status = 'OK'", "STARTED"), listed
assert changed.stop().status.value == "STOPPED"
listed = next(one for one in list_scorers() if one.name == "friendly")
assert listed.sample_rate in (0, None) and listed.status.value == "STOPPED", listed

# Refused: a model that is not the server's to call, what nobody has told, a wrong filter
sample = ScorerSamplingConfig(sample_rate=1)
guide.refused("INVALID_PARAMETER_VALUE", lambda: Safety().register().start(sampling_config=sample), "gateway model")
expecting = make_judge(name="expecting", instructions="Is {{ outputs }} like {{ expectations }}?", model=f"gateway:/{ENDPOINT}").register()
guide.refused("INVALID_PARAMETER_VALUE", lambda: expecting.start(sampling_config=sample), "requires expectations")
guide.refused("INVALID_PARAMETER_VALUE", lambda: friendly.start(
    sampling_config=ScorerSamplingConfig(sample_rate=1, filter_string="nonsense = 'x'")))
guide.refused("INVALID_PARAMETER_VALUE", lambda: friendly.start(sampling_config=ScorerSamplingConfig(sample_rate=2)))

# Gone
delete_scorer(name="brief", version=1)
assert [number for _, number in list_scorer_versions(name="brief")] == [2]
delete_scorer(name="brief", version="all")
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: get_scorer(name="brief"))
assert "brief" not in {one.name for one in list_scorers()}
