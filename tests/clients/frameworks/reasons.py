"""Differences from MLflow's own server that are meant: where each holds, by place, Karat's and MLflow's, and why."""

import json

from differences import ABSENT

REASONS = [
    (lambda place, mine, his: place.endswith(".mlflow.trace.infoFinalized"), "a mark that MLflow's server leaves for itself"),
    (lambda place, mine, his: ".mlflow.llm.cost" in place or ".mlflow.trace.cost" in place,
     "Karat has its own prices, and none for what a cache has; its costs have no parts"),
    (lambda place, mine, his: ".metadata." in place and his is ABSENT,
     "what LangChain's spans say in `metadata` is metadata of the trace"),
    (lambda place, mine, his: place.endswith("_preview") and his == json.dumps(mine),
     "a text that no client has made a preview of is its own preview, without quotes"),
    (lambda place, mine, his: ".tags.service." in place and mine is ABSENT, "what a resource says is no tag"),
    (lambda place, mine, his: ".attributes." in place and isinstance(mine, str) and his in ([], {}) and json.dumps(his) == mine,
     "a text of an application's own stays one where it is JSON"),
]
