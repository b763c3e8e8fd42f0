"""Everything that MLflow's client reads of a server, as JSON: `python dump.py URI`.

Things are by their names, and runs and versions stand for their ids, so that two servers which give other ids can be compared.
`python dump.py URI ids` tells ids and times as well.
"""

import json
import os
import sys
import warnings

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
warnings.filterwarnings("ignore")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

# What a server says of its own, and what `karat export` notes.
OWN = ("mlflow.artifactLocation", "mlflow.trace.infoFinalized", "mlflow.trace.spansLocation", "mlflow.trace.sizeBytes", "mlflow.trace.sizeStats", "karat.id", "karat.carried")


class Dump:
    def __init__(self, uri, with_ids):
        mlflow.set_tracking_uri(uri)
        self.client, self.with_ids, self.names = MlflowClient(), with_ids, {}

    def tags(self, tags):
        return {key: self.named(value) for key, value in sorted(tags.items()) if key not in OWN}

    def named(self, text):
        return text if self.with_ids else self.names.get(text, text)

    def id_and(self, id, **more):
        return {"id": id, **more} if self.with_ids else {}

    def experiments(self):
        experiments = sorted(self.client.search_experiments(view_type=ViewType.ALL), key=lambda one: one.name)
        for experiment in experiments:
            for run in self.client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL):
                self.names[run.info.run_id] = f"run {run.info.run_name}"
            for model in mlflow.search_logged_models([experiment.experiment_id], output_format="list"):
                self.names[model.model_id] = f"model {model.name}"
        return {one.name: self.experiment(one) for one in experiments}

    def experiment(self, one):
        times = self.id_and(one.experiment_id, created=one.creation_time) if one.experiment_id != "0" else {}
        told = {"stage": one.lifecycle_stage, "tags": self.tags(one.tags), **times}
        runs = self.client.search_runs([one.experiment_id], run_view_type=ViewType.ALL)
        told["runs"] = {run.info.run_name: self.run(run) for run in runs}
        told["models"] = {model.name: self.model(model) for model in mlflow.search_logged_models([one.experiment_id], output_format="list")}
        told["traces"] = {trace.info.trace_id: self.trace(trace) for trace in self.traces(one.experiment_id)}
        return told

    def run(self, run):
        # A list leaves out what went into a run.
        run = self.client.get_run(run.info.run_id)
        info, inputs = run.info, run.inputs
        told = {"user": info.user_id, "status": info.status, "start": info.start_time, "end": info.end_time, "stage": info.lifecycle_stage,
                "params": run.data.params, "tags": self.tags(run.data.tags), **self.id_and(info.run_id)}
        told["histories"] = {key: [[repr(point.value), point.timestamp, point.step] for point in self.client.get_metric_history(info.run_id, key)]
                             for key in sorted(run.data.metrics)}
        told["data"] = [[one.dataset.name, one.dataset.digest, one.dataset.source, sorted((tag.key, tag.value) for tag in one.tags)] for one in inputs.dataset_inputs]
        told["used"] = [self.named(one.model_id) for one in inputs.model_inputs]
        told["made"] = [[self.named(one.model_id), one.step] for one in run.outputs.model_outputs] if run.outputs else []
        told["files"] = self.files(info.run_id, "") if info.lifecycle_stage == "active" else None
        return told

    def files(self, run, folder):
        found = {}
        for entry in self.client.list_artifacts(run, folder):
            if entry.is_dir:
                found |= self.files(run, entry.path)
            else:
                with open(self.client.download_artifacts(run, entry.path), "rb") as file:
                    found[entry.path] = file.read().hex()
        return found

    def model(self, model):
        metrics = sorted([metric.key, metric.value, metric.step, self.named(metric.run_id)] for metric in model.metrics or [])
        return {"status": str(model.status), "params": model.params, "tags": self.tags(model.tags), "run": self.named(model.source_run_id), "metrics": metrics,
                **self.id_and(model.model_id, created=model.creation_timestamp)}

    def traces(self, experiment):
        try:
            return mlflow.search_traces(locations=[experiment], return_type="list", max_results=500)
        except mlflow.exceptions.MlflowException as error:
            if "deleted" in str(error) or "exist" in str(error):
                return []
            raise

    def trace(self, trace):
        info = trace.info
        metadata = {key: as_json(value) for key, value in self.tags(info.trace_metadata).items()}
        # Beyond the sixth digit of a number of seconds protobuf's JSON is no more the same.
        metadata = {key: rounded(value) for key, value in metadata.items()}
        spans = [[span.span_id, span.parent_id, span.name, span.span_type, span.start_time_ns, span.end_time_ns, str(span.status.status_code),
                  {key: rounded(span.get_attribute(key)) for key in sorted(span.attributes)},
                  [[event.name, event.timestamp, event.attributes] for event in span.events]] for span in sorted(trace.data.spans, key=lambda one: one.span_id)]
        return {"state": str(info.state), "start": info.request_time, "took": info.execution_duration, "request": info.client_request_id,
                "previews": [info.request_preview, info.response_preview], "metadata": metadata, "tags": self.tags(info.tags), "spans": spans,
                "assessments": sorted(self.assessment(one) for one in info.assessments)}

    def assessment(self, one):
        told = one.to_dictionary()
        told.pop("trace_id", None)
        told["metadata"] = self.tags({key: str(value) for key, value in (told.get("metadata") or {}).items()})
        return json.dumps(told, sort_keys=True)

    def datasets(self):
        from mlflow.genai.datasets import search_datasets
        return {one.name: {"tags": self.tags(one.tags or {}), "records": self.records(one), **self.id_and(one.dataset_id, created=one.created_time)}
                for one in search_datasets()}

    def records(self, dataset):
        rows = json.loads(dataset.to_df().drop(columns=["dataset_record_id"], errors="ignore").to_json(orient="records"))
        if not self.with_ids:
            rows = [{key: value for key, value in row.items() if "time" not in key and "_by" not in key} for row in rows]
        return sorted(json.dumps(row, sort_keys=True) for row in rows)

    def prompts(self):
        told = {}
        for prompt in mlflow.genai.search_prompts():
            versions = self.client.search_prompt_versions(prompt.name)
            told[prompt.name] = {
                "tags": {key: value for key, value in self.tags(prompt.tags).items() if key != "_mlflow_experiment_ids"},
                "versions": sorted(([one.version, one.template, one.commit_message, sorted(one.tags.items()), sorted(one.aliases)] for one in versions), key=str)}
        for model in self.client.search_registered_models():
            versions = self.client.search_model_versions(f"name = '{model.name}'")
            told[model.name] = {"tags": model.tags, "aliases": {key: str(value) for key, value in model.aliases.items()}, "description": model.description,
                                "versions": sorted(([one.version, one.source, one.description, sorted(one.tags.items())] for one in versions), key=str)}
        return told

    def everything(self):
        return {"experiments": self.experiments(), "datasets": self.datasets(), "prompts": self.prompts()}


def as_json(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def rounded(value):
    match value:
        case float():
            return float(f"{value:.12g}")
        case dict():
            return {key: rounded(inner) for key, inner in value.items()}
        case list():
            return [rounded(inner) for inner in value]
        case _:
            return value


if __name__ == "__main__":
    print(json.dumps(Dump(sys.argv[1], sys.argv[2:] == ["ids"]).everything(), sort_keys=True, default=str))
