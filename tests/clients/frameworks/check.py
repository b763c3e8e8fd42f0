"""What MLflow's own server shows of a framework's traces is in Karat as well."""

import collections
import pathlib

from differences import short

LONGEST = 7200
DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "docs/mlflow.md"


def check_frameworks(karat, expect, told):
    for row in told.values():
        name = f"{row['framework']} {row['version']}"
        if row["failure"]:
            expect.fail(name, row["failure"])
            continue
        unmeant = [one for one in row["differences"] if one[1] is None]
        for place, _, ours, theirs in unmeant:
            expect.fail(f"{name}: {place}", f"      Karat   {short(ours)}\n      MLflow  {short(theirs)}")
        if not unmeant:
            expect(f"{name}: green, {row['spans']} spans of {row['traces']} traces", row["traces"] > 0, True)
        for reason, count in collections.Counter(one[1] for one in row["differences"] if one[1]).items():
            print(f"      {count} x {reason}")


def check_documented(karat, expect, told):
    """The table is what was seen."""
    documented = DOCUMENT.read_text()
    for script, row in told.items():
        if not row["failure"]:
            expected = line(script, row)
            expect(f"docs/mlflow.md has `{expected}`", expected in documented, True)


def line(script, row):
    tokens = " + ".join(str(count) for count in row["tokens"]) if any(row["tokens"]) else ""
    columns = [script, f"{row['framework']} {row['version']}", f"{row['traces']} / {row['spans']}", ", ".join(row["roots"]), ", ".join(row["models"]),
               tokens, ", ".join(row["tools"]), ", ".join(row["sessions"])]
    return f"| {' | '.join(columns)} |"
