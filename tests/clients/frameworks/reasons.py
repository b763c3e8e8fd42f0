"""Differences from MLflow's own server that are meant: where each holds, by place, Karat's and MLflow's, and why."""

import json
import math
import re

from differences import ABSENT

LANGCHAIN = re.compile(r"\.metadata\.(ls_|lc_|langgraph_|checkpoint_ns$|thread_id$)")
COST = re.compile(r"\.mlflow\.(llm|trace)\.cost\b")


def alike(mine, his):
    """Sums of fractions have more than one last digit."""
    return isinstance(mine, float) and isinstance(his, float) and math.isclose(mine, his, rel_tol=1e-9)


REASONS = [
    (lambda place, mine, his: place.endswith(".mlflow.trace.infoFinalized"), "a mark that MLflow's server leaves for itself"),
    (lambda place, mine, his: COST.search(place) and (mine is ABSENT or alike(mine, his)), "Karat has its own prices, of fewer models"),
    (lambda place, mine, his: LANGCHAIN.search(place) and his is ABSENT, "what LangChain's spans say in `metadata` is metadata of the trace"),
    (lambda place, mine, his: place.endswith("_preview") and json.dumps(mine) in his,
     "where no client has made a preview, it is what was said, and not JSON of it"),
    (lambda place, mine, his: ".tags.service." in place and mine is ABSENT, "what a resource says is no tag"),
    (lambda place, mine, his: ".attributes." in place and isinstance(his, list | dict) and mine == json.dumps(his),
     "a text of an application's own stays one where it is JSON"),
]
