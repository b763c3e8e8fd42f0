"""What a user of MLflow's guide sees on Karat: each script has its own checks, and fails as a whole."""

import json
import pathlib
import re
import sys
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
import interface


def arguments(model, folder):
    """A scorer that looks at traces by itself wants a model of the gateway."""
    endpoints = {"judge": {"model": "openai:/gpt-4o-mini", "base_url": model, "price": {"input": 1, "output": 10}}}
    (folder / "gateway.yaml").write_text(json.dumps({"max_usd": 1, "endpoints": endpoints}))
    return ["--gateway", "gateway.yaml", "--allow", f"http={model.removesuffix('/v1')}"]


def check_scripts(karat, expect, told):
    expect("there are scripts", bool(told["failures"]), True)
    for topic, failure in told["failures"].items():
        expect.fail(topic, failure) if failure else expect(topic, failure, "")


def ask(karat, path, **question):
    kind = {"content-type": "application/json"}
    asked = urllib.request.Request(f"{karat.api}/api/{path}", json.dumps(question).encode(), kind)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def check_interface(karat, expect, told):
    """MLflow's own pages, in a browser, once all scripts have left something to see."""
    if not told["whole"]:
        return
    experiments = ask(karat, "2.0/mlflow/experiments/search", max_results=100)["experiments"]
    of_tracing = next(one for one in experiments if one["name"].startswith("tracing"))
    evaluated = next(one for one in experiments if one["name"].startswith("evaluating"))
    runs = ask(karat, "2.0/mlflow/runs/search", experiment_ids=[evaluated["experiment_id"]])["runs"]
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": of_tracing["experiment_id"]}}
    named = ask(karat, "3.0/mlflow/traces/search", locations=[place], filter="trace.name = 'answering'")["traces"]
    trace = named[0]["trace_id"]
    with interface.shown(told["build"], karat.api) as page:
        shown = page("experiments")
        expect("pages: experiments", [one["name"] for one in experiments[:5] if one["name"] not in shown], [])
        shown = page(f"experiments/{of_tracing['experiment_id']}/traces")
        # Those of the last seven days; a script tells of one that is older.
        listed = re.search(r"(\d+) of \1 traces", shown)
        expect("pages: traces", (bool(listed) and int(listed[1]) > 5, "load error" in shown), (True, False))
        shown = interface.text(page(f"experiments/{of_tracing['experiment_id']}/traces/{trace}"))
        # The list is behind it.
        _, _, opened = shown.partition(f"Trace {trace.removeprefix('tr-')[:8]} ")
        tree = re.search(r"Spans answering \S+ search \S+ model \S+ ", opened)
        expect("pages: a trace, its spans", bool(tree), True)
        expect("pages: a trace, its root", [said for said in ["question How is Oslo?", "answer It is cold."] if said not in opened], [])
        shown = page(f"experiments/{evaluated['experiment_id']}/evaluation-runs")
        expect("pages: evaluations", [run["info"]["run_name"] for run in runs if run["info"]["run_name"] not in shown], [])
