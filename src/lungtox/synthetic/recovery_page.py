"""The page docs/validation/ntcp-recovery.md: how well NTCP fits find the parameters that made the data.

`python -m lungtox.synthetic.recovery_page` simulates and writes it; `--replicates 20` is a quick look, `--replicates 0`
writes what is in the cache.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungtox.provenance import code_digest, versions
from lungtox.synthetic import recovery_study
from lungtox.synthetic.comparison_page import clopper_pearson
from lungtox.synthetic.recovery_study import (
    BIN_GY,
    DISEASE_SHARE,
    MEAN_AGE_Y,
    PATIENTS,
    SCENARIOS,
    SEED,
    SPREAD_AGE_Y,
    Recovered,
    Scenario,
    make_histograms,
    run_replicates,
)
from lungtox.tables import write_text

FloatArray = npt.NDArray[np.float64]
Key = tuple[str, int, int]

POPULATION_SIZE = 3_000
ENOUGH = 500
"""Cohorts below which no verdict is given."""
LARGEST_BIAS = 0.4
LEVEL_PCT = 95.0
ON_BOUND_PCT = (95.0, 98.5)


@dataclass(frozen=True)
class Row:
    """One parameter of one scenario and size.

    Attributes
    ----------
    scenario : Scenario
    n : int
    parameter : str
    truth : float
    cohorts : int
        All that were drawn, failed fits included; these count as not holding the truth.
    median, spread : float
        Of the estimates; the spread is half the distance between their 15.87 and 84.13 percentiles.
    held, below, above : int
        Intervals that hold the truth, and that lie below and above it.
    """

    scenario: Scenario
    n: int
    parameter: str
    truth: float
    cohorts: int
    median: float
    spread: float
    held: int
    below: int
    above: int

    @property
    def bias(self) -> float:
        """Median error in standard errors."""
        return (self.median - self.truth) / self.spread if self.spread > 0.0 else 0.0

    @property
    def bias_error(self) -> float:
        """Monte Carlo standard error of the bias: that of a median is 1.25 times that of a mean."""
        return 1.2533 / float(np.sqrt(self.cohorts))

    @property
    def percent(self) -> float:
        """Share of all intervals that hold the truth."""
        return 100.0 * self.held / self.cohorts

    @property
    def at_bound(self) -> bool:
        """Whether the true value is the end of its range."""
        return self.scenario.on_bound and self.parameter == self.scenario.volume

    @property
    def goal_pct(self) -> tuple[float, float]:
        """Range in which the share of intervals that hold the truth should be."""
        if self.at_bound:
            return ON_BOUND_PCT
        reach = 3.0 * 100.0 * np.sqrt(0.95 * 0.05 / self.cohorts)
        return LEVEL_PCT - reach, LEVEL_PCT + reach

    @property
    def verdict(self) -> str:
        """Whether coverage, and at 1,000 patients the bias, are as asked for."""
        if self.cohorts < ENOUGH:
            return "-"
        low, high = self.goal_pct
        missed = [] if low <= self.percent <= high else ["coverage"]
        if self.n >= max(PATIENTS) and not abs(self.bias) <= LARGEST_BIAS:
            missed.append("bias")
        return f"NOT met: {' and '.join(missed)}" if missed else "met"


def make_rows(cohorts: Sequence[Recovered], scenario: Scenario, n: int) -> list[Row]:
    """Give the rows of one scenario and size."""
    return [_row(cohorts, scenario, n, parameter) for parameter in scenario.truth] if cohorts else []


def _row(cohorts: Sequence[Recovered], scenario: Scenario, n: int, parameter: str) -> Row:
    truth = scenario.truth[parameter]
    found = [one.found[parameter] for one in cohorts if parameter in one.found]
    values = np.array([item[0] for item in found if item[0] is not None], dtype=float)
    lows = np.array([-np.inf if item[1] is None else item[1] for item in found], dtype=float)
    highs = np.array([np.inf if item[2] is None else item[2] for item in found], dtype=float)
    median, spread = np.nan, np.nan
    if values.size:
        low, median, high = np.percentile(values, [15.8655, 50.0, 84.1345])
        spread = 0.5 * (high - low)
    # A limit at the truth itself holds it, but for the last digits of the search.
    slack = 1e-7 * abs(truth)
    below, above = int((highs < truth - slack).sum()), int((lows > truth + slack).sum())
    return Row(scenario, n, parameter, truth, len(cohorts), float(median), float(spread),
               len(found) - below - above, below, above)  # fmt: skip


def describe_study(cohorts: Iterable[Recovered], *, population: int, digest: str) -> str:
    """Write the page."""
    by_cell: dict[tuple[str, int], list[Recovered]] = {}
    for one in cohorts:
        by_cell.setdefault((one.scenario, one.n), []).append(one)
    cells = [(scenario, n, by_cell.get((scenario.name, n), [])) for scenario in SCENARIOS for n in PATIENTS]
    rows = [row for scenario, n, some in cells for row in make_rows(some, scenario, n)]
    counts = [len(some) for _, _, some in cells]
    return "\n".join([*_head(counts, population), *_cells(cells), *_table(rows), *_made_with(digest)])


def _head(counts: Sequence[int], population: int) -> list[str]:
    count = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    short = (
        [f"- **Not complete:** fewer than {ENOUGH} cohorts of some cells. Those show their Monte Carlo interval and no"
         " verdict; `make simulate` goes on from what is in the cache."]
        if min(counts) < ENOUGH
        else []
    )  # fmt: skip
    return [
        "# Do NTCP fits find the parameters that made the data?",
        "",
        "Written by `make simulate` (`python -m lungtox.synthetic.recovery_page`); not edited by hand.",
        "",
        f"- {count} cohorts of each scenario and size, seed {SEED} with one stream for each cohort, replicates from 1"
        " on; all that were drawn are counted, none is picked.",
        *short,
        f"- DVHs: both lungs without the GTV of {population} patients of the demo's generator on its coarse grid, in"
        f" bins of {BIN_GY:g} Gy, and of the region with at least 40 % of maximum perfusion for the functional model."
        " Patients of a cohort are drawn without replacement. Truth and fit see the same bins.",
        f"- Outcomes: drawn from the true model by the plain formulas of `lungtox.ntcp.formulas`. Covariates: age"
        f" normal ({MEAN_AGE_Y:g}, {SPREAD_AGE_Y:g} years), lung disease {100 * DISEASE_SHARE:g} %, both dose-modifying"
        " factors, TD50 exp(sum delta x).",
        "- Fits: `lungtox.ntcp.fit_ntcp` with all parameters free, as a user calls it, 95 % profile-likelihood"
        " intervals. An open limit counts as infinite; a fit that was refused counts as not holding the truth.",
        "- Standard error: half the distance between the 15.87 and 84.13 percentiles of the estimates, which a few wild"
        " estimates do not widen. Bias: median error in these standard errors, with its Monte Carlo error.",
        f"- Goals: bias at most {LARGEST_BIAS:g} at {max(PATIENTS)} patients; coverage within 3 Monte Carlo standard"
        f" errors of 95 % over at least {ENOUGH} cohorts; {ON_BOUND_PCT[0]:g} to {ON_BOUND_PCT[1]:g} % where the truth"
        " is the end of the range.",
        "",
    ]


def _cells(cells: Sequence[tuple[Scenario, int, list[Recovered]]]) -> list[str]:
    lines = [
        "## Cohorts and fits",
        "",
        "| scenario | n | cohorts | events, mean (range) | refused | did not converge | volume parameter at an end"
        " of its range (%) | another parameter at an end (%) | fits with starts that ended elsewhere (%) | processor"
        " time of a fit (s) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for scenario, n, some in cells:
        if not some:
            lines.append(f"| {scenario.name} | {n} | 0 | - | - | - | - | - | - | - |")
            continue
        events = [one.events for one in some]
        fitted = [one for one in some if one.found]
        ends = [[name for name, item in one.found.items() if item[3]] for one in fitted]
        volume = sum(scenario.volume in names for names in ends)
        others = sum(any(name != scenario.volume for name in names) for names in ends)
        cells_of = [
            scenario.name, str(n), str(len(some)), f"{np.mean(events):.0f} ({min(events)} to {max(events)})",
            str(len(some) - len(fitted)), str(sum(not one.converged for one in fitted)),
            _share(volume, len(some)), _share(others, len(some)),
            _share(sum(one.elsewhere > 0 for one in fitted), len(some)),
            f"{np.median([one.seconds for one in some]):.2f}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells_of)} |")
    return [*lines, "", *_refusals(cells)]


def _refusals(cells: Sequence[tuple[Scenario, int, list[Recovered]]]) -> list[str]:
    reasons: dict[str, int] = {}
    for one in (one for _, _, some in cells for one in some if one.failure):
        text = f"{one.scenario}, n {one.n}: {one.failure}"
        reasons[text] = reasons.get(text, 0) + 1
    return [*(f"- Refused, {text} ({count})" for text, count in reasons.items()), ""] if reasons else []


def _share(count: int, total: int) -> str:
    return f"{100.0 * count / total:.1f}"


def _table(rows: Sequence[Row]) -> list[str]:
    lines = [
        "## Parameters",
        "",
        "Missed below: the interval ends below the truth; above: it begins above it. Where the true n is 1, its"
        " estimate can only be too small; TD50 and m are correlated with it, and their bias in standard errors does not"
        " vanish with more patients.",
        "",
        "| scenario | n | parameter | truth | median | standard error | bias | holds the truth | % (Monte Carlo"
        " interval) | missed below / above | goal |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        low, high = clopper_pearson(row.held, row.cohorts)
        share = f"{row.percent:.1f} ({low:.1f} to {high:.1f})"
        lines.append(
            f"| {row.scenario.name} | {row.n} | {row.parameter} | {row.truth:g} | {row.median:.4g} | {row.spread:.3g} |"
            f" {row.bias:+.2f} ± {row.bias_error:.2f} | {row.held}/{row.cohorts} | {share} |"
            f" {row.below} / {row.above} | {row.verdict} |"
        )
    judged = [row for row in rows if row.verdict != "-"]
    met = sum(row.verdict == "met" for row in judged)
    told = f"{met} of {len(judged)} parameters with at least {ENOUGH} cohorts meet the goals." if judged else ""
    return [*lines, "", *([told, ""] if told else [])]


def _made_with(digest: str) -> list[str]:
    found = versions()
    return ["## Made with", "", f"Code {digest}, numpy {found['numpy']}, scipy {found['scipy']}.", ""]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m lungtox.synthetic.recovery_page", description=(__doc__ or "").strip()
    )
    parser.add_argument("--replicates", type=int, default=ENOUGH, help="cohorts of each scenario and size")
    names = [one.name for one in SCENARIOS]
    parser.add_argument("--scenarios", nargs="+", choices=names, default=names, help="run these; the page shows all")
    parser.add_argument("--population", type=int, default=POPULATION_SIZE)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path("build"))
    parser.add_argument("--out", type=Path, default=Path("docs/validation/ntcp-recovery.md"))
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    digest = code_digest(recovery_study.__file__)
    store = options.cache / f"ntcp-recovery-{digest}-{options.population}.jsonl"
    done = _read_store(store)
    cut_off = store.is_file() and not store.read_text(encoding="utf-8").endswith("\n")
    tasks = [(one, n, k) for k in range(1, options.replicates + 1) for one in SCENARIOS for n in PATIENTS]
    tasks = [(one, n, k) for one, n, k in tasks if one.name in options.scenarios and (one.name, n, k) not in done]
    if tasks:
        path = make_histograms(options.population, processes=options.processes, cache=options.cache)
        print(f"DVHs after {time.perf_counter() - started:.0f} s", flush=True)
        # A long study may be cut short: each cohort is kept, and the next start goes on from there.
        with store.open("a", encoding="utf-8") as lines:
            lines.write("\n" if cut_off else "")
            for found in run_replicates(tasks, path=path, processes=options.processes):
                done[found.key] = found
                lines.write(json.dumps(asdict(found)) + "\n")
                lines.flush()
    print(f"{len(tasks)} cohorts after {time.perf_counter() - started:.0f} s", flush=True)
    write_text(describe_study(done.values(), population=options.population, digest=digest), options.out)


def _read_store(path: Path) -> dict[Key, Recovered]:
    """Read the cohorts of an earlier run of the same code; a line that was cut off does not count."""
    found: dict[Key, Recovered] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            one = Recovered(**json.loads(line))
        except ValueError:
            continue
        found[one.key] = one
    return found


if __name__ == "__main__":
    main()
