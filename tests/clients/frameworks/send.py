"""Runs the scripts in `scripts`, each with its framework in a place of its own, against Karat and against MLflow's own server, and
tells what MLflow's client sees on both. Where it is not the same, MLflow's server is asked again, for what it has not the same twice.
A script says in its head what it needs; `uv` keeps one copy of each file."""

import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "bench"))

import comparing
import reference
import seen

SCRIPTS = sorted(HERE.glob("scripts/*.py"))
BESIDE = pathlib.Path(sys.prefix, "bin")
LONGEST = 240


def needed(script):
    """What a script's head says, the framework itself first, and the release of MLflow that we have."""
    head = re.search(r"# /// script\n(.*?)# ///\n", script.read_text(), re.DOTALL)[1]
    return tomllib.loads(re.sub(r"^# ?", "", head, flags=re.MULTILINE))["dependencies"]


def installed(script):
    """The Python that has it."""
    folder = pathlib.Path(sys.prefix, "frameworks", script.stem)
    # Of a release some parts may not be there, and those before it do: they come first, for what the release itself has lies over them.
    before, release = (f"mlflow=={importlib.metadata.version(name)}" for name in ("mlflow-skinny", "mlflow"))
    wanted = json.dumps([before, *needed(script), release])
    done = folder / "done"
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        uv = [BESIDE / "uv", "--quiet", "--cache-dir", pathlib.Path(sys.prefix, "uv")]
        install = [*uv, "pip", "install", "--python", folder / "bin/python"]
        subprocess.run([*uv, "venv", "--python", sys.executable, folder], check=True)
        subprocess.run([*install, before, *needed(script)], check=True)
        subprocess.run([*install, "--no-deps", release], check=True)
        done.write_text(wanted)
    return folder / "bin/python"


def ran(python, script, server, experiment, address):
    """What the client sees afterwards; a script that fails is an error."""
    of_provider = address.removesuffix("/v1")
    home = pathlib.Path.cwd() / "home"
    home.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home),
        "MLFLOW_TRACKING_URI": server, "MLFLOW_EXPERIMENT_NAME": experiment, "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "GIT_PYTHON_REFRESH": "quiet",
        "PROVIDER": of_provider, "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": address, "OPENAI_API_BASE": address,
        "ANTHROPIC_API_KEY": "none", "ANTHROPIC_BASE_URL": of_provider, "GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": of_provider,
        "GROQ_API_KEY": "none", "GROQ_BASE_URL": of_provider, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": of_provider,
        "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
        # Nobody but the two servers is told.
        "CREWAI_TRACING_ENABLED": "false", "CREWAI_DISABLE_TELEMETRY": "true", "AGNO_TELEMETRY": "false",
        "HAYSTACK_TELEMETRY_ENABLED": "False", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    # A script is named as what it imports, so its folder is no place to import from.
    done = subprocess.run([python, "-P", script], env=environment, cwd=home, capture_output=True, text=True, timeout=LONGEST)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-3000:])
    return seen.traces(server, experiment)


def told(script, karat, mlflow, address):
    """A row of the table, or with what it failed."""
    framework, version = needed(script)[0].split("==")
    row = {"framework": framework.split("[")[0], "version": version, "failure": ""}
    try:
        python = installed(script)
        ours = ran(python, script, karat, script.stem, address)
        theirs = ran(python, script, mlflow, script.stem, address)
        different = comparing.compared(ours, theirs)
        if any(reason is None for _, reason, *_ in different):
            different = comparing.without_noise(different, theirs, ran(python, script, mlflow, f"{script.stem} again", address))
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return row | {"failure": f"{type(error).__name__}: {error}"}
    return row | summary(ours) | {"differences": different}


def summary(traces):
    spans = [span for trace in traces for span in seen.flat(trace["spans"])]
    tokens = [trace["info"]["tokens"] or {} for trace in traces]
    return {"traces": len(traces), "spans": len(spans),
            "roots": unique(f"{span['name']} ({span['type']})" for trace in traces for span in trace["spans"]),
            "models": unique(span["model"] for span in spans if span["model"]),
            "tokens": [sum(one.get(f"{side}_tokens", 0) for one in tokens) for side in ("input", "output")],
            "tools": unique(span["name"] for span in spans if span["type"] == "TOOL"),
            "sessions": unique(trace["info"]["metadata"].get("mlflow.trace.session") for trace in traces)}


def unique(names):
    return list(dict.fromkeys(name for name in names if name))


def main():
    named = {script.stem: script for script in SCRIPTS}
    unknown = [name for name in sys.argv[1:] if name not in named]
    if unknown:
        sys.exit(f"there is no script `{unknown[0]}`; there are {', '.join(named)}")
    chosen = [named[name] for name in sys.argv[1:] or named]
    with reference.serving(str(BESIDE / "mlflow"), "--workers", "1") as mlflow:
        rows = {script.stem: told(script, os.environ["KARAT_API"], mlflow.api, os.environ["MODEL"]) for script in chosen}
    print(json.dumps(rows, default=repr))


if __name__ == "__main__":
    main()
