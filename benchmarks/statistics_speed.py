"""Time of the validation bootstrap, with and without imputation, and of DeLong's test.

Writes docs/benchmarks/statistics.md.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
for _name in THREADS:  # one thread, as in the workflow; read when numpy is loaded
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from lungtox.models import compare_auc, make_imputer, validate  # noqa: E402
from lungtox.models.config import MissingSettings, SelectionSettings  # noqa: E402
from lungtox.provenance import versions  # noqa: E402
from lungtox.synthetic.validation_study import SCENARIOS, simulate_cohort  # noqa: E402
from lungtox.tables import write_text  # noqa: E402

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "benchmarks" / "statistics.md"
BUSY = 0.5  # load at the start from which times are not to be trusted
CANDIDATES = [f"x{number}" for number in range(30)]
GAPS, GAP_SHARE = 10, 0.1


@dataclass(frozen=True)
class Case:
    """What is timed, how often, and the seconds that are asked for."""

    what: str
    run: Callable[[], str]
    asked_s: float
    repeats: int


@dataclass(frozen=True)
class Times:
    """Seconds of each run: wall and processor; ``sign`` shows that the same was computed."""

    wall: list[float]
    processor: list[float]
    sign: str


def cohort() -> pd.DataFrame:
    """Draw 120 patients: 30 candidates in blocks of five that correlate, three with an effect."""
    x, y = simulate_cohort(SCENARIOS[0], 120, np.random.default_rng(1))
    return pd.DataFrame(x[:, 1:], columns=CANDIDATES).assign(rp=y)


def with_gaps() -> pd.DataFrame:
    """Take 10 % of the values of ten candidates away."""
    table, rng = cohort(), np.random.default_rng(2)
    for name in CANDIDATES[::3]:
        table.loc[rng.random(len(table)) < GAP_SHARE, name] = np.nan
    return table


def run_bootstrap(resamples: int, *, impute: bool) -> str:
    """Validate forward selection by the optimism bootstrap."""
    imputer = make_imputer(MissingSettings(), predictors=CANDIDATES) if impute else None
    found = validate(
        with_gaps() if impute else cohort(), predictors=CANDIDATES, resamples=resamples, repeats=0,
        selection=SelectionSettings(method="forward"), rng=np.random.default_rng(3), imputer=imputer,
    )  # fmt: skip
    auc = found.measures.set_index("measure").loc["auc"]
    figures = f"AUC {auc['apparent']:.3f} apparent, {auc['corrected']:.3f} corrected"
    return f"{found.n} patients, {found.events} events; {figures}"


def run_delong(patients: int) -> str:
    """Compare two markers of the same patients."""
    rng = np.random.default_rng(4)
    y = (rng.random(patients) < 0.25) * 1.0
    first = rng.normal(size=patients) + 0.6 * y
    second = 0.8 * first + 0.6 * rng.normal(size=patients)
    start = time.perf_counter(), time.process_time()
    found = compare_auc(y, first, second)
    _DELONG.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return f"difference {found.difference:.5f}, z {found.z:.3f}"


_DELONG: list[tuple[float, float]] = []  # without the drawing of the patients


def measure(case: Case) -> Times:
    """Run a case, the first time unmeasured where it is short: it loads what it needs."""
    wall, processor, sign = [], [], ""
    for turn in range(case.repeats):
        _DELONG.clear()
        start = time.perf_counter(), time.process_time()
        sign = case.run()
        spent = _DELONG[0] if _DELONG else (time.perf_counter() - start[0], time.process_time() - start[1])
        if turn or case.repeats < 3:
            wall.append(spent[0])
            processor.append(spent[1])
        print(f"  {case.what}: {spent[0]:.3f} s", file=sys.stderr, flush=True)
    return Times(wall, processor, sign)


def write_page(found: list[tuple[Case, Times]], load: float, path: Path) -> None:
    """Write the page."""
    when = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    made_with = ", ".join(f"{name} {version}" for name, version in versions().items())
    lines = [
        "# Time of the statistics",
        "",
        f"Written by `python benchmarks/statistics_speed.py` on {when}: {machine}; load {load:.1f} at the start;",
        f"one process with one thread. {made_with}.",
        "",
    ]
    if load >= BUSY:
        lines += [
            "**The machine was busy: wall times are those of a shared machine. One thread alone takes as much wall as",
            "processor time, so the goals are judged by the latter.**",
            "",
        ]
    lines += [
        "| what | runs | wall time, median | processor time, median | asked (wall) | | result |",
        "|---|--:|--:|--:|--:|---|---|",
    ]
    for case, times in found:
        wall, processor = statistics.median(times.wall), statistics.median(times.processor)
        met = "met" if (processor if load >= BUSY else wall) <= case.asked_s else "not met"
        lines.append(
            f"| {case.what} | {len(times.wall)} | {wall:.2f} s | {processor:.2f} s | {case.asked_s:g} s | {met} |"
            f" {times.sign} |"
        )
    words = (
        "120 patients, 30 candidates in blocks of five that correlate by 0.7, forward selection by the likelihood "
        "ratio in each resample (lungtox.models.validate). With imputation: 10 % of the values of ten candidates are "
        "missing, and 20 tables are imputed by chained equations (10 rounds) anew in each resample; the selection sees "
        "them stacked. DeLong: two markers on the same patients, drawing them not counted."
    )
    write_text("\n".join([*lines, "", *textwrap.wrap(words, 110)]) + "\n", path)


def main() -> None:
    """Parse the arguments, run and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    count = options.resamples
    cases = [
        Case("DeLong, two markers, 100,000 patients", lambda: run_delong(100_000), 0.2, 6),
        Case(f"optimism bootstrap, {count} resamples", lambda: run_bootstrap(count, impute=False), 60.0, 3),
        Case("the same, 20 imputations in each", lambda: run_bootstrap(count, impute=True), 600.0, 1),
    ]
    load = os.getloadavg()[0]
    write_page([(case, measure(case)) for case in cases], load, options.out)


if __name__ == "__main__":
    main()
