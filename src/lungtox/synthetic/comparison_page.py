"""The page docs/validation/ntcp-comparison.md: how often the comparison finds the demo's true model.

`python -m lungtox.synthetic.comparison_page` simulates and writes it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from lungtox.provenance import code_digest, versions
from lungtox.synthetic.comparison_study import JUDGED, MEASURED, SETTINGS, ComparedCohort, compare_cohorts
from lungtox.synthetic.coverage import Interval
from lungtox.synthetic.dose_population import make_dose_population
from lungtox.synthetic.population import POPULATION_SEED
from lungtox.synthetic.truth import TRUTH
from lungtox.tables import write_text

FloatArray = npt.NDArray[np.float64]

POPULATION_SIZE = 4_000
TRUE_DOSE, GENERATING = "fMLD", "fMLD + clinical"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m lungtox.synthetic.comparison_page", description=(__doc__ or "").strip()
    )
    parser.add_argument("--seeds", type=int, default=200, help="number of cohorts, seeds 1 to this")
    parser.add_argument("--patients", type=int, nargs="+", default=[1000, 120], help="sizes of the cohorts")
    parser.add_argument("--resamples", type=int, default=100)
    parser.add_argument("--population", type=int, default=POPULATION_SIZE)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path("build"))
    parser.add_argument("--out", type=Path, default=Path("docs/validation/ntcp-comparison.md"))
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    population = make_dose_population(options.population, processes=options.processes, cache=options.cache)
    print(f"population of {len(population)} after {time.perf_counter() - started:.0f} s", flush=True)
    digest = code_digest(__file__)
    seeds = range(1, options.seeds + 1)
    cells: dict[int, list[ComparedCohort]] = {}
    for patients in options.patients:
        store = options.cache / f"ntcp-comparison-{digest}-{options.population}-{patients}-{options.resamples}.jsonl"
        done = _read_store(store)
        missing = [seed for seed in seeds if seed not in done]
        # A long study may be cut short: each cohort is kept, and the next start goes on from there.
        with store.open("a", encoding="utf-8") as lines:
            for found in compare_cohorts(
                missing, population=population, patients=patients, resamples=options.resamples,
                processes=options.processes,
            ):  # fmt: skip
                done[found.seed] = found
                lines.write(json.dumps(asdict(found)) + "\n")
                lines.flush()
        cells[patients] = [done[seed] for seed in seeds]
        print(f"{len(seeds)} cohorts of {patients} after {time.perf_counter() - started:.0f} s", flush=True)
    write_text(describe_study(cells, options, digest), options.out)


def _read_store(path: Path) -> dict[int, ComparedCohort]:
    """Read the cohorts of an earlier run of the same code; a line that was cut off does not count."""
    found: dict[int, ComparedCohort] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            values = json.loads(line)
        except ValueError:
            continue
        values["intervals"] = [Interval(**one) for one in values["intervals"]]
        found[values["seed"]] = ComparedCohort(**values)
    return found


def groups_of_models() -> dict[str, tuple[str, list[str]]]:
    """Give words -> the true model among some, and all of them."""
    names = [name for name, _, _ in SETTINGS.models()]
    width = len(SETTINGS.doses)
    plain, clinical, cytokines = names[:width], names[width : 2 * width], names[2 * width :]
    return {
        "dose alone": (TRUE_DOSE, plain),
        "+ clinical": (GENERATING, clinical),
        "+ clinical + cytokines": (f"{GENERATING} + cytokines", cytokines),
        "all without cytokines": (GENERATING, [*plain, *clinical]),
        "all": (f"{GENERATING} + cytokines", names),
    }


def share_of_wins(cohorts: Sequence[ComparedCohort], true: str, names: Sequence[str], *, measure: str) -> int:
    """Count the cohorts in which one model has the lowest AIC, or the highest value of another measure."""
    values = np.array([_values(cohorts, name, measure) for name in names])
    # A model that could not be fitted, or has no AIC, does not win.
    best = np.where(np.isnan(values), np.inf, values if measure == "aic" else -values).argmin(axis=0)
    return int((best == list(names).index(true)).sum())


def clopper_pearson(k: int, n: int) -> tuple[float, float]:
    """Give the exact 95 % limits of a share, in percent."""
    low = 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))
    return 100.0 * low, 100.0 * high


def describe_study(cells: Mapping[int, Sequence[ComparedCohort]], options: argparse.Namespace, digest: str) -> str:
    """Write the page: number of patients -> cohorts."""
    found = versions()
    seeds = [one.seed for one in next(iter(cells.values()))]
    lines = [
        "# Does the comparison of dose descriptions find the true model?",
        "",
        "Written by `make simulate` (`python -m lungtox.synthetic.comparison_page`); not edited by hand.",
        "",
        f"- {len(seeds)} cohorts of each size, seeds {seeds[0]} to {seeds[-1]}, all of them reported; optimism"
        f" bootstrap with {options.resamples} resamples.",
        f"- Drawn without replacement from a population of {options.population} patients whose doses were made once"
        f" (seed {POPULATION_SEED}, the 7 mm grid of simulations); factors, outcomes and cytokines are new in every"
        " cohort. A patient's dose therefore returns in other cohorts.",
        "- The outcome is drawn from the functional mean dose with age, lung disease and smoking: that is the model"
        f' "{GENERATING}" (../methods/truth.md). The demo\'s cytokines are log-normal and shifted by the outcome, so'
        " that by Bayes' rule the same model with their logarithms is the true one where they are known; plates and"
        " detection limits apart.",
        "- The comparison is `lungtox.ntcp.compare_descriptions` with the settings of the demo's config.yaml.",
        "- Intervals of shares: Clopper-Pearson, 95 %.",
        "",
        *(line for patients, cohorts in cells.items() for line in _describe_cell(patients, cohorts)),
        "## Made with",
        "",
        f"Code {digest}, numpy {found.get('numpy')}, scipy {found.get('scipy')}, statsmodels"
        f" {found.get('statsmodels')}.",
        "",
    ]
    return "\n".join(lines)


def _describe_cell(patients: int, cohorts: Sequence[ComparedCohort]) -> list[str]:
    count = len(cohorts)
    open_limits = sum(one.n_limits[1] is None for one in cohorts)
    return [
        f"## {patients} patients",
        "",
        f"{np.mean([one.n for one in cohorts]):.0f} of them on average have a known outcome, a SPECT and the cytokines;"
        f" {np.mean([one.events for one in cohorts]):.0f} of these have RP.",
        "",
        "How often the true model wins, and how far its AIC is ahead of the next:",
        "",
        "| among | true model | lowest AIC | 95 % | highest corrected AUC | 95 % |"
        " ahead: median (5 %) | Akaike weight: median (5 %) |",
        "|---|---|---|---|---|---|---|---|",
        *(_wins_row(cohorts, words, true, names) for words, (true, names) in groups_of_models().items()),
        "",
        "How much each model shows, means over the cohorts; AIC above the lowest of the cohort:",
        "",
        "| model | AIC | Akaike weight | corrected AUC | difference from MLD |",
        "|---|---|---|---|---|",
        *(_model_row(cohorts, name) for name, _, _ in SETTINGS.models()),
        "",
        "Profile-likelihood intervals of the generating model's parameters (`fit_logistic`, the same patients):",
        "",
        "| parameter | truth | median estimate | covered | % | 95 % |",
        "|---|---|---|---|---|---|",
        *(_parameter_row(cohorts, name, value) for name, value in TRUTH.terms().items()),
        "",
        "Difference of the corrected AUC from MLD and its range over the resamples, against the difference that the"
        " fitted model has in the whole population:",
        "",
        "| model | true difference, mean | error of the estimate, mean | SD | truth inside the range | % | 95 % |",
        "|---|---|---|---|---|---|---|",
        *(_difference_row(cohorts, name) for name in JUDGED),
        "",
        "gEUD is no part of the truth: the outcome follows a mean dose (of perfused lung). The interval of n of gEUD"
        f" alone reaches its upper end 1 in {open_limits} of {count} cohorts; its lower limit: median"
        f" {_median_limit(cohorts):.2f}.",
        "",
    ]


def _values(cohorts: Sequence[ComparedCohort], name: str, measure: str) -> FloatArray:
    return np.array([one.figures[name][MEASURED.index(measure)] for one in cohorts])


def _wins_row(cohorts: Sequence[ComparedCohort], words: str, true: str, names: Sequence[str]) -> str:
    count = len(cohorts)
    cells = [f"{words} ({len(names)})", true]
    for measure in ("aic", "auc_corrected"):
        wins = share_of_wins(cohorts, true, names, measure=measure)
        low, high = clopper_pearson(wins, count)
        cells += [f"{wins}/{count} ({100 * wins / count:.1f} %)", f"{low:.1f}-{high:.1f}"]
    # A separated model has no AIC: it is infinitely far behind.
    aic = np.nan_to_num(np.array([_values(cohorts, name, "aic") for name in names]), nan=np.inf)
    true_aic = _values(cohorts, true, "aic")
    rest = np.array([row for name, row in zip(names, aic, strict=True) if name != true])
    ahead = rest.min(axis=0) - true_aic
    weight = 1.0 / np.exp(-0.5 * (aic - true_aic)).sum(axis=0)
    for one, digits in ((ahead, 1), (weight, 2)):
        middle, low = np.nanquantile(one, [0.5, 0.05])
        cells.append(f"{middle:.{digits}f} ({low:.{digits}f})")
    return f"| {' | '.join(cells)} |"


def _model_row(cohorts: Sequence[ComparedCohort], name: str) -> str:
    lowest = np.nanmin([_values(cohorts, other, "aic") for other, _, _ in SETTINGS.models()], axis=0)
    above = _values(cohorts, name, "aic") - lowest
    auc, difference = _values(cohorts, name, "auc_corrected"), _values(cohorts, name, "auc_difference")
    weight = _values(cohorts, name, "aic_weight")
    means = [float(np.nanmean(one)) for one in (above, weight, auc, difference)]
    return f"| {name} | {means[0]:.1f} | {means[1]:.3f} | {means[2]:.3f} | {means[3]:+.3f} |"


def _parameter_row(cohorts: Sequence[ComparedCohort], name: str, truth: float) -> str:
    rows = [item for one in cohorts for item in one.intervals if item.parameter == name]
    covered = sum(item.low <= truth <= item.high for item in rows)
    low, high = clopper_pearson(covered, len(rows))
    estimate = float(np.median([item.estimate for item in rows]))
    return (
        f"| {name} | {truth:.4g} | {estimate:.4g} | {covered}/{len(rows)} | {100 * covered / len(rows):.1f} |"
        f" {low:.1f}-{high:.1f} |"
    )


def _difference_row(cohorts: Sequence[ComparedCohort], name: str) -> str:
    truth = np.array([one.true_differences[name] for one in cohorts])
    error = _values(cohorts, name, "auc_difference") - truth
    low, high = (_values(cohorts, name, f"auc_difference_{side}") for side in ("low", "high"))
    held = int(((low <= truth) & (truth <= high)).sum())
    least, most = clopper_pearson(held, len(cohorts))
    return (
        f"| {name} | {truth.mean():.3f} | {error.mean():+.4f} | {error.std(ddof=1):.4f} | {held}/{len(cohorts)} |"
        f" {100 * held / len(cohorts):.1f} | {least:.1f}-{most:.1f} |"
    )


def _median_limit(cohorts: Sequence[ComparedCohort]) -> float:
    return float(np.median([0.0 if one.n_limits[0] is None else one.n_limits[0] for one in cohorts]))


if __name__ == "__main__":
    main()
