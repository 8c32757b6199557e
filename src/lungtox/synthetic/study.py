"""The matched cohort of a published study: files that the pipeline reads, made from simulation.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Dvh, write_dvhs
from lungtox.randomness import task_rng
from lungtox.synthetic.study_config import ArmSettings, NumberSettings, StudySimulation
from lungtox.synthetic.study_cytokines import simulate_cytokine
from lungtox.synthetic.study_dose import simulate_dose
from lungtox.synthetic.study_file import load_simulation
from lungtox.synthetic.study_folder import study_folder
from lungtox.synthetic.study_structures import STRUCTURE_COLUMNS
from lungtox.tables import write_csv

if TYPE_CHECKING:
    import pandas as pd

BoolArray = NDArray[np.bool_]

FIRST_DAY = date(2010, 1, 4)
COURSE_DAYS = 42
DRAWS = {"pre": 0.0, "during": 45.0}
"""Dose at the draws; 40-50 Gy is what study S9 printed."""


@dataclass(frozen=True)
class SimulatedStudy:
    """A cohort in memory.

    Attributes
    ----------
    clinical, cytokines : pandas.DataFrame
        As docs/file-contracts.md has them; cytokines may have no rows.
    dvhs : dict of str to list of Dvh
        Study ID -> DVHs.
    """

    clinical: pd.DataFrame
    cytokines: pd.DataFrame
    dvhs: Mapping[str, list[Dvh]]


def simulate_study(settings: StudySimulation) -> SimulatedStudy:
    """Simulate the patients of a study: numbers, means and p values as `settings` has them, everything else invented.

    Parameters
    ----------
    settings : StudySimulation

    Raises
    ------
    InputError
        Figures that no DVHs or no cytokine values can have.
    """
    import pandas as pd

    clinical: list[dict[str, Any]] = []
    draws: list[dict[str, Any]] = []
    dvhs: dict[str, list[Dvh]] = {}
    for name, arm in settings.arms.items():
        rows, cytokines, curves = _simulate_arm(name, arm, settings, start=len(clinical))
        clinical += rows
        draws += cytokines
        dvhs |= curves
    if len(settings.arms) < 2:
        clinical = [{key: value for key, value in row.items() if key != "arm"} for row in clinical]
    columns = ["patient", "cytokine", "timepoint", "draw_dose_gy", "value", "unit", "plate"]
    return SimulatedStudy(pd.DataFrame(clinical), pd.DataFrame(draws, columns=columns), dvhs)


def _simulate_arm(
    name: str, arm: ArmSettings, settings: StudySimulation, *, start: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, list[Dvh]]]:
    def stream(*purpose: str) -> np.random.Generator:
        return task_rng(settings.seeds.get(purpose[-1], settings.seed), "study", name, *purpose)

    grades = np.repeat(list(arm.grades), list(arm.grades.values()))
    grades = stream("grades").permutation(grades)
    rp: BoolArray = grades >= settings.event_grade
    ids = [f"{settings.prefix}{start + number:03d}" for number in range(1, rp.size + 1)]
    dose = simulate_dose(arm.dose, rp, stream("dose"), who=name)
    columns: dict[str, Any] = {"patient": ids, "arm": [name] * rp.size}
    for column, levels in arm.factors.items():
        columns[column] = deal_levels(levels, rp, stream("factor", column))
    for column, number in arm.numbers.items():
        columns[column] = _numbers(number, rp, stream("number", column))
    for column, high in dose.curves["anatomical"].high.items():
        columns[column] = np.where(high, "yes", "no")
    columns |= _course(grades, rp, start, stream("course"))
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    draws = []
    for cytokine, one in arm.cytokines.items():
        values = simulate_cytokine(one, rp, stream("cytokine", cytokine), who=f"{name}, {cytokine}")
        for (time, dose_gy), values_at in zip(DRAWS.items(), values, strict=True):
            head = {"cytokine": cytokine, "timepoint": time, "draw_dose_gy": dose_gy, "unit": one.unit, "plate": "A"}
            draws += [{"patient": i, **head, "value": f"{v:.6g}"} for i, v in zip(ids, values_at, strict=True)]
    return rows, draws, {patient: list(dose.dvhs(place)) for place, patient in enumerate(ids)}


def deal_levels(levels: Mapping[str, list[int]], rp: BoolArray, rng: np.random.Generator) -> NDArray[np.object_]:
    """Deal the levels out within the groups."""
    values = np.empty(rp.size, dtype=object)
    for place, group in enumerate((rp, ~rp)):
        dealt = [level for level, pair in levels.items() for _ in range(pair[place])]
        values[group] = rng.permutation(np.array(dealt, dtype=object))
    return values


def _numbers(settings: NumberSettings, rp: BoolArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw numbers with the means of the groups and their pooled deviation, up to the decimals written."""
    noise = rng.normal(size=rp.size)
    for group in (rp, ~rp):
        noise[group] -= noise[group].mean()
    noise /= np.sqrt((noise**2).sum() / (rp.size - 2))
    values: NDArray[np.float64] = np.round(np.where(rp, settings.rp, settings.no_rp) + settings.sd * noise,
                                           settings.decimals)  # fmt: skip
    return values


def _course(
    grades: NDArray[np.int64], rp: BoolArray, start: int, rng: np.random.Generator
) -> dict[str, list[str] | list[int]]:
    """Invent dates: everybody is followed for more than half a year and nobody dies, because nothing is printed."""
    days = zip(rng.integers(20, 150, rp.size), rng.integers(200, 700, rp.size), strict=True)
    columns: dict[str, Any] = {
        name: [] for name in ("rt_start_date", "rt_end_date", "rp_date", "last_follow_up_date", "death_date")
    }
    for place, (onset, follow_up) in enumerate(days):
        first = FIRST_DAY + timedelta(days=9 * (start + place))
        end = first + timedelta(days=COURSE_DAYS)
        columns["rt_start_date"].append(first.isoformat())
        columns["rt_end_date"].append(end.isoformat())
        columns["rp_date"].append((end + timedelta(days=int(onset))).isoformat() if rp[place] else "")
        columns["last_follow_up_date"].append((end + timedelta(days=int(follow_up))).isoformat())
        columns["death_date"].append("")
    return {"rp_grade": [int(grade) for grade in grades], **columns}


def write_study(simulation: str | Path, folder: str | Path) -> int:
    """Write the cohort of a simulation file in place of an older one; nothing is left behind when it fails.

    Parameters
    ----------
    simulation : path of simulation.yaml
    folder : path
        New, empty, or a cohort that was written by this function.

    Returns
    -------
    int
        Number of patients.

    Raises
    ------
    InputError
        A simulation that cannot be used, or a folder that holds something else.
    """
    import pandas as pd

    study = simulate_study(load_simulation(simulation, StudySimulation))
    names = list(study.dvhs)
    with study_folder(simulation, folder) as draft:
        for patient, dvhs in study.dvhs.items():
            write_dvhs([(patient, dvh) for dvh in dvhs], draft / "inputs" / f"{patient}.dvh.parquet")
        table = pd.DataFrame({"patient": names, "dvh": [f"inputs/{name}.dvh.parquet" for name in names]})
        write_csv(table, draft / "patients.csv")
        write_csv(pd.DataFrame(columns=list(STRUCTURE_COLUMNS)), draft / "structures.csv")
        write_csv(study.clinical, draft / "clinical.csv")
        if len(study.cytokines):
            write_csv(study.cytokines, draft / "cytokines.csv")
    return len(names)
