"""Rows to evaluate on, kept on the server: from hand, from traces, found again, changed, deleted."""

import json

import guide
import mlflow
from mlflow.genai.datasets import (
    add_dataset_to_experiments, create_dataset, delete_dataset, delete_dataset_tag, get_dataset, remove_dataset_from_experiments,
    search_datasets, set_dataset_tags)

experiment = guide.experiment("datasets")
NAME = guide.unique("rows")

made = create_dataset(name=NAME, experiment_id=experiment.experiment_id, tags={"team": "weather"})
assert made.dataset_id.startswith("d-") and made.name == NAME and made.tags["team"] == "weather", made
empty = made.digest
assert not made.has_records() and len(made.to_df()) == 0

# From hand
made.merge_records([
    {"inputs": {"question": "How is Oslo?", "n": 1}, "expectations": {"expected_response": "cold"}, "tags": {"row": "1"}},
    {"inputs": {"question": "How is Bergen?", "n": 2}, "expectations": {"expected_facts": ["wet", "windy"]}}])
table = made.to_df()
assert len(table) == 2 and {"dataset_record_id", "inputs", "outputs", "expectations", "tags", "source"} <= set(table.columns), list(table.columns)
rows = {row["inputs"]["question"]: row for row in table.to_dict("records")}
assert rows["How is Oslo?"]["expectations"] == {"expected_response": "cold"} and rows["How is Oslo?"]["tags"]["row"] == "1", rows
assert all(row["dataset_record_id"].startswith("dr-") for row in rows.values())
# The same inputs are the same row
made.merge_records([{"inputs": {"n": 1, "question": "How is Oslo?"}, "expectations": {"guidelines": ["Be brief."]}, "tags": {"seen": "yes"}}])
rows = {row["inputs"]["question"]: row for row in get_dataset(dataset_id=made.dataset_id).to_df().to_dict("records")}
assert len(rows) == 2 and rows["How is Oslo?"]["expectations"] == {"expected_response": "cold", "guidelines": ["Be brief."]}, rows
assert rows["How is Oslo?"]["tags"] | {"row": "1", "seen": "yes"} == rows["How is Oslo?"]["tags"], rows


# From traces, with what was expected of them
@mlflow.trace
def answer(question):
    return f"{question} windy"


answer("How is Tromsø?")
trace = guide.last_trace().info.trace_id
mlflow.log_expectation(trace_id=trace, name="expected_response", value="windy")
mlflow.log_feedback(trace_id=trace, name="good", value=True)
made.merge_records(mlflow.search_traces(locations=[experiment.experiment_id], return_type="list"))
rows = {row["inputs"]["question"]: row for row in get_dataset(dataset_id=made.dataset_id).to_df().to_dict("records")}
of_trace = rows["How is Tromsø?"]
assert len(rows) == 3 and of_trace["expectations"] == {"expected_response": "windy"}, of_trace
assert of_trace["source"].source_type == "TRACE" and of_trace["source"].source_data["trace_id"] == trace, of_trace["source"]
answer("How is Bodø?")
mlflow.flush_trace_async_logging()
made.merge_records(mlflow.search_traces(locations=[experiment.experiment_id], max_results=1))
assert len(get_dataset(dataset_id=made.dataset_id).to_df()) == 4

# Found again
read = get_dataset(name=NAME)
assert read.dataset_id == made.dataset_id and read.experiment_ids == [experiment.experiment_id], read
assert json.loads(read.profile) == {"num_records": 4}, read.profile
assert json.loads(read.schema)["inputs"] == {"question": "string", "n": "integer"}, read.schema
assert read.digest and read.digest != empty, read.digest
assert read.created_time <= read.last_update_time
other = create_dataset(name=guide.unique("others"), experiment_id=experiment.experiment_id, tags={"team": "news"})


def found(filter=None, **more):
    return [dataset.name for dataset in search_datasets(experiment_ids=[experiment.experiment_id], filter_string=filter, **more)]


assert found(order_by=["created_time ASC"]) == [NAME, other.name]
assert found(f"name = '{NAME}'") == [NAME]
assert found("name LIKE 'others%'") == [other.name]
assert found("tags.team = 'weather'") == [NAME]
assert found(order_by=["name DESC"], max_results=1) == [NAME]
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: get_dataset(dataset_id="d-" + "0" * 32))

# Tags, and whose it is
set_dataset_tags(dataset_id=made.dataset_id, tags={"version": "1", "team": "climate"})
assert {"version": "1", "team": "climate"}.items() <= get_dataset(dataset_id=made.dataset_id).tags.items()
delete_dataset_tag(dataset_id=made.dataset_id, key="version")
assert "version" not in get_dataset(dataset_id=made.dataset_id).tags
beside = mlflow.create_experiment(guide.unique("beside"))
assert set(add_dataset_to_experiments(made.dataset_id, [beside]).experiment_ids) == {experiment.experiment_id, beside}
assert [one.dataset_id for one in search_datasets(experiment_ids=[beside])] == [made.dataset_id]
assert remove_dataset_from_experiments(made.dataset_id, [beside]).experiment_ids == [experiment.experiment_id]

# Evaluated on
made.delete_records([row["dataset_record_id"] for question, row in rows.items() if question != "How is Oslo?"])
left = get_dataset(dataset_id=made.dataset_id).to_df()
assert len(left) == 2, left
result = mlflow.genai.evaluate(data=get_dataset(name=NAME), predict_fn=lambda question, n=0: f"{question} cold",
                               scorers=[mlflow.genai.scorer(name="cold")(lambda outputs: "cold" in outputs)])
assert result.metrics == {"cold/mean": 1}, result.metrics
inputs = mlflow.get_run(result.run_id).inputs.dataset_inputs
assert [one.dataset.name for one in inputs] == [NAME] and made.dataset_id in inputs[0].dataset.source, inputs

# Gone
delete_dataset(dataset_id=other.dataset_id)
assert found() == [NAME]
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: get_dataset(dataset_id=other.dataset_id))
