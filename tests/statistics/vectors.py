# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "krippendorff==0.8.2",
#     "mpmath==1.3.0",
#     "numpy==2.2.6",
#     "pandas==2.3.3",
#     "ppi-python==0.2.3",
#     "scikit-learn==1.7.2",
#     "scipy==1.16.3",
#     "statsmodels==0.14.5",
# ]
# ///
"""Writes what scipy, statsmodels, scikit-learn, krippendorff and ppi_py make of known numbers, which `host/statistics` is
held to: `uv run tests/statistics/vectors.py`. The same packages give the same bytes."""

import json
import math
from fractions import Fraction
from pathlib import Path

import krippendorff
import mpmath
import numpy as np
import statsmodels.api as sm
from ppi_py import ppi
from scipy import optimize, special, stats
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import normal_sample_size_one_tail
from statsmodels.stats.proportion import proportion_confint

random = np.random.default_rng(20260101)
cases = []


def case(of, name, given, expected):
    """One case of a function. What a package has no number for is null."""
    cases.append({"of": of, "name": name, "given": plain(given), "expected": plain(expected)})


def plain(value):
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, (np.integer, int)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (np.floating, float)):
        return float(value) if math.isfinite(value) else None
    return value


def distributions():
    for z in [-30.0, -8.0, -1.5, 0.0, 0.3, 4.0]:
        case("normal", f"z = {z}", {"z": z}, stats.norm.cdf(z))
    for p in [1e-12, 0.001, 0.025, 0.5, 0.9, 0.9999]:
        case("normal_quantile", f"p = {p}", {"p": p}, stats.norm.ppf(p))
    for freedom in [1, 2, 3.5, 9, 49, 1318, 99_999, 1e9]:
        for confidence in [0.5, 0.9, 0.95, 0.999]:
            quantile = stats.t.ppf(0.5 + confidence / 2, freedom)
            case("student_quantile", f"{confidence} of {freedom}", {"confidence": confidence, "freedom": freedom}, quantile)
        for t in [0.01, 1.0, 2.5, 20.0]:
            p = 2 * stats.t.sf(t, freedom)
            case("student", f"t = {t} of {freedom}", {"t": t, "freedom": freedom}, p)
    for successes, trials, p in [(0, 1, 0.5), (3, 10, 0.5), (40, 100, 0.37), (512_000, 1_000_000, 0.512), (7, 7, 0.2)]:
        case("binomial", f"{successes} of {trials} at {p}", {"successes": successes, "trials": trials, "p": p}, stats.binom.cdf(successes, trials, p))


def shares():
    for passed, scored in [(0, 1), (1, 1), (0, 20), (81, 263), (749, 1319), (10**9 - 1, 10**9), (0, 10**9)]:
        for confidence in [0.9, 0.95, 0.99]:
            interval = proportion_confint(passed, scored, alpha=1 - confidence, method="wilson")
            case("wilson", f"{passed} of {scored} at {confidence}", {"passed": passed, "scored": scored, "confidence": confidence}, interval)


def means():
    samples = {
        "ten": np.arange(1.0, 11.0),
        "two": [1.0, 4.0],
        "large and alike": 1e9 + np.array([4.0, 7.0, 13.0, 16.0]),
        "skewed": np.round(random.lognormal(size=40), 4),
    }
    for name, values in samples.items():
        values = np.asarray(values)
        test = stats.ttest_1samp(values, 2.0)
        low, high = test.confidence_interval(0.95)
        case("mean", name, {"values": values, "hypothesis": 2.0}, {"mean": values.mean(), "lower": low, "upper": high, "statistic": test.statistic, "p": test.pvalue})


def clusters():
    for name, sizes, weighted in [
        ("twelve of five", [5] * 12, False),
        ("of many sizes", [1, 2, 3, 9, 14, 1, 6, 4], False),
        ("with weights", [3, 7, 2, 5, 8, 4], True),
        ("two", [4, 6], False),
        ("each its own, with weights", [1] * 30, True),
    ]:
        groups = np.repeat(np.arange(len(sizes)), sizes)
        values = np.round(random.normal(size=len(sizes))[groups] + random.normal(size=len(groups)), 4)
        weights = np.round(random.uniform(0.2, 3, size=len(groups)), 3) if weighted else np.ones(len(groups))
        fit = sm.WLS(values, np.ones(len(values)), weights=weights).fit(
            cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}, use_t=True
        )
        low, high = fit.conf_int(0.05)[0]
        expected = {"mean": fit.params[0], "error": fit.bse[0], "lower": low, "upper": high, "p": fit.pvalues[0]}
        case("clustered", name, {"clusters": groups, "weights": weights, "values": values}, expected)
        if sizes == [1] * len(sizes):
            robust = sm.WLS(values, np.ones(len(values)), weights=weights).fit(cov_type="HC1", use_t=True)
            assert math.isclose(robust.bse[0], fit.bse[0]), "each value its own cluster is HC1"


def quantiles():
    for count, quantile, confidence in [(10, 0.5, 0.95), (100, 0.9, 0.95), (5, 0.9, 0.95), (1319, 0.99, 0.9), (1, 0.5, 0.5), (200, 0.07, 0.95)]:
        values = np.sort(np.round(random.exponential(size=count), 5))
        beyond = (1 - confidence) / 2
        lower = int(stats.binom.ppf(beyond, count, quantile))
        upper = int(stats.binom.ppf(1 - beyond, count, quantile)) + 1
        ranks = [lower - 1, upper - 1] if lower > 0 and upper <= count else None
        expected = {
            # As numpy's `inverted_cdf`, but in decimals: to numpy 0.07 of 200 is a little more than 14.
            "nearest": values[math.ceil(Fraction(str(quantile)) * count) - 1],
            "interpolated": np.quantile(values, quantile),
            "ranks": ranks,
        }
        given = {"values": values if count <= 200 else [], "count": count, "quantile": quantile, "confidence": confidence}
        case("quantile", f"{quantile} of {count}", given, expected)


def bootstraps():
    for name, values in [("skewed", np.round(random.lognormal(size=30), 4)), ("few", [0.1, 0.5, 3.0, 0.2]), ("mostly zeros", [0.0] * 20 + [1.0, 1.0, 5.0])]:
        values = np.asarray(values)
        drawn = stats.bootstrap((values,), np.mean, n_resamples=499, method="BCa", rng=np.random.default_rng(1))
        expected = [drawn.confidence_interval.low, drawn.confidence_interval.high]
        case("bca", name, {"values": values, "drawn": drawn.bootstrap_distribution}, expected)
        if name != "skewed":
            continue  # Means of few different values stand far apart, and chance decides between neighbours.
        many = stats.bootstrap((values,), np.mean, n_resamples=100_000, method="BCa", rng=np.random.default_rng(2))
        case("bootstrap_mean", name, {"values": values}, [many.confidence_interval.low, many.confidence_interval.high])


def newcombe(both, only_a, only_b, neither):
    """Method 10 of Newcombe 1998 (Statistics in Medicine 17:2635), with statsmodels' Wilson."""
    n = both + only_a + only_b + neither
    a, b = both + only_a, both + only_b
    (la, ua), (lb, ub) = proportion_confint(a, n, method="wilson"), proportion_confint(b, n, method="wilson")
    pa, pb = a / n, b / n
    margins = a * (n - a) * b * (n - b)
    product = both * neither - only_a * only_b
    if product > 0:
        product = max(product - n / 2, 0)
    phi = product / math.sqrt(margins) if margins else 0
    low = math.sqrt((pb - lb) ** 2 - 2 * phi * (pb - lb) * (ua - pa) + (ua - pa) ** 2)
    high = math.sqrt((ub - pb) ** 2 - 2 * phi * (ub - pb) * (pa - la) + (pa - la) ** 2)
    return [pb - pa - low, pb - pa + high]


def paired_shares():
    for table in [(425, 104, 181, 609), (43, 0, 0, 7), (0, 5, 1, 0), (30, 12, 12, 10), (0, 0, 0, 4), (10, 0, 9, 3), (1, 0, 0, 0)]:
        both, only_a, only_b, neither = table
        test = mcnemar([[both, only_a], [only_b, neither]], exact=True)
        given = {"both": both, "only_a": only_a, "only_b": only_b, "neither": neither}
        case("mcnemar", str(table), given, {"statistic": test.statistic, "p": test.pvalue, "interval": newcombe(*table)})
    # Of counts this large scipy has 7 digits, so the terms are added up in 40.
    mpmath.mp.dps = 40
    half, smaller = 5 * 10**8, 5 * 10**8 - 20_000
    term = total = mpmath.exp(mpmath.loggamma(2 * half + 1) - mpmath.loggamma(smaller + 1) - mpmath.loggamma(2 * half - smaller + 1) - 2 * half * mpmath.log(2))
    for successes in range(smaller, smaller - 400_000, -1):
        term *= mpmath.mpf(successes) / (2 * half - successes + 1)
        total += term
    given = {"both": 0, "only_a": smaller, "only_b": 2 * half - smaller, "neither": 0}
    case("mcnemar_huge", "a thousand million", given, float(2 * total))


def wilcoxons():
    samples = {
        "exact": np.round(random.normal(0.3, 1, 30), 6),
        "exact of one": [0.7],
        "fifty": np.round(random.normal(0.2, 1, 50), 6),
        "fifty-one": np.round(random.normal(0.2, 1, 51), 6),
        "few with ties and zeros": [0.0, 1.0, 1.0, -1.0, 2.0, 2.0, 3.0, -4.0, 0.0],
        "many with ties": np.round(random.normal(0.2, 1, 200), 1),
        "thirty with a zero": np.append(np.round(random.normal(0.3, 1, 29), 6), 0.0),
        "all above": np.arange(1.0, 21.0),
    }
    for name, values in samples.items():
        values = np.asarray(values)
        test = stats.wilcoxon(values)
        ranks = stats.rankdata(np.abs(values[values != 0]))
        above = ranks[values[values != 0] > 0].sum()
        below = ranks.sum() - above
        case("wilcoxon", name, {"values": values}, {"statistic": test.statistic, "p": test.pvalue, "biserial": (above - below) / ranks.sum()})


def permutations():
    for name, values in [("eight", np.round(random.normal(0.5, 1, 8), 3)), ("ties and zeros", [1.0, 1.0, -1.0, 0.0, 2.0, 2.0, 1.0, 0.0]), ("fourteen", np.round(random.normal(0.4, 1, 14), 3)), ("one", [3.0])]:
        values = np.asarray(values)
        if len(values) > 1:
            p = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
        else:
            p = 1.0
        case("sign_flip", name, {"values": values}, p)


def effects():
    for freedom in [2, 5, 30, 999, 1001, 100_000]:
        factor = math.exp(special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2)) / math.sqrt(freedom / 2)
        if freedom > 10_000:
            # Of differences this large gammaln leaves 11 digits.
            factor = special.poch((freedom - 1) / 2, 0.5) / math.sqrt(freedom / 2)
        case("hedges", str(freedom), {"freedom": freedom}, factor)


def powers():
    for deviation, difference, alpha, power in [(1.0, 0.2, 0.05, 0.8), (0.45, 0.03, 0.05, 0.9), (2.0, 5.0, 0.01, 0.8)]:
        rows = normal_sample_size_one_tail(difference, power, alpha / 2, std_null=deviation, std_alternative=deviation)
        case("rows_for_mean", f"{difference} of {deviation}", {"deviation": deviation, "difference": difference, "alpha": alpha, "power": power}, math.ceil(rows))
    for discordant, difference, alpha, power in [(0.2, 0.05, 0.05, 0.8), (0.216, 0.0584, 0.05, 0.9), (0.1, 0.1, 0.05, 0.8)]:
        deviation = math.sqrt(discordant - difference**2)
        rows = normal_sample_size_one_tail(difference, power, alpha / 2, std_null=math.sqrt(discordant), std_alternative=deviation)
        given = {"discordant": discordant, "difference": difference, "alpha": alpha, "power": power}
        case("rows_for_paired_shares", f"{difference} of {discordant}", given, math.ceil(rows))

        def short(found):
            need = normal_sample_size_one_tail(found, power, alpha / 2, std_null=math.sqrt(discordant), std_alternative=math.sqrt(discordant - found**2))
            return need - 400

        detectable = optimize.brentq(short, 1e-4, discordant, xtol=1e-15, rtol=1e-14)
        case("detectable_paired_share", f"400 rows of {discordant}", {**given, "rows": 400}, detectable)
    for known, share, alpha, power in [(0.5, 0.6, 0.05, 0.8), (0.9, 0.95, 0.05, 0.9), (0.1, 0.09, 0.05, 0.8)]:
        rows = normal_sample_size_one_tail(share - known, power, alpha / 2, std_null=math.sqrt(known * (1 - known)), std_alternative=math.sqrt(share * (1 - share)))
        case("rows_for_share", f"{share} from {known}", {"known": known, "share": share, "alpha": alpha, "power": power}, math.ceil(rows))


def adjustments():
    for name, values in [("six", [0.01, 0.04, 0.03, 0.005, 0.6, 0.02]), ("ties", [0.02, 0.02, 0.5, 1.0]), ("one", [0.03]), ("zeros", [0.0, 0.0, 0.9])]:
        expected = {"holm": multipletests(values, method="holm")[1], "bh": multipletests(values, method="fdr_bh")[1]}
        case("adjusted", name, {"values": values}, expected)


def agreements():
    samples = {
        "yes and no": (random.integers(0, 2, 80), 2),
        "five grades": (random.integers(0, 5, 150), 5),
        "three, one never said": (random.integers(0, 2, 40), 3),
        "all agree": (np.array([0, 1, 2, 2]), 3),
    }
    for name, (truth, labels) in samples.items():
        said = truth.copy()
        if name != "all agree":
            changed = random.random(len(truth)) < 0.35
            said[changed] = random.integers(0, 2 if labels == 3 else labels, changed.sum())
        matrix = metrics.confusion_matrix(truth, said, labels=range(labels))
        expected = {"matrix": matrix}
        for key, weights in [("none", None), ("linear", "linear"), ("quadratic", "quadratic")]:
            found = cohens_kappa(matrix, wt=weights)
            assert math.isclose(found.kappa, metrics.cohen_kappa_score(truth, said, labels=range(labels), weights=weights)), name
            expected[key] = [found.kappa, found.std_kappa]
        each = metrics.precision_recall_fscore_support(truth, said, labels=range(labels), zero_division=np.nan)
        expected |= {"precision": each[0], "recall": each[1], "f1": each[2]}
        present = sorted(set(truth) | set(said))
        whole = metrics.precision_recall_fscore_support(truth, said, labels=present, average="macro", zero_division=0)
        expected["macro"] = whole[:3]
        case("agreement", name, {"truth": truth, "said": said, "labels": labels}, expected)


def alphas():
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": four observers, twelve units.
    published = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    table = [[math.nan if one is None else one for one in row] for row in published]
    two = random.integers(0, 4, 60)
    other = np.where(random.random(60) < 0.7, two, random.integers(0, 4, 60))
    for name, ratings in [("published", np.array(table, dtype=float)), ("two raters", np.array([two, other], dtype=float))]:
        units = [[float(one) for one in column if not math.isnan(one)] for column in ratings.T]
        expected = {level: krippendorff.alpha(reliability_data=ratings, level_of_measurement=level) for level in ["nominal", "ordinal", "interval"]}
        case("alpha", name, {"units": units}, expected)


def trials():
    for k, passed, count in [(1, 3, 10), (5, 3, 10), (10, 1, 10), (8, 3, 10), (3, 0, 5), (2, 5, 5), (100, 20, 200)]:
        every = math.comb(count, k)
        expected = {"at": 1 - math.comb(count - passed, k) / every, "hat": math.comb(passed, k) / every}
        case("passes", f"{k} with {passed} of {count}", {"k": k, "passed": passed, "trials": count}, expected)
    for name, sizes in [("even", [4] * 12), ("uneven", [2, 5, 1, 3, 7, 2])]:
        rows = [np.round(random.normal(loc, 0.5, size), 3) for loc, size in zip(random.normal(0, 1, len(sizes)), sizes)]
        test = stats.f_oneway(*[row for row in rows])
        count, total = len(sizes), sum(sizes)
        within = sum(((row - row.mean()) ** 2).sum() for row in rows) / (total - count)
        each = (total - sum(size**2 for size in sizes) / total) / (count - 1)
        # scipy's F is the mean square between rows over that within.
        case("components", name, {"rows": rows}, {"within": within, "between": max(0.0, (test.statistic - 1) * within / each)})


def lines():
    for name, x in [("lengths", np.round(random.lognormal(5, 1, 40), 1)), ("three", np.array([1.0, 2.0, 4.0]))]:
        y = np.round(0.3 * np.log2(x) + random.normal(size=len(x)), 4)
        fit = stats.linregress(x, y)
        case("slope", name, {"x": x, "y": y}, {"slope": fit.slope, "error": fit.stderr, "p": fit.pvalue})


def betting(values, means, alpha):
    """Waudby-Smith and Ramdas 2024, theorem 3 with equation 26 (θ = 1/2, c = 1/2): the log of the hedged capital at each mean."""
    t = np.arange(1, len(values) + 1)
    estimate = (0.5 + np.cumsum(values)) / (t + 1)
    variance = (0.25 + np.cumsum((values - estimate) ** 2)) / (t + 1)
    before = np.append(0.25, variance[:-1])
    bets = np.sqrt(2 * np.log(2 / alpha) / (before * t * np.log(t + 1)))
    capital = []
    for m in means:
        higher = np.cumprod(1 + np.minimum(bets, 0.5 / m) * (values - m)) / 2
        lower = np.cumprod(1 - np.minimum(bets, 0.5 / (1 - m)) * (values - m)) / 2
        capital.append(np.maximum.accumulate(np.maximum(higher, lower)))
    return np.array(capital)


def sequences():
    grid = np.arange(1, 1000) / 1000
    for name, values in [("a rate", (random.random(300) < 0.85).astype(float)), ("scores", np.round(random.beta(4, 2, 250), 3))]:
        for alpha in [0.05, 0.01]:
            capital = betting(values, grid, alpha)[:, -1]
            inside = np.flatnonzero(capital < 1 / alpha)
            expected = [max(grid[inside[0]] - 0.001, 0.0), min(grid[inside[-1]] + 0.001, 1.0)]
            case("sequence", f"{name} at {alpha}", {"values": values, "alpha": alpha}, expected)


def powered():
    for name, n, others, agreement in [("a good judge", 60, 400, 0.9), ("a poor judge", 80, 300, 0.55), ("few labels", 8, 50, 0.8)]:
        truth = (random.random(n + others) < 0.7).astype(float)
        judge = np.where(random.random(n + others) < agreement, truth, 1 - truth)
        human, judged, unlabelled = truth[:n], judge[:n], judge[n:]
        point = ppi.ppi_mean_pointestimate(human, judged, unlabelled).item()
        plain = ppi.ppi_mean_pointestimate(human, judged, unlabelled, lam=1).item()
        lam = ppi._calc_lam_glm(human - plain, judged - plain, unlabelled - plain, np.eye(1), clip=True)
        # ppi_py's interval, with variances divided by one less than counts and Student's t.
        low, high = ppi.ppi_mean_ci(human, judged, unlabelled, alpha=0.05, lam=lam)
        error = math.sqrt((lam * unlabelled).var() / others + (human - lam * judged).var() / n)
        assert math.isclose(high.item() - low.item(), 2 * stats.norm.ppf(0.975) * error)
        error = math.sqrt((lam * unlabelled).var(ddof=1) / others + (human - lam * judged).var(ddof=1) / n)
        case("powered", name, {"human": human, "judged": judged, "others": unlabelled}, {"value": point, "reliance": lam, "error": error})


for part in [distributions, shares, means, clusters, quantiles, bootstraps, paired_shares, wilcoxons, permutations, effects, powers, adjustments, agreements, alphas, trials, sequences, powered, lines]:
    part()

target = Path(__file__).resolve().parents[2] / "host/statistics/tests/vectors.json"
lines = ",\n".join(json.dumps(one) for one in cases)
target.write_text(f"[\n{lines}\n]\n")
print(f"{len(cases)} cases in {target.name}")
