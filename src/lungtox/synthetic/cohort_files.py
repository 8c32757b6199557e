"""Writing the demo cohort: DICOM (or DVHs) of every patient, the tables, and the truth behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lungtox.errors import ParameterError
from lungtox.geometry import RigidMap
from lungtox.new_folder import new_folder
from lungtox.synthetic.clinical import simulate_cohort
from lungtox.synthetic.patient import DoseSummary
from lungtox.synthetic.patient_files import Job, Written, write_patient
from lungtox.synthetic.study_structures import STRUCTURE_COLUMNS, structure_row
from lungtox.synthetic.workers import worker_processes
from lungtox.tables import write_csv, write_json

PATIENT_COLUMNS = ("patient", "plan", "structures", "dose", "spect", "planning_ct", "spect_ct", "registration", "dvh")
_WORKERS = 2
_TRUE_DOSE = ("mld_gy", "fmld_gy", "fmld_unblurred_gy", "mpwld_gy", "v20_pct", "fv20_pct")


def write_demo(
    folder: str | Path,
    *,
    patients: int = 120,
    seed: int = 1,
    dvh_only: bool = False,
    on_patient: Callable[[], None] | None = None,
) -> None:
    """Write the demo cohort; nothing is left behind when it fails.

    Patient k is the same, byte for byte, in a cohort of any size with the same seed.

    Parameters
    ----------
    folder : str or Path
        Must not exist, or be empty.
    patients : int
        At least 1.
    seed : int
        Not negative.
    dvh_only : bool
        Write DVHs in place of DICOM.
    on_patient : callable, optional
        Called after each patient, to show progress.

    Raises
    ------
    InputError
        The folder holds something already.
    """
    if patients < 1 or seed < 0:
        raise ParameterError(f"patients must be at least 1 and seed not negative, got {patients} and {seed}")
    with new_folder(folder, who="the demo's folder") as draft:
        written = _write_patients(draft, patients=patients, seed=seed, dvh_only=dvh_only, on_patient=on_patient)
        _write_tables(draft, written, seed=seed)


def _write_patients(
    folder: Path, *, patients: int, seed: int, dvh_only: bool, on_patient: Callable[[], None] | None
) -> list[Written]:
    jobs = [Job(folder, seed, index, dvh_only) for index in range(patients)]
    written = []
    with worker_processes(min(_WORKERS, patients)) as pool:
        for one in pool.map(write_patient, jobs, chunksize=min(4, -(-patients // _WORKERS))):
            written.append(one)
            if on_patient is not None:
                on_patient()
    return written


def _write_tables(folder: Path, written: Sequence[Written], *, seed: int) -> None:
    import pandas as pd

    rows = [one.cells for one in written]
    write_csv(pd.DataFrame(rows, columns=list(PATIENT_COLUMNS)), folder / "patients.csv")
    rois = [
        structure_row(one.traits.study_id, number, name, accepted_by="demo")
        for one in written
        for number, name in one.rois
    ]
    write_csv(pd.DataFrame(rois, columns=list(STRUCTURE_COLUMNS)), folder / "structures.csv")
    cohort = simulate_cohort(
        [one.summary for one in written], [one.traits for one in written], np.random.default_rng(seed)
    )
    write_csv(cohort.clinical, folder / "clinical.csv")
    write_csv(cohort.cytokines, folder / "cytokines.csv")
    doses = {one.traits.study_id: _true_dose(one.summary) for one in written}
    spect = {one.traits.study_id: _planted(one.planted) for one in written if one.planted is not None}
    write_json({**cohort.truth, "dose": doses, "spect": spect}, folder / "truth.json")


def _planted(points: RigidMap) -> dict[str, Any]:
    """The map from the plan's frame of reference to that of the SPECT."""
    return {
        "rotation": np.round(points.rotation, 9).tolist(),
        "shift_mm": np.round(points.shift_mm, 6).tolist(),
        "rotation_deg": round(points.angle_deg, 4),
    }


def _true_dose(summary: DoseSummary) -> dict[str, float | bool]:
    return {name: round(getattr(summary, name), 4) for name in _TRUE_DOSE} | {"has_spect": summary.has_spect}
