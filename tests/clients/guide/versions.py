"""Versions of an application, the traces of each, and what is said of them."""

import guide
import mlflow

experiment = guide.experiment("versions")
NAMES = [guide.unique("agent-v1"), guide.unique("agent-v2")]


@mlflow.trace
def answer(question):
    return question.upper()


models = {}
for count, name in enumerate(NAMES, 1):
    model = mlflow.set_active_model(name=name)
    models[name] = model.model_id
    assert model.model_id.startswith("m-") and mlflow.get_active_model_id() == model.model_id
    mlflow.log_model_params({"model": "gpt-4o-mini", "temperature": str(count / 10), "long": "x" * 300}, model_id=model.model_id)
    for question in range(count):
        answer(f"question {question}")
        assert guide.last_trace().info.trace_metadata["mlflow.modelId"] == model.model_id
assert mlflow.set_active_model(name=NAMES[0]).model_id == models[NAMES[0]], "the same name is the same version"
with mlflow.set_active_model(model_id=models[NAMES[1]]):
    answer("in a block")
mlflow.flush_trace_async_logging()
mlflow.clear_active_model()
assert mlflow.get_active_model_id() is None
answer("of no version")
mlflow.flush_trace_async_logging()
counts = [len(mlflow.search_traces(locations=[experiment.experiment_id], model_id=models[name])) for name in NAMES]
assert counts == [1, 3], counts
assert len(mlflow.search_traces(locations=[experiment.experiment_id])) == 5

# What is known of a version
read = mlflow.get_logged_model(models[NAMES[1]])
assert (read.name, read.status, read.experiment_id) == (NAMES[1], "READY", experiment.experiment_id), read
assert read.params == {"model": "gpt-4o-mini", "temperature": "0.2", "long": "x" * 300}, read.params
mlflow.set_logged_model_tags(read.model_id, {"stage": "test", "owner": "alice"})
mlflow.set_logged_model_tags(read.model_id, {"stage": "live"})
mlflow.delete_logged_model_tag(read.model_id, "owner")
tags = mlflow.get_logged_model(read.model_id).tags
assert tags["stage"] == "live" and "owner" not in tags, tags


def found(filter=None, **more):
    return [model.name for model in mlflow.search_logged_models(
        experiment_ids=[experiment.experiment_id], filter_string=filter, output_format="list", **more)]


in_time = [{"field_name": "creation_timestamp", "ascending": True}]
assert found(order_by=in_time) == NAMES
assert found(f"name = '{NAMES[0]}'") == NAMES[:1]
assert found("params.temperature = '0.2' AND tags.stage = 'live'") == NAMES[1:]
assert found(order_by=in_time, max_results=1) == NAMES[:1]
table = mlflow.search_logged_models(experiment_ids=[experiment.experiment_id])
assert len(table) == 2 and set(table["name"]) == set(NAMES)

# How good it is
with mlflow.start_run():
    mlflow.log_metric("quality", 0.5, model_id=models[NAMES[0]])
    mlflow.log_metric("quality", 0.9, model_id=models[NAMES[1]])
assert {metric.key: metric.value for metric in mlflow.get_logged_model(models[NAMES[1]]).metrics} == {"quality": 0.9}
assert found("metrics.quality > 0.6") == NAMES[1:]
assert found(order_by=[{"field_name": "metrics.quality", "ascending": False}]) == NAMES[::-1]
mlflow.set_active_model(name=NAMES[1])
result = mlflow.genai.evaluate(data=[{"inputs": {"question": "how?"}}], predict_fn=answer,
                               scorers=[mlflow.genai.scorer(name="loud")(lambda outputs: outputs.isupper())], model_id=models[NAMES[1]])
mlflow.clear_active_model()
assert [model.model_id for model in mlflow.get_run(result.run_id).inputs.model_inputs] == [models[NAMES[1]]]
assert {metric.key: metric.value for metric in mlflow.get_logged_model(models[NAMES[1]]).metrics} == {"quality": 0.9, "loud/mean": 1}

# By hand, from outside, and gone again
made = mlflow.create_external_model(name=guide.unique("outside"), model_type="agent", params={"a": "1"}, tags={"k": "v"})
assert (made.status, made.params, made.tags["k"], made.model_type) == ("READY", {"a": "1"}, "v", "agent"), made
begun = mlflow.initialize_logged_model(name=guide.unique("begun"))
assert begun.status == "PENDING" and mlflow.finalize_logged_model(begun.model_id, "FAILED").status == "FAILED"
mlflow.MlflowClient().delete_logged_model(begun.model_id)
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_logged_model(begun.model_id))
