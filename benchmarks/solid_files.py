"""The solids of `solids` as DICOM files, for programs that read nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import solids
from peers import Job

from lungtox.dicom import Subject, write_ct, write_dose, write_structures
from lungtox.geometry import Grid, Image

CT_PIXEL_MM = 1.0
_REACH_MM = 24.0


def write_solids(folder: Path, layout: str) -> list[Job]:
    """Write CT, structure set and dose of the 30 cases, in the order of `solids.cases`.

    The CT has pixels of 1 mm and its slices where contours can be.
    """
    jobs = []
    for number, (solid, direction, spacing, structure, dose) in enumerate(solids.cases(layout)):
        home = folder / f"{number:02d}"
        subject = Subject("Solid^Case", "SOLID", f"{solid.name} {direction} {spacing:g} {layout}")
        grid = _ct_grid(spacing, layout)
        write_ct(Image(grid, np.zeros(grid.shape, dtype=np.float32)), home / "ct", subject=subject)
        write_structures([structure], home / "struct.dcm", subject=subject, ct_planes=grid.z_mm.tolist())
        write_dose(dose.image, home / "dose.dcm", subject=subject)
        jobs.append(Job(home / "struct.dcm", home / "dose.dcm", home / "ct", (structure.name,)))
    return jobs


def _ct_grid(spacing_mm: float, layout: str) -> Grid:
    across = np.arange(-_REACH_MM, _REACH_MM + CT_PIXEL_MM / 2, CT_PIXEL_MM)
    first = float(solids.levels(spacing_mm, layout)[0])
    below = int((first + _REACH_MM) // spacing_mm)
    count = round(2 * _REACH_MM / spacing_mm)
    return Grid(across, across, first + (np.arange(count, dtype=np.float64) - below) * spacing_mm)
