"""Does the analysis find the demo's truth? Coverage of 95 % intervals over many cohorts without DICOM.

`python -m lungtox.synthetic.simulate` writes docs/validation/truth-recovery.md;
`python -m lungtox.synthetic.simulate --marginal` renews synthetic/marginal.json first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lungtox.provenance import code_digest, versions
from lungtox.synthetic.coverage import Replicate, measure_coverage, run_replicates, true_values
from lungtox.synthetic.population import make_population, marginal_document
from lungtox.synthetic.truth import MARGINAL_FILE, marginal_truth
from lungtox.tables import write_json, write_text

POPULATION_SIZE = 12_000
FIRST_SEED = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m lungtox.synthetic.simulate", description=(__doc__ or "").strip())
    parser.add_argument("--marginal", action="store_true", help="renew synthetic/marginal.json first")
    parser.add_argument("--seeds", type=int, default=4000, help="number of cohorts, seeds 1 to this")
    parser.add_argument("--patients", type=int, default=120)
    parser.add_argument("--population", type=int, default=POPULATION_SIZE)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path("build"))
    parser.add_argument("--out", type=Path, default=Path("docs/validation/truth-recovery.md"))
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    population = make_population(options.population, processes=options.processes, cache=options.cache)
    print(f"population of {len(population)} after {time.perf_counter() - started:.0f} s", flush=True)
    marginal = marginal_truth()
    if options.marginal or marginal is None:
        marginal = marginal_document(population)
        write_json(marginal, Path(__file__).with_name(MARGINAL_FILE))
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
    replicates = run_replicates(seeds, population=population, patients=options.patients, processes=options.processes)
    print(f"{len(replicates)} cohorts after {time.perf_counter() - started:.0f} s", flush=True)
    write_text(describe_recovery(replicates, marginal, patients=options.patients), options.out)


def describe_recovery(replicates: Sequence[Replicate], marginal: dict[str, Any], *, patients: int) -> str:
    """Write the page docs/validation/truth-recovery.md."""
    coverage = measure_coverage(replicates, true_values(marginal))
    events = np.array([one.events for one in replicates])
    failures: dict[str, list[int]] = {}
    for one in replicates:
        for text in one.failures:
            failures.setdefault(text, []).append(one.seed)
    found = versions()
    rows = [
        f"| {c.model} | {c.parameter} | {c.truth:.4g} | {c.mean_estimate:.4g} | {c.median_estimate:.4g} |"
        f" {c.covered}/{c.replicates} | {c.percent:.1f} | {c.monte_carlo[0]:.1f}-{c.monte_carlo[1]:.1f} | {c.verdict} |"
        for c in coverage
    ]
    inside = [c for c in coverage if c.verdict.startswith("inside")]
    sure = sum(c.verdict == "inside" for c in inside)
    lines = [
        "# Recovery of the demo's truth",
        "",
        "Written by `make simulate` (`python -m lungtox.synthetic.simulate`); not edited by hand.",
        "",
        f"- {len(replicates)} cohorts of {patients} patients, seeds {replicates[0].seed} to {replicates[-1].seed},"
        " all of them reported; no seed is picked.",
        f"- Patients of each cohort are drawn without replacement from a population of {marginal['population']} whose"
        f" dose summaries were made once (seed {marginal['population_seed']}); factors, dates and outcomes are new in"
        " every cohort. A patient's dose therefore returns in other cohorts.",
        "- The fits are those of the workflow: `lungtox.models.fit_logistic` without penalty on patients with SPECT,"
        " `lungtox.ntcp.fit_ntcp` with n = 1 on all; patients with neither RP nor a full window are left out.",
        "- The truth of the generating model are its coefficients. That of the dose-only models is what their fits"
        " tend to in the whole population (docs/methods/truth.md).",
        f"- Events per cohort: mean {events.mean():.1f}, from {events.min()} to {events.max()};"
        f" binary outcomes known: mean {np.mean([one.binary for one in replicates]):.1f};"
        f" of these with SPECT: mean {np.mean([one.with_spect for one in replicates]):.1f}.",
        "- Intervals are 95 % profile-likelihood intervals; an open limit counts as infinite."
        " Goal: 93-97 %. The Monte Carlo interval is Clopper-Pearson, 95 %.",
        "",
        "| model | parameter | truth | mean estimate | median estimate | covered | % | Monte Carlo interval | goal |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"{len(inside)} of {len(coverage)} parameters lie inside the goal, {sure} of them with their whole Monte Carlo"
        " interval.",
        "",
        "## Fits that failed or were changed",
        "",
        *(
            [f"- {text}: {len(seeds)} (seeds {', '.join(map(str, seeds))})" for text, seeds in sorted(failures.items())]
            or ["None."]
        ),
        "",
        "## Made with",
        "",
        f"Code {code_digest(__file__)},"
        f" numpy {found.get('numpy')}, scipy {found.get('scipy')}, statsmodels {found.get('statsmodels')}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
