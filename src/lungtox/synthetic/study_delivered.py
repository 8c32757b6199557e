"""The synthetic DICOM of a study of delivered dose: plans, session doses and fields whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import (
    BeamOutline,
    Subject,
    write_deformation,
    write_dose,
    write_plan,
    write_structures,
)
from lungtox.geometry import DeformationField, Grid, Image
from lungtox.synthetic.study_deformation import Points, SessionMap
from lungtox.synthetic.study_delivered_config import DeliveredSimulation
from lungtox.synthetic.study_delivered_patient import SimulatedDelivery, simulate_delivery
from lungtox.synthetic.study_file import load_simulation
from lungtox.synthetic.study_folder import study_folder, study_subject
from lungtox.synthetic.study_solids import Solid, grid_around
from lungtox.synthetic.study_structures import structure_row
from lungtox.tables import write_csv

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

TRUTH_MM = {"GTV": 2.0, "PTV": 2.0, "SpinalCord": 2.0}
"""Distance of the points that the truth is taken at, by structure; elsewhere as below."""
COARSE_TRUTH_MM = 4.0
AROUND_MM = 20.0
"""By how much the dose grid of a session goes beyond that of the plan, for tissue that moves out of it."""
_LEAVES_MM = np.array([-100.0, 0.0, 100.0])
_OPEN_MM = np.tile([-40.0, -40.0, 40.0, 40.0], (2, 1))


def write_delivered_study(simulation: str | Path, folder: str | Path) -> int:
    """Write the patients of a simulation file in place of older ones; nothing is left behind when it fails.

    Parameters
    ----------
    simulation : path of simulation.yaml
        With ``kind: delivered``.
    folder : path
        New, empty, or patients that were written by this function. ``truth.csv`` there has the true values.

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

    settings = load_simulation(simulation, DeliveredSimulation)
    with study_folder(simulation, folder) as draft:
        patients, sessions, rois, truth = [], [], [], []
        for index in range(settings.patients):
            one = simulate_delivery(settings, index)
            patients.append(_write_planning(one, settings, draft))
            sessions += _write_sessions(one, settings, draft)
            rois += [structure_row(one.patient, n, s.name, accepted_by="simulation") for n, s in _numbered(one)]
            truth.append(true_values(one))
        write_csv(pd.DataFrame(patients), draft / "patients.csv")
        write_csv(pd.DataFrame(sessions), draft / "sessions.csv")
        write_csv(pd.DataFrame(rois), draft / "structures.csv")
        write_csv(pd.concat(truth, ignore_index=True), draft / "truth.csv")
    return settings.patients


def true_values(one: SimulatedDelivery) -> pd.DataFrame:
    """Take planned and delivered dose from the formulas, at points of the solids: no grid, no file, no interpolation.

    Returns
    -------
    DataFrame
        ``patient, structure, metric, planned, delivered``: mean dose; maximum of the cord; share of the PTV with the
        prescription; ``volume_ratio`` of the last session in the column of the delivered ones.
    """
    import pandas as pd

    rows = []
    for solid in one.solids:
        points = _points_in(solid)
        planned = one.dose.at(*points)
        weights = [session.fractions for session in one.sessions]
        given = [session.dose_factor * one.dose.at(*session.to_session(*points)) for session in one.sessions]
        delivered = np.average(given, axis=0, weights=weights)
        pairs = {"Mean[Gy]": (planned.mean(), delivered.mean())}
        if solid.name == "SpinalCord":
            pairs["Max[Gy]"] = (planned.max(), delivered.max())
        if solid.name == "PTV":
            level = one.dose.prescription_gy
            share = tuple(100.0 * float((dose >= level).mean()) for dose in (planned, delivered))
            pairs[f"V{level:g}Gy[%]"] = (share[0], share[1])
        pairs["volume_ratio"] = (1.0, one.sessions[-1].to_session.jacobian(*points).mean())
        rows += [
            {"patient": one.patient, "structure": solid.name, "metric": metric, "planned": float(a),
             "delivered": float(b)}
            for metric, (a, b) in pairs.items()
        ]  # fmt: skip
    return pd.DataFrame(rows)


def _points_in(solid: Solid) -> Points:
    step = TRUTH_MM.get(solid.name, COARSE_TRUTH_MM)
    axes = [np.arange(c - h + step / 2, c + h, step) for c, h in zip(solid.centre_mm, solid.half_mm, strict=True)]
    x, y, z = (each.ravel() for each in np.meshgrid(*axes, indexing="ij"))
    inside = solid.radius(x, y, z) <= 1.0
    return x[inside], y[inside], z[inside]


def _numbered(one: SimulatedDelivery) -> list[tuple[int, Solid]]:
    return list(enumerate(one.solids, start=1))


def _subject(one: SimulatedDelivery, settings: DeliveredSimulation) -> Subject:
    return study_subject(one.patient, prefix=settings.prefix, seed=settings.seed)


def _write_planning(one: SimulatedDelivery, settings: DeliveredSimulation, folder: Path) -> dict[str, str]:
    subject = _subject(one, settings)
    cells = {name: f"inputs/{one.patient}/{name}.dcm" for name in ("plan", "structures", "dose")}
    structures = [solid.structure(number) for number, solid in _numbered(one)]
    write_structures(structures, folder / cells["structures"], subject=subject)
    grid = grid_around(list(one.solids), spacing_mm=settings.grid_mm, offset=0.0)
    write_dose(Image(grid, one.dose.at(*_mesh(grid))), folder / cells["dose"], subject=subject)
    fraction_mu = 100.0 * settings.prescription_gy / settings.fractions
    beams = [
        BeamOutline(f"beam {number}", "TREATMENT", np.full(2, angle), leaves_mm=_OPEN_MM, meterset_mu=fraction_mu)
        for number, angle in enumerate((200.0, 270.0, 340.0, 50.0), start=1)
    ]  # fmt: skip
    write_plan(
        beams, folder / cells["plan"], subject=subject, isocentre_mm=one.dose.target.centre_mm,
        fractions=settings.fractions, prescription_gy=settings.prescription_gy, leaf_boundaries_mm=_LEAVES_MM,
    )  # fmt: skip
    return {"patient": one.patient, **cells}


def _write_sessions(one: SimulatedDelivery, settings: DeliveredSimulation, folder: Path) -> list[dict[str, object]]:
    subject = _subject(one, settings)
    # Half a point beside the plan's: a session's dose has its own grid, in its own frame of reference.
    grid = grid_around(list(one.solids), spacing_mm=settings.grid_mm, offset=0.5, around_mm=AROUND_MM)
    dose = one.dose.at(*_mesh(grid))
    nodes = grid_around(list(one.solids), spacing_mm=settings.field_mm, offset=0.0, around_mm=settings.field_mm)
    rows = []
    for session in one.sessions:
        cells = {name: f"inputs/{one.patient}/{session.name}_{name}.dcm" for name in ("dose", "field")}
        write_dose(Image(grid, dose * session.dose_factor), folder / cells["dose"], subject=subject,
                   role=f"dose {session.name}", frame=session.name)  # fmt: skip
        field = DeformationField(
            nodes, field_on(nodes, session.to_session), str(subject.frame()), str(subject.frame(session.name))
        )
        write_deformation(field, folder / cells["field"], subject=subject, role=f"deformation {session.name}")
        rows.append({"patient": one.patient, "session": session.name, **cells, "fractions": session.fractions})
    return rows


def field_on(grid: Grid, to_session: SessionMap) -> FloatArray:
    """Give the vectors at the points of a grid, shape (3, nz, ny, nx)."""
    here = np.broadcast_arrays(*_mesh(grid))
    there = to_session(*here)
    return np.stack([after - before for after, before in zip(there, here, strict=True)])


def _mesh(grid: Grid) -> Points:
    return grid.x_mm[None, None, :], grid.y_mm[None, :, None], grid.z_mm[:, None, None]
