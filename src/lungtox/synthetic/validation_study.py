"""Does internal validation tell the truth? Simulated cohorts whose external performance is known.

`python -m lungtox.synthetic.validation_study` writes docs/validation/validation-simulation.md; `--replicates 10` is a
quick look.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from lungtox.models.config import SelectionSettings
from lungtox.models.discrimination import area_under_curve
from lungtox.models.encoding import TermGroup
from lungtox.models.newton import maximise
from lungtox.models.performance import MEASURES
from lungtox.models.recipe import Recipe, make_recipe
from lungtox.models.resampling import Axes, Cohort, bootstrap, cross_validate
from lungtox.provenance import code_digest, versions
from lungtox.synthetic.workers import worker_processes
from lungtox.tables import write_text

FloatArray = npt.NDArray[np.float64]

BLOCKS, BLOCK_SIZE, WITHIN = 6, 5, 0.7
EXTERNAL_PATIENTS = 20_000
AUC, SLOPE = MEASURES.index("auc"), MEASURES.index("slope")
# Scenario, seed, resamples, folds, repeats.
Task = tuple["Scenario", int, int, int, int]
AXES = Axes(np.array([0.2]), np.array([0.2]))


@dataclass(frozen=True)
class Scenario:
    """A population and what is done to its cohorts.

    Attributes
    ----------
    name, words : str
    patients : int
    effects : tuple of float
        Log odds ratio per standard deviation of the first candidate of each block.
    rate : float
        Share of events in the population.
    method : str
        ``forward``, ``none`` (all candidates stay in) or a shrinking penalty.
    blocks : int
        Blocks of five candidates.
    """

    name: str
    words: str
    patients: int
    effects: tuple[float, ...]
    rate: float
    method: str
    blocks: int = BLOCKS


SCENARIOS = (
    Scenario("signal, forward, n 120", "30 candidates, three with an effect", 120, (0.9, 0.6, 0.4), 0.25, "forward"),
    Scenario("no signal, forward, n 42", "30 candidates, none with an effect", 42, (), 0.25, "forward"),
    Scenario("signal, all in, n 120", "5 candidates, one with an effect", 120, (0.9,), 0.25, "none", blocks=1),
)


@dataclass(frozen=True)
class Outcome:
    """One cohort: AUC and calibration slope as found and in truth."""

    events: int
    chosen: int
    apparent: Sequence[float]
    boot: Sequence[float]
    crossed: Sequence[float]
    external: Sequence[float]
    covered: bool


def simulate_cohort(scenario: Scenario, patients: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw patients of a scenario: design matrix with intercept, and outcome."""
    shared = np.repeat(rng.normal(size=(patients, scenario.blocks)), BLOCK_SIZE, axis=1)
    own = rng.normal(size=shared.shape)
    candidates = np.sqrt(WITHIN) * shared + np.sqrt(1.0 - WITHIN) * own
    eta = candidates[:, : BLOCK_SIZE * len(scenario.effects) : BLOCK_SIZE] @ np.array(scenario.effects)
    eta = eta if len(scenario.effects) else np.zeros(patients)
    y = (rng.random(patients) < expit(_intercept(scenario) + eta)).astype(np.float64)
    return np.column_stack([np.ones(patients), candidates]), y


def _intercept(scenario: Scenario) -> float:
    """Give the intercept for which the mean risk over the normal linear predictor is the rate."""
    spread = float(np.linalg.norm(scenario.effects)) if scenario.effects else 0.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = float(weights @ expit(middle + spread * nodes)) / float(weights.sum()) > scenario.rate
        low, high = (low, middle) if above else (middle, high)
    return 0.5 * (low + high)


def run_replicate(task: Task) -> Outcome | None:
    """Validate one cohort and try its model on many new patients; None without both outcomes."""
    scenario, seed, resamples, folds, repeats = task
    rng = np.random.default_rng([seed, scenario.patients, len(scenario.effects)])
    x, y = simulate_cohort(scenario, scenario.patients, rng)
    if min(y.sum(), len(y) - y.sum()) < 2:
        return None
    recipe = _recipe(scenario)
    cohort = Cohort(x[None], y)
    model = recipe.fit(cohort.x, y, rng)
    if model is None:
        return None
    found = bootstrap(cohort, recipe, model, resamples=resamples, axes=AXES, rng=rng)
    optimism = np.array([own.measures - other.measures for own, other in zip(found.own, found.original, strict=True)])
    apparent = found.apparent.measures
    boot = apparent - np.nanmean(optimism, axis=0)
    crossed, _ = cross_validate(cohort, recipe, folds=folds, repeats=repeats, rng=rng)
    mean = np.array(
        [column[np.isfinite(column)].mean() if np.isfinite(column).any() else np.nan for column in crossed.T]
    )
    new_x, new_y = simulate_cohort(scenario, EXTERNAL_PATIENTS, rng)
    eta = new_x @ model.beta
    external = area_under_curve(new_y, eta)
    low, high = np.quantile(apparent[AUC] - optimism[:, AUC], [0.025, 0.975])
    return Outcome(
        int(y.sum()),
        len(model.chosen),
        (float(apparent[AUC]), float(apparent[SLOPE])),
        (float(boot[AUC]), float(boot[SLOPE])),
        (float(mean[AUC]), float(mean[SLOPE])),
        (external, _slope(eta, new_y)),
        bool(low <= external <= high),
    )


def _slope(eta: FloatArray, y: FloatArray) -> float:
    if eta.std() == 0.0:
        return 1.0
    return float(maximise(np.column_stack([np.ones_like(eta), eta / eta.std()]), y).beta[1]) / float(eta.std())


def _recipe(scenario: Scenario) -> Recipe:
    groups = [TermGroup(f"c{column}", (column,)) for column in range(1, scenario.blocks * BLOCK_SIZE + 1)]
    selection = SelectionSettings(method="forward") if scenario.method == "forward" else None
    return make_recipe(groups, selection=selection)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m lungtox.synthetic.validation_study", description=(__doc__ or "").strip()
    )
    parser.add_argument("--replicates", type=int, default=200, help="cohorts of each scenario, seeds 1 to this")
    parser.add_argument("--resamples", type=int, default=100)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path("build"))
    parser.add_argument("--out", type=Path, default=Path("docs/validation/validation-simulation.md"))
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    seeds = range(1, options.replicates + 1)
    tasks = [(one, seed, options.resamples, options.folds, options.repeats) for seed in seeds for one in SCENARIOS]
    digest = code_digest(__file__)
    store = options.cache / f"validation_study-{digest}.jsonl"
    done = _read_store(store)
    open_tasks = [task for task in tasks if _key(task) not in done]
    store.parent.mkdir(parents=True, exist_ok=True)
    # A long study may be cut short: each cohort is kept, and the next start goes on from there.
    with store.open("a", encoding="utf-8") as lines, worker_processes(options.processes) as workers:
        for task, outcome in zip(open_tasks, workers.map(run_replicate, open_tasks, chunksize=1), strict=True):
            done[_key(task)] = outcome
            lines.write(json.dumps([_key(task), None if outcome is None else asdict(outcome)]) + "\n")
            lines.flush()
    print(f"{len(open_tasks)} cohorts in {time.perf_counter() - started:.0f} s", flush=True)
    cells = []
    for scenario in SCENARIOS:
        outcomes = [done[_key(task)] for task in tasks if task[0] == scenario]
        cells.append((scenario, [outcome for outcome in outcomes if outcome is not None]))
    write_text(describe(cells, options, digest), options.out)


def _key(task: Task) -> str:
    return "|".join([task[0].name, *map(str, task[1:])])


def _read_store(path: Path) -> dict[str, Outcome | None]:
    """Read the cohorts of an earlier run of the same code; a line that was cut off does not count."""
    found: dict[str, Outcome | None] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            key, values = json.loads(line)
        except ValueError:
            continue
        found[key] = None if values is None else Outcome(**values)
    return found


def describe(cells: Sequence[tuple[Scenario, Sequence[Outcome]]], options: argparse.Namespace, digest: str) -> str:
    """Write the page docs/validation/validation-simulation.md."""
    found = versions()
    lines = [
        "# Does internal validation tell the truth?",
        "",
        "Written by `make simulate` (`python -m lungtox.synthetic.validation_study`); not edited by hand.",
        "",
        f"- {options.replicates} cohorts of each scenario, seeds 1 to {options.replicates}, all reported; optimism"
        f" bootstrap with {options.resamples} resamples, {options.folds}-fold cross-validation repeated"
        f" {options.repeats} times, the whole recipe repeated in each.",
        f"- Candidates: standard normal in blocks of {BLOCK_SIZE} that correlate by {WITHIN:g}; share of events 25 %."
        " Effects are those of the first candidate of the first blocks.",
        f"- External: the cohort's own final model on {EXTERNAL_PATIENTS} new patients. Error: figure minus external,"
        " mean over the cohorts with its Monte Carlo standard error.",
        "- Forward selection by the likelihood-ratio test, p < 0.05.",
        "",
        "## AUC",
        "",
        "| scenario | cohorts | events | chosen | external | apparent | error | bootstrap | error | cross-validation |"
        " error |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_auc_row(scenario, outcomes) for scenario, outcomes in cells),
        "",
        "Spread of one cohort's figure around its external AUC (standard deviation), and how often the instability"
        " range of the bootstrap held it; it is no confidence interval and is not shown as one:",
        "",
        "| scenario | apparent | bootstrap | cross-validation | external AUC inside the instability range |",
        "|---|---|---|---|---|",
        *(_spread_row(scenario, outcomes) for scenario, outcomes in cells),
        "",
        "## Calibration slope",
        "",
        "Medians; a cohort whose refits mostly chose nothing has no cross-validated slope.",
        "",
        "| scenario | external | apparent | bootstrap | cross-validation |",
        "|---|---|---|---|---|",
        *(_slope_row(scenario, outcomes) for scenario, outcomes in cells),
        "",
        "## Made with",
        "",
        f"Code {digest}, numpy {found.get('numpy')}, scipy {found.get('scipy')}.",
        "",
    ]
    return "\n".join(lines)


def _values(outcomes: Sequence[Outcome], name: str, index: int) -> FloatArray:
    return np.array([getattr(one, name)[index] for one in outcomes])


def _auc_row(scenario: Scenario, outcomes: Sequence[Outcome]) -> str:
    external = _values(outcomes, "external", 0)
    cells = [
        f"{scenario.name}: {scenario.words}", str(len(outcomes)), f"{np.mean([one.events for one in outcomes]):.1f}",
        f"{np.mean([one.chosen for one in outcomes]):.1f}", f"{external.mean():.3f}",
    ]  # fmt: skip
    for name in ("apparent", "boot", "crossed"):
        error = _values(outcomes, name, 0) - external
        standard_error = error.std(ddof=1) / np.sqrt(len(error))
        cells += [f"{_values(outcomes, name, 0).mean():.3f}", f"{error.mean():+.3f} ± {standard_error:.3f}"]
    return f"| {' | '.join(cells)} |"


def _spread_row(scenario: Scenario, outcomes: Sequence[Outcome]) -> str:
    external = _values(outcomes, "external", 0)
    spreads = [f"{(_values(outcomes, name, 0) - external).std(ddof=1):.3f}" for name in ("apparent", "boot", "crossed")]
    held = sum(one.covered for one in outcomes)
    return f"| {scenario.name} | {' | '.join(spreads)} | {held}/{len(outcomes)} ({100 * held / len(outcomes):.0f} %) |"


def _slope_row(scenario: Scenario, outcomes: Sequence[Outcome]) -> str:
    medians = [
        f"{np.nanmedian(_values(outcomes, name, 1)):.2f}" for name in ("external", "apparent", "boot", "crossed")
    ]
    return f"| {scenario.name} | {' | '.join(medians)} |"


if __name__ == "__main__":
    main()
