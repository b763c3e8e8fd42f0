"""Runs the scripts beside it, each as its user would, and tells what each failed with, and where MLflow's user interface is."""

import importlib.util
import json
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
TOGETHER = 2
ASIDE = {"check", "compare", "guide", "interface", "reasons", "send"}
SCRIPTS = sorted(script for script in HERE.glob("*.py") if script.stem not in ASIDE)
chosen = [script for script in SCRIPTS if script.stem in sys.argv[1:]] if sys.argv[1:] else SCRIPTS


def failure(script):
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip()


with ThreadPoolExecutor(TOGETHER) as pool:
    failures = {script.stem: found for script, found in zip(chosen, pool.map(failure, chosen))}
package = pathlib.Path(importlib.util.find_spec("mlflow").origin).parent
print(json.dumps({"failures": failures, "whole": chosen == SCRIPTS, "build": str(package / "server/js/build")}))
