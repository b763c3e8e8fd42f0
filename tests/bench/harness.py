"""What the benchmarks share: the release binary, generated rows, and what a run of the binary cost."""

import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

SUITE = """name: bench
data: {{ path: rows.jsonl }}
scorers:
  - {{ use: exact_match, reuse: {reuse} }}
  - {{ use: contains, reuse: {reuse} }}
  - {{ use: levenshtein, reuse: {reuse} }}
"""


def binary() -> str:
    """Builds the release binary and returns its path."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "cli"], cwd=ROOT, check=True)
    return str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "karat")


def write_project(folder: pathlib.Path, rows: int, reuse: str = "never") -> None:
    """A suite of three scorers of one pack, and rows of about 200 bytes, two thirds of them right."""
    (folder / "karat.yaml").write_text(SUITE.format(reuse=reuse))
    with open(folder / "rows.jsonl", "w") as file:
        for n in range(rows):
            answer = f"The answer to question {n} is {n * 7}."
            expected = answer if n % 3 else f"The answer is {n}."
            row = {"id": f"q-{n}", "inputs": {"question": f"What is seven times {n}?"}, "outputs": answer,
                   "expectations": {"expected_response": expected}}
            file.write(json.dumps(row) + "\n")


def measure(command: list[str], folder: pathlib.Path, ends: tuple[int, ...] = (0,)) -> dict:
    """Runs a command to its end, with one of the codes it may have: wall and CPU seconds, peak RSS in MiB, and what it printed."""
    start = time.monotonic()
    out = open(folder / "out", "wb+")
    err = open(folder / "err", "wb+")
    child = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    out.seek(0)
    err.seek(0)
    said = err.read().decode()
    assert child.returncode in ends, f"{command} ended with {child.returncode}: {said}"
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "user": usage.ru_utime, "system": usage.ru_stime,
            "rss": usage.ru_maxrss / 1024, "out": out.read().decode(), "err": said}
