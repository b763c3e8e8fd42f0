"""In what two answers differ once ids and times are masked."""

import contextlib
import json
import re

# Of values that are never the same twice only what they are is compared.
MASKS = [(re.compile(pattern), mask) for pattern, mask in [
    (r"\b(tr|a|d|dr|m|iss|ls|rq|s|e)-[0-9a-f]{32}\b", r"\1-ID"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"\b[0-9a-f]{32}\b", "RUN"),
    (r"\b[0-9a-f]{16}\b", "SPAN"),
    (r"-[0-9a-f]{8}\b", "-NAME"),
    (r"\d{4}-\d\d-\d\d[T ][0-9:.]+(Z|\+00:00)", "TIME"),
    (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [0-9:]+ GMT\b", "TIME"),
    (r"\b1[0-9]{12}([0-9]{6})?\b", "TIME"),
    (r"\b0x[0-9a-f]{6,}\b", "ADDRESS"),
    (r"(mlflow-artifacts:)/\d+\b", r"\1/EXPERIMENT"),
    (r"\b[0-9a-f]{8}\b", "DIGEST"),
]]
MASKED_KEYS = {"experiment_id", "experiment_ids", "_mlflow_experiment_ids", "execution_duration", "trace_id", "span_id", "parent_span_id",
               "mlflow.trace.sizeBytes", "mlflow.trace.sizeStats", "digest", "run_name", "mlflow.runName", "mlflow.source.name", "mlflow.source.git.commit", "next_page_token", "page_token", "mlflow.eval.requestId"}
UNORDERED = ("assessment_name", "key")


def masked(value, key=""):
    if key in MASKED_KEYS:
        return f"<{type(value).__name__}>"
    if isinstance(value, dict):
        return {name: masked(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, dict) and set(one) <= {"key", "value"} and "key" in one for one in value):
            # Tags, parameters and attributes are in no order.
            return {one["key"]: masked(one.get("value") or None, one["key"]) for one in sorted(value, key=lambda one: one["key"])}
        found = [masked(one, key) for one in value]
        # Assessments and metrics come as they were stored, by threads.
        return sorted(found, key=lambda one: json.dumps([one.get(name) for name in UNORDERED] + [one], sort_keys=True)) \
            if found and all(isinstance(one, dict) and any(name in one for name in UNORDERED) for one in found) else found
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return "TIME" if value > 10**12 else value
    if value[:1] in "{[":
        # JSON in a string.
        with contextlib.suppress(ValueError):
            return masked(json.loads(value), key)
    return masked_text(value)


def masked_text(text):
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text


def differences(ours, theirs, path=""):
    """Where two masked answers are not the same: the place, Karat's, MLflow's."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(name, ABSENT), theirs.get(name, ABSENT), f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"{path}[]: how many", len(ours), len(theirs)
        order = nearest(ours, theirs)
        if order != sorted(order):
            yield f"{path}[]: order", order, sorted(order)
        for one, place in zip(ours, order):
            yield from differences(one, theirs[place], f"{path}[]")
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        yield path, ours, theirs


def nearest(ours, theirs):
    """For each of ours the place of the one of theirs that is most like it: a list in another order differs in that alone."""
    places = list(range(min(len(ours), len(theirs))))
    if len(ours) != len(theirs) or len(ours) > 100 or not all(isinstance(one, dict) for one in ours + theirs):
        return places
    order = []
    for number, one in enumerate(ours):
        free = [place for place in places if place not in order]
        order.append(min(free, key=lambda place: (sum(1 for _ in differences(one, theirs[place])), place != number)))
    return order


class Absent:
    def __repr__(self):
        return "(absent)"


ABSENT = Absent()


def short(value):
    text = value if isinstance(value, str) else json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) < 300 else f"{text[:300]}…"
