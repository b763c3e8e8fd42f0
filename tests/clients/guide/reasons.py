"""Differences from MLflow's own server that are meant: the endpoint and the place where each holds, and why."""

import json
import re

from differences import ABSENT


def at(endpoint, place, why, holds=lambda mine, his: True):
    """Both are patterns: of the endpoint anywhere, of the place as a whole."""
    endpoint, place = re.compile(endpoint), re.compile(place)
    return lambda name, where, mine, his: why if endpoint.search(name) and place.fullmatch(where) and holds(mine, his) else None


def is_added(mine, his):
    return his is ABSENT


def is_left_out(mine, his):
    return mine is ABSENT


def is_same_but_numbers(mine, his):
    return re.sub(r"\d+", "0", str(mine)) == re.sub(r"\d+", "0", str(his))


REASONS = [
    at("", r"\.(error_class|sqlstate)", "MLflow says an error's code twice more, in words of Databricks, which no client reads", is_left_out),
    at("", r".*\.mlflow\.trace\.infoFinalized", "a mark that MLflow's server leaves for itself", is_left_out),
    at("", r".*\.mlflow\.(llm|trace)\.cost.*", "Karat has prices of its own"),
    at("scorers", r".*\.required_columns\[\]", "a set: MLflow's client writes it in any order"),
    at("optimis|traces", r".*\.asking-[0-9a-f]{8}", "the script gives its prompt another name each time"),
    at("online-config", r"\.message", "the number as it was sent", lambda mine, his: f"{mine}.0" == his),
    at("", r"\.message", "another number of the experiment", is_same_but_numbers),
    at("", r"\.message", "the sentence says in which column of the filter it is wrong, and what there is instead", lambda mine, his: "at column" in mine),
    at("assessments", r"\.message", "the trace is in the request", lambda mine, his: str(his).startswith(str(mine).rstrip("."))),
    at("scorers/register", r"\.message", "without the ways that lead to Databricks", lambda mine, his: his.startswith(mine[:60])),
    at("POST /api/3.0/mlflow/traces$", r"\.trace\.trace_info\.tags\..*", "the answer has all that is known of the trace; MLflow's has no tags where spans came first", is_added),
    at("POST /api/2.0/mlflow/runs/create", r"\.run\.outputs", "an empty message", lambda mine, his: mine == {}),
    at("logged-models/m-ID/tags", r"\.model", "the answer has the model as it is then", is_added),
    at("(add|remove)-experiments", r"\.dataset\.experiment_ids", "the answer has the dataset as it is then", is_added),
    at("gateway/endpoints/list", r"\.endpoints", "the operator's models are the endpoints", is_added),
    at("server-info", r"\..*", "what is not served is not announced", lambda mine, his: mine in (False, ABSENT)),
    at("GET /version", "body", "both versions", lambda mine, his: mine.startswith(his)),
    at("search|batchGet|records", r".*: order", "of what came in one moment, either may be first"),
]


def reason(endpoint, place, mine, his):
    return next((why for why in (of(endpoint, place, mine, his) for of in REASONS) if why), None)


# What only one of the two is asked, and why.
ALONE = [
    ("MLflow", r"PUT .*mlflow-artifacts/artifacts", "spans are sent a third time, as a file: MLflow's first answer does not say that they are there"),
    ("MLflow", r"gateway/(endpoints|model-definitions|secrets)/create", "a key that is given by value is refused: the script goes on without"),
    ("MLflow", r"server-info|experiment-ids", "asked again by processes that the client starts, or once its first answer is old"),
    ("Karat", r"", "asked once more: how often a client asks in a loop is chance"),
]


def alone(side, endpoint):
    return next((why for of, pattern, why in ALONE if of == side and re.search(pattern, endpoint)), None)
