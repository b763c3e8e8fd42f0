"""What MLflow's own server shows of a framework's traces is in Karat as well."""

import pathlib
import re

LONGEST = 3600
DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "docs/mlflow.md"


def check_frameworks(karat, expect, told):
    for name, row in told.items():
        what = f"{name}: {row['framework']} {row['version']}"
        if row["failure"]:
            expect.fail(what, row["failure"])
            continue
        expect(f"{what}: there are traces", row["traces"] > 0, True)
        meant = {}
        for place, reason, ours, theirs in row["differences"]:
            if reason:
                meant.setdefault(reason, []).append(place)
            else:
                expect.fail(f"{what}: {place}", f"      Karat   {short(ours)}\n      MLflow  {short(theirs)}")
        for reason, places in meant.items():
            print(f"      {what}: {len(places)} x {reason}, e.g. {places[0]}")
        expect(f"{what}: {row['spans']} spans are as MLflow's server has them", [one for one in row["differences"] if not one[1]], [])


def check_documented(karat, expect, told):
    """The table is what was seen."""
    documented = DOCUMENT.read_text()
    for row in told.values():
        if not row["failure"]:
            line = cells(row)
            print(line)
            expect(f"docs/mlflow.md has {row['framework']}", line in documented, True)


def cells(row):
    tokens = " + ".join(str(count) for count in row["tokens"])
    columns = [f"{row['framework']} {row['version']}", f"{row['traces']} / {row['spans']}", ", ".join(row["roots"]), ", ".join(row["models"]),
               tokens, ", ".join(row["tools"]), ", ".join(row["sessions"])]
    return f"| {' | '.join(columns)} |"


def short(value):
    text = str(value)
    return text if len(text) < 300 else f"{text[:300]}…"
