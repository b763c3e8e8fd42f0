"""What MLflow's client sees of the traces of an experiment, as plain data: the header as it is found, the spans as they are read."""

import json

import mlflow
from mlflow.tracking import MlflowClient
from mlflow.tracking._tracking_service.utils import _get_store

# Of no trace is it the same twice.
OWN = {"mlflow.artifactLocation", "mlflow.trace.sizeBytes", "mlflow.trace.sizeStats"}
SUMS = {"mlflow.trace.tokenUsage", "mlflow.trace.cost"}


def traces(server, experiment):
    """In the order in which they began."""
    mlflow.set_tracking_uri(server)
    client = MlflowClient(server)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return []
    infos = client.search_traces([found.experiment_id], max_results=100, include_spans=False)
    # A client may have failed to send some of the spans: AG2's root has a number that is too large for it.
    store = _get_store(server)
    return [{"info": header(one.info), "spans": spans(store.get_trace(one.info.trace_id, allow_partial=True))}
            for one in sorted(infos, key=lambda one: one.info.request_time)]


def header(info):
    return {"state": str(info.state), "request_preview": info.request_preview, "response_preview": info.response_preview,
            "metadata": without_own(info.trace_metadata), "tags": without_own(info.tags), "tokens": info.token_usage,
            "assessments": [one.to_dictionary() for one in info.assessments]}


def without_own(pairs):
    """Sums are texts of JSON, which has no order."""
    return {key: parsed(value) if key in SUMS else value for key, value in pairs.items() if key not in OWN}


def parsed(value):
    return json.loads(value) if isinstance(value, str) else value


def spans(trace):
    """A tree, of which each level is in the order of the start."""
    of = {}
    for span in sorted(trace.data.spans, key=lambda span: span.start_time_ns):
        of.setdefault(span.parent_id, []).append(span)
    known = {span.span_id for span in trace.data.spans}

    def below(id):
        return [{"name": span.name, "type": span.span_type, "status": [str(span.status.status_code), span.status.description],
                 "inputs": span.inputs, "outputs": span.outputs, "attributes": without_own(span.attributes), "model": span.model_name,
                 "events": [{"name": event.name, "attributes": event.attributes} for event in span.events],
                 "links": len(span.links or []), "spans": below(span.span_id)} for span in of.get(id, [])]

    return below(None) + [one for id in of if id is not None and id not in known for one in below(id)]


def flat(spans):
    for span in spans:
        yield span
        yield from flat(span["spans"])
