"""Do the tests keep their level and the intervals their coverage? Simulated cohorts whose truth is known.

`python -m lungtox.synthetic.association_study` writes docs/validation/association-simulation.md; `--replicates 20` is a
quick look.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr
from scipy.stats import binomtest, chi2, spearmanr

from lungtox.errors import FitError
from lungtox.models.censored import fit_censored
from lungtox.models.censoring import censoring_weights
from lungtox.models.contingency import compare_levels
from lungtox.models.cut_points import cut_point
from lungtox.models.gray import gray_test
from lungtox.models.imputation import impute_values
from lungtox.models.interaction import interaction_p
from lungtox.models.newton import maximise
from lungtox.models.rank_tests import mann_whitney, signed_rank
from lungtox.models.roc_resampling import partial_auc
from lungtox.models.rubin import pool
from lungtox.models.sandwich import robust_covariance, wald
from lungtox.models.weights import mean_one
from lungtox.provenance import versions
from lungtox.randomness import task_rng
from lungtox.synthetic.workers import worker_processes
from lungtox.tables import write_text

FloatArray = npt.NDArray[np.float64]
Cell = Callable[[np.random.Generator, int], dict[str, float]]

SEED, LEVEL = 20261121, 0.05
INTERACTION_RESAMPLES = 199
RATE = math.log(0.25 / 0.75)


def _outcome(rng: np.random.Generator, eta: FloatArray) -> FloatArray:
    """Draw outcomes, both present."""
    while True:
        y: FloatArray = (rng.random(len(eta)) < expit(eta)).astype(np.float64)
        if 3 <= y.sum() <= len(y) - 3:
            return y


def levels(rng: np.random.Generator, n: int) -> dict[str, float]:
    """Give whether each test calls a factor without any effect significant."""
    y = _outcome(rng, np.full(n, RATE))
    x, before = rng.lognormal(size=n), rng.normal(size=n)
    binary, during = rng.random(n) < 0.3, 0.6 * before + 0.8 * rng.normal(size=n)
    counts = np.array([[int(((y == o) & (binary == b)).sum()) for o in (0, 1)] for b in (False, True)])
    stratum = rng.integers(0, 3, n)
    limit = np.quantile(during, 0.15)
    censored = fit_censored(np.maximum(during, limit), np.column_stack([np.ones(n), y]), below=during < limit)
    return {
        "Mann-Whitney": mann_whitney(x[y == 1], x[y == 0]).p,
        "Fisher (conservative by design)": compare_levels(counts, test="fisher")[0],
        "chi-square": compare_levels(counts, test="chi-square")[0],
        "Wilcoxon signed-rank": signed_rank(rng.normal(size=n // 3)).p,
        "censored likelihood, groups, 15 % below the limit": float(censored.p[1]),
        **_interaction(rng, n, stratum),
        "Gray, deaths and losses": _gray(rng, n, binary),
    }


def _interaction(rng: np.random.Generator, n: int, stratum: npt.NDArray[np.int64]) -> dict[str, float]:
    """Test by chi-square, and as the workflow does where events are few."""
    x = rng.normal(size=n)
    y = _outcome(rng, RATE + 0.5 * x + 0.3 * (stratum == 1))
    plain = np.column_stack([np.ones(n), x, stratum == 1, stratum == 2]).astype(np.float64)
    products = np.column_stack([x * (stratum == 1), x * (stratum == 2)])
    gain = 2.0 * (maximise(np.column_stack([plain, products]), y).loglik - maximise(plain, y).loglik)
    # A generator of its own: the figures after it keep theirs.
    (draws,) = rng.spawn(1)
    try:
        simulated = interaction_p(plain, products, y, rng=draws, resamples=INTERACTION_RESAMPLES).p
    except FitError:
        simulated = math.nan
    return {
        "interaction, 3 strata, likelihood ratio by chi-square (not shown below ten events per parameter)": float(
            chi2.sf(max(gain, 0.0), 2)
        ),
        f"interaction, 3 strata, parametric bootstrap of {INTERACTION_RESAMPLES}": simulated,
    }


def _gray(rng: np.random.Generator, n: int, group: npt.NDArray[np.bool_]) -> float:
    times = np.column_stack([rng.exponential(20.0, n), rng.exponential(40.0, n), rng.uniform(3.0, 12.0, n)])
    time, cause = np.ceil(times.min(axis=1) * 4.0), np.array([1, 2, 0])[times.argmin(axis=1)]
    return gray_test(time, cause, group).p


def coverage(rng: np.random.Generator, n: int) -> dict[str, float]:
    """Give whether each 95 % interval holds the truth."""
    x, z = rng.normal(size=n), rng.normal(size=n)
    dose = 0.6 * x + 0.8 * z
    y = _outcome(rng, RATE + 0.7 * dose)
    gone = rng.random(n) < expit(-1.6 + 0.8 * x + 0.8 * y)
    complete = maximise(np.column_stack([np.ones(n), dose])[~gone], y[~gone])
    half = 1.959964 * math.sqrt(np.linalg.inv(complete.information)[1, 1])
    values = np.column_stack([y, x, np.where(gone, np.nan, dose)])
    fits = [
        maximise(np.column_stack([np.ones(n), one[:, 2]]), y)
        for one in impute_values(values, (2, 1, 1), seed=rng, always=(0,), iterations=3)
    ]
    variances = [np.diag(np.linalg.inv(fit.information)) for fit in fits]
    pooled = pool([fit.beta for fit in fits], variances, complete_df=float(n - 2))
    value = 0.5 * y + rng.normal(size=n)
    limit = np.quantile(value, 0.2)
    censored = fit_censored(np.maximum(value, limit), np.column_stack([np.ones(n), y]), below=value < limit)
    rho = float(spearmanr(x, dose).statistic)
    half_rho = 1.959964 * math.sqrt((1.0 + rho**2 / 2.0) / (n - 3))
    part = partial_auc(y, dose, between=(0.8, 1.0), correct=False, rng=rng, resamples=200)
    true_rho = 6.0 / math.pi * math.asin(0.6 / 2.0)
    return {
        "odds ratio, multiple imputation, 30 % missing by outcome": _inside(0.7, pooled.low[1], pooled.high[1]),
        "odds ratio, complete rows of the same patients": _inside(
            0.7, complete.beta[1] - half, complete.beta[1] + half
        ),
        "ratio of groups, censored likelihood, 20 % below": _inside(0.5, censored.low[1], censored.high[1]),
        "Spearman's correlation": _inside(
            true_rho, math.tanh(math.atanh(rho) - half_rho), math.tanh(math.atanh(rho) + half_rho)
        ),
        "partial AUC, specificity 0.8 to 1, bootstrap of 200": _inside(true_partial_auc(), part.low, part.high),
    }


def weighted(rng: np.random.Generator, n: int) -> dict[str, float]:
    """Give whether intervals of a model with unknown outcomes hold the truth; losses go with the outcome's time."""
    truth = (0.7, 0.6)
    design, _, outcome, weight = _lost(rng, n, truth)
    known = weight > 0.0
    found: dict[str, float] = {}
    for name, each in (("weighed, robust", mean_one(weight[known])), ("left out, Wald", np.ones(int(known.sum())))):
        fit = maximise(design[known], outcome[known], weights=each)
        if not fit.converged:
            continue
        covariance: FloatArray = np.linalg.inv(fit.information).astype(np.float64)
        if name == "weighed, robust":
            covariance = robust_covariance(design[known], outcome[known], beta=fit.beta, weights=each)
        low, high, _ = wald(fit.beta, covariance)
        for place, of in ((1, "a number"), (2, "two levels")):
            figure = f"odds ratio of {of}, unknown outcomes {name}"
            found[figure] = _inside(truth[place - 1], low[place], high[place])
    return found


def shares(rng: np.random.Generator, n: int) -> dict[str, float]:
    """Give the share with the outcome: in truth, of those with known outcome, and weighed."""
    _, y, outcome, weight = _lost(rng, n, (0.7, 0.6))
    known = weight > 0.0
    return {
        "true": float(y.mean()),
        "left out": float(outcome[known].mean()),
        "weighed": float(np.average(outcome[known], weights=weight[known])),
    }


def _lost(
    rng: np.random.Generator, n: int, effects: tuple[float, float]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Draw patients of whom a quarter is lost: design, true outcome, known outcome, weight."""
    x, z = rng.normal(size=n), rng.random(n) < 0.3
    y = _outcome(rng, RATE - 0.1 + effects[0] * x + effects[1] * z)
    event = np.where(y == 1.0, rng.uniform(0.5, 6.0, n), 6.0)
    lost = rng.exponential(18.0, n)
    status = np.where(lost < event, "censored", np.where(y == 1.0, "yes", "no"))
    outcome, weight = censoring_weights(np.minimum(event, lost), status)
    return np.column_stack([np.ones(n), x, z]).astype(np.float64), y, outcome, weight


def _inside(truth: float, low: float, high: float) -> float:
    return float(low <= truth <= high)


def cuts(rng: np.random.Generator, n: int) -> dict[str, float]:
    """Give Youden's index of a chosen cut-point: apparent, corrected, and true in the population."""
    y = _outcome(rng, np.full(n, RATE))
    score = rng.normal(size=n) + 0.8 * y
    found = cut_point(y, score, rng=rng, resamples=100)
    threshold = found.values["threshold"]
    return {
        "apparent": found.values["youden"],
        "corrected": found.values["youden"] - found.optimism["youden"],
        "true of that cut-point": float(ndtr(0.8 - threshold) - ndtr(-threshold)),
    }


@cache
def true_partial_auc() -> float:
    """Give the partial area of the dose in a very large cohort."""
    rng = task_rng(SEED, "truth")
    x = rng.normal(size=2_000_000)
    y = rng.random(len(x)) < expit(RATE + 0.7 * x)
    events, others = np.sort(x[y]), np.sort(x[~y])
    specificity = np.linspace(0.8, 1.0, 2001)
    threshold = np.quantile(others, specificity)
    sensitivity = 1.0 - np.searchsorted(events, threshold) / len(events)
    return float(np.sum(np.diff(specificity) * (sensitivity[1:] + sensitivity[:-1]) / 2.0))


CELLS: dict[str, Cell] = {"levels": levels, "coverage": coverage, "weighted": weighted, "shares": shares, "cuts": cuts}


def run_block(cell: str, n: int, block: int, replicates: int) -> dict[str, list[float]]:
    """Give the figures of one block of replicates; a replicate that cannot be fitted is left out of its figures."""
    rng = task_rng(SEED, cell, str(n), str(block))
    found: dict[str, list[float]] = {}
    for _ in range(replicates):
        for name, value in CELLS[cell](rng, n).items():
            found.setdefault(name, []).append(value)
    return found


def run_cell(cell: str, n: int, replicates: int, pool_of_workers: ProcessPoolExecutor) -> dict[str, FloatArray]:
    """Give the figures of all replicates of a cell."""
    blocks = 20
    share = math.ceil(replicates / blocks)
    jobs = [pool_of_workers.submit(run_block, cell, n, block, share) for block in range(blocks)]
    found: dict[str, list[float]] = {}
    for job in jobs:
        for name, values in job.result().items():
            found.setdefault(name, []).extend(values)
    return {name: np.array(values) for name, values in found.items()}


def _share_rows(
    found: dict[str, FloatArray], hits: Callable[[FloatArray], npt.NDArray[np.bool_]], low: float, high: float
) -> Iterable[str]:
    for name, values in found.items():
        known = values[np.isfinite(values)]
        count, total = int(hits(known).sum()), len(known)
        interval = binomtest(count, total).proportion_ci(method="wilson")
        verdict = "within" if low <= count / total <= high else "outside"
        verdict = verdict if total >= 2000 else "-"
        ends = f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"
        yield f"| {name} | {100 * count / total:.2f} | {ends} | {total} | {verdict} |"


def write_report(replicates: int, path: Path) -> None:
    """Run all cells and write the tables."""
    lines = [
        "# Simulation: level of the tests, coverage of the intervals, cut-points",
        "",
        f"Written by `python -m lungtox.synthetic.association_study`; seed {SEED}, "
        f"{replicates} replicates a cell, numpy {versions()['numpy']}, scipy {versions()['scipy']}.",
        "Event rate about 25 %. A verdict stands only at 2,000 replicates or more. Intervals: Wilson's, of the "
        "simulation.",
    ]
    error = math.sqrt(LEVEL * (1.0 - LEVEL) / replicates)
    with worker_processes(os.cpu_count() or 1) as workers:
        for n in (42, 120):
            found = run_cell("levels", n, replicates, workers)
            lines += ["", f"## Type I error at 5 %, n = {n}", ""]
            lines += ["| test | % | 95 % interval | replicates | nominal +- 3 errors |", "|---|---|---|---|---|"]
            lines += _share_rows(found, lambda p: p < LEVEL, LEVEL - 3 * error, LEVEL + 3 * error)
        for n in (120, 500):
            found = run_cell("coverage", n, replicates, workers) | run_cell("weighted", n, replicates, workers)
            lines += ["", f"## Coverage of 95 % intervals, n = {n}", ""]
            lines += ["| interval | % | 95 % interval | replicates | 93 to 97 % |", "|---|---|---|---|---|"]
            lines += _share_rows(found, lambda inside: inside > 0.5, 0.93, 0.97)
        lines += ["", "## Share with the outcome, a quarter of the outcomes unknown", ""]
        lines += ["| n | true | left out | weighed | replicates |", "|---|---|---|---|---|"]
        for n in (120, 500):
            found = run_cell("shares", n, replicates, workers)
            figures = " | ".join(f"{100 * values.mean():.2f} %" for values in found.values())
            lines.append(f"| {n} | {figures} | {len(found['true'])} |")
        lines += ["", "## Youden's index of a chosen cut-point (best possible 0.311)", ""]
        lines += ["| n | apparent | corrected | true of that cut-point | replicates |", "|---|---|---|---|---|"]
        for n in (42, 120):
            found = run_cell("cuts", n, replicates, workers)
            figures = " | ".join(f"{values.mean():.3f}" for values in found.values())
            lines.append(f"| {n} | {figures} | {len(found['apparent'])} |")
    write_text("\n".join(lines) + "\n", path)


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=Path("docs/validation/association-simulation.md"))
    options = parser.parse_args()
    write_report(options.replicates, options.out)


if __name__ == "__main__":
    main()
