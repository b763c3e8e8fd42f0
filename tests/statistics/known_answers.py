# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "krippendorff==0.8.2",
#     "numpy==2.2.6",
#     "pandas==2.3.3",
#     "scikit-learn==1.7.2",
#     "scipy==1.16.3",
#     "statsmodels==0.14.5",
# ]
# ///
"""Writes what statsmodels, scikit-learn and krippendorff say of public data, which `host/decisions` is held to:
`uv run tests/statistics/known_answers.py FOLDER`, with the folder that has the data."""

import json
import math
import sys
from pathlib import Path

import krippendorff
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

folder = Path(sys.argv[1])


def rows(name):
    return [json.loads(line) for line in (folder / name).open()]


def gsm8k():
    """The second model's verdicts beside the first's."""
    pairs = [(row["6b_finetuning"]["is_correct"], row["6b_verification"]["is_correct"]) for row in rows("gsm8k_solutions.jsonl")]
    count = {key: pairs.count(key) for key in [(True, True), (True, False), (False, True), (False, False)]}
    both, only_a, only_b, neither = count.values()
    n, a, b = len(pairs), both + only_a, both + only_b
    # Newcombe's method 10 from statsmodels' Wilson; statsmodels has no interval for paired shares.
    (la, ua), (lb, ub) = proportion_confint(a, n, method="wilson"), proportion_confint(b, n, method="wilson")
    product = both * neither - only_a * only_b
    phi = (max(product - n / 2, 0) if product > 0 else product) / math.sqrt(a * (n - a) * b * (n - b))
    pa, pb = a / n, b / n
    low = math.hypot(pb - lb, ua - pa) if phi == 0 else math.sqrt((pb - lb) ** 2 - 2 * phi * (pb - lb) * (ua - pa) + (ua - pa) ** 2)
    high = math.hypot(ub - pb, pa - la) if phi == 0 else math.sqrt((ub - pb) ** 2 - 2 * phi * (ub - pb) * (pa - la) + (pa - la) ** 2)
    test = mcnemar([[both, only_a], [only_b, neither]], exact=True)
    return {
        "table": [both, only_a, only_b, neither],
        "p": test.pvalue,
        "difference": pb - pa,
        "lower": pb - pa - low,
        "upper": pb - pa + high,
    }


def halueval():
    """A scorer that takes every answer of more than 500 characters for a hallucination, beside people."""
    people, said = zip(*[(row["hallucination"], "yes" if len(row["chatgpt_response"]) > 500 else "no") for row in rows("halueval_general.jsonl")])
    labels = ["no", "yes"]
    matrix = metrics.confusion_matrix(people, said, labels=labels)
    kappa = cohens_kappa(matrix)
    assert math.isclose(kappa.kappa, metrics.cohen_kappa_score(people, said))
    number = labels.index
    alpha = krippendorff.alpha([[number(one) for one in people], [number(one) for one in said]], level_of_measurement="nominal")
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(people, said, labels=labels)
    return {
        "confusion": matrix.tolist(),
        "kappa": kappa.kappa,
        "kappa_error": kappa.std_kappa,
        "alpha": alpha,
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "macro_f1": metrics.f1_score(people, said, average="macro"),
    }


target = Path(__file__).resolve().parents[2] / "host/decisions/tests/known_answers.json"
target.write_text(json.dumps({"gsm8k": gsm8k(), "halueval": halueval()}, indent=2) + "\n")
