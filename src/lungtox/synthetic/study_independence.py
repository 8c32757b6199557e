"""Whether field count, mean lung dose, V20 and functional V20 can all be independent, as study S9 printed.

`python -m lungtox.synthetic.study_independence` writes docs/validation/study-independence.md; `--replicates 50` is a
quick look.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, chi2

from lungtox.models.newton import maximise
from lungtox.models.separation import find_separation
from lungtox.provenance import versions
from lungtox.randomness import task_rng
from lungtox.synthetic.study import deal_levels
from lungtox.synthetic.study_config import ArmSettings, StudySimulation
from lungtox.synthetic.study_dose import simulate_dose
from lungtox.synthetic.study_file import load_simulation
from lungtox.tables import write_text

FloatArray = npt.NDArray[np.float64]

SEED, LEVEL = 20261121, 0.05
SIMULATION = Path("studies/yu2014/simulation.yaml")
LOOKS = {
    "close, as in plans": {"correlation": 0.95, "function_correlation": 0.7, "shape_sd": 0.2},
    "looser": {"correlation": 0.8, "function_correlation": 0.5, "shape_sd": 0.6},
    "looser still": {"correlation": 0.7, "function_correlation": 0.3, "shape_sd": 1.0},
    "as simulated": {},
}
"""How Vx, functional Vx and mean dose go together within the groups -> what is changed in the preset's simulation."""


HEAD = (
    "Cohorts of 42 with 15 events, group means as in studies/yu2014/simulation.yaml; what differs is how Vx,",
    "functional Vx and mean lung dose (MLD) go together within the groups. Independent: field count, MLD, V20 and",
    "functional V20 each significant beside the others (likelihood ratio, p < .05) and with more risk. Separated: the",
    "four separate the outcome, and nothing can be estimated; the closer the figures go together, the stranger the",
    "same means. Draws in which a patient has no possible DVH are thrown away. Intervals: Wilson's.",
    "",
    "| within the groups | correlation of MLD and V20 | four independent, % | 95 % interval | separated, % |",
    "|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Look:
    """One way of going together.

    Attributes
    ----------
    replicates, independent, separated : int
        Cohorts; those in which all four are significant with more risk; those whose outcome the four separate.
    correlation : float
        Mean correlation of mean lung dose and V20 within the groups.
    """

    replicates: int
    independent: int
    separated: int
    correlation: float


def all_independent(x: FloatArray, y: FloatArray) -> bool | None:
    """Say whether each column is significant beside the others (likelihood ratio) and means more risk.

    Returns
    -------
    bool or None
        None: the outcome is separated, so that there is no maximum.
    """
    whole = np.column_stack([np.ones(len(y)), (x - x.mean(axis=0)) / x.std(axis=0)])
    if find_separation(whole, y, terms=tuple(map(str, range(whole.shape[1])))):
        return None
    best = maximise(whole, y)
    if (best.beta[1:] <= 0).any():
        return False
    gains = (2.0 * (best.loglik - maximise(np.delete(whole, column, axis=1), y).loglik) for column in (1, 2, 3, 4))
    return all(gain > chi2.isf(LEVEL, 1) for gain in gains)


def look_at(arm: ArmSettings, *, name: str, replicates: int, event_grade: int) -> Look:
    """Simulate cohorts of one look."""
    grades = np.repeat(list(arm.grades), list(arm.grades.values()))
    rp = grades >= event_grade
    found: list[bool | None] = []
    correlations = []
    for replicate in range(replicates):
        rng = task_rng(SEED, "independence", name, str(replicate))
        curves = simulate_dose(arm.dose, rp, rng, who=name).curves
        anatomical, functional = curves["anatomical"], curves[f"functional:{arm.dose.region}"]
        place = list(anatomical.doses_gy).index(20.0)
        fields = deal_levels(arm.factors["field_count"], rp, rng).astype(np.float64)
        x = np.column_stack([fields, anatomical.mean_gy, anatomical.vx_pct[:, place], functional.vx_pct[:, place]])
        found.append(all_independent(x, rp.astype(np.float64)))
        within = x[:, 1:3] - np.where(rp[:, None], x[rp, 1:3].mean(axis=0), x[~rp, 1:3].mean(axis=0))
        correlations.append(float(np.corrcoef(within.T)[0, 1]))
    return Look(replicates, found.count(True), found.count(None), float(np.mean(correlations)))


def write_report(replicates: int, out: Path) -> None:
    """Run every look and write the page."""
    simulation = load_simulation(SIMULATION, StudySimulation)
    arm = simulation.arms["all"]
    used = ", ".join(f"{name} {versions()[name]}" for name in ("numpy", "scipy"))
    lines = [
        "# Simulation: four independent predictors at 15 events (study S9)",
        "",
        f"Written by `python -m lungtox.synthetic.study_independence`; seed {SEED}, {replicates} cohorts a row,",
        f"{used}.",
        "",
        *HEAD,
    ]
    for name, changes in LOOKS.items():
        changed = arm.model_copy(update={"dose": arm.dose.model_copy(update=changes)})
        look = look_at(changed, name=name, replicates=replicates, event_grade=simulation.event_grade)
        interval = binomtest(look.independent, look.replicates).proportion_ci(method="wilson")
        lines.append(
            f"| {name} | {look.correlation:.2f} | {100 * look.independent / look.replicates:.2f} | "
            f"{100 * interval.low:.2f} to {100 * interval.high:.2f} | {100 * look.separated / look.replicates:.1f} |"
        )
    write_text("\n".join(lines) + "\n", out)


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("docs/validation/study-independence.md"))
    options = parser.parse_args()
    write_report(options.replicates, options.out)


if __name__ == "__main__":
    main()
