"""DVHs of real and constructed DICOM against what is known of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boxes
import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import read_dose, read_structure_names, read_structures
from lungtox.dose import CumulativeDvh, compute_dvh
from lungtox.errors import InputError
from lungtox.geometry import Dose, Grid, Image

PROJECT = Path(__file__).resolve().parent.parent
REFERENCE = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", PROJECT / "../shared/data"))
PLAN, CONSTRUCTED = REFERENCE / "thorax-breast-tps", REFERENCE / "structure-logic"
DOSE_LIMIT_GY, VOLUME_LIMIT_PCT = 0.1, 1.0

LOGIC_LIMIT_PCT = 1.0
# Of the constructed structure sets: file, structure, volume of its table in cc.
LOGIC = (
    ("MultiVolume_A1.dcm", "OverlappedShells", 66.0),
    ("MultiVolume_A1.dcm", "OverlappedSphere", 131.0),
    ("MultiVolume_A2.dcm", "AdjacentShells", 66.0),
    ("MultiVolume_A2.dcm", "AdjacentSpheres", 131.0),
)


def plan_table() -> Iterator[str]:
    """Give the differences from the planning system's stored DVHs, structure by structure."""
    structures, dose = read_structures(PLAN / "rtss.dcm"), read_dose(PLAN / "rtdose.dcm")
    yield (
        "| structure | volume, system | ours | difference | mean, system | ours | difference |"
        " largest difference of V(d) | curve agrees |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    curves = stored_curves()
    for number, name in read_structure_names(PLAN / "rtss.dcm").items():
        if number not in curves:
            drawn = number in structures.structures and structures.structures[number].planes
            yield f"| {name} | no stored DVH{'' if drawn else ', no contours'} | | | | | | | |"
    for number, (dose_gy, volume_cc) in curves.items():
        structure = structures.structures[number]
        try:
            dvh = compute_dvh(structure, dose)
        except InputError as error:
            yield f"| {structure.name} | {volume_cc[0]:.3f} cc | refused: {error.faults[0].code} | | | | | | |"
            continue
        if dvh.coverage_pct < 100:
            yield (
                f"| {structure.name} | {volume_cc[0]:.3f} cc | {dvh.structure_cc:.3f} cc | refused by default:"
                f" {100 - dvh.coverage_pct:.2f} % of it lies outside the dose grid | | | | | |"
            )
            continue
        system_gy = dose_gy[0] + float(np.trapezoid(volume_cc, dose_gy)) / volume_cc[0]
        largest, agreeing = agreement(dose_gy, 100 * volume_cc / volume_cc[0], dvh.cumulative)
        yield (
            f"| {structure.name} | {volume_cc[0]:.3f} cc | {dvh.total_cc:.3f} cc |"
            f" {100 * (dvh.total_cc / volume_cc[0] - 1):+.2f} % | {system_gy:.4f} Gy | {dvh.mean_gy:.4f} Gy |"
            f" {dvh.mean_gy - system_gy:+.4f} Gy | {largest:.2f} points | {agreeing:.1f} % |"
        )


def logic_table() -> Iterator[str]:
    """Give the volumes of the constructed structure sets and of the boxes of their expected table."""
    yield "| structure | spacing of planes | expected | ours | difference | within 1 % |\n|---|--:|--:|--:|--:|---|"
    axis = np.arange(-130.0, 131.0, 5.0)
    flat = Dose(Image(Grid(axis, axis, axis), np.ones((axis.size,) * 3)), "frame")
    for file, name, expected_cc in LOGIC:
        structure = read_structures(CONSTRUCTED / file).named(name)
        levels = np.array([plane.z_mm for plane in structure.planes])
        yield _logic_row(name, float(np.median(np.diff(levels))), expected_cc, compute_dvh(structure, flat).total_cc)
    for box, spacing_mm, expected_cc in boxes.expected(CONSTRUCTED / "Expected Volumes.xlsx"):
        ours_cc = compute_dvh(boxes.draw(box, spacing_mm), flat).total_cc
        yield _logic_row(box, spacing_mm, expected_cc, ours_cc)


def _logic_row(name: str, spacing_mm: float, expected_cc: float, ours_cc: float) -> str:
    difference = 100 * (ours_cc / expected_cc - 1)
    verdict = "yes" if abs(difference) <= LOGIC_LIMIT_PCT else "**no**"
    return f"| {name} | {spacing_mm:g} mm | {expected_cc:.2f} cc | {ours_cc:.2f} cc | {difference:+.2f} % | {verdict} |"


def stored_curves() -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Read the cumulative DVHs inside the dose file: dose in Gy, volume in cc, by ROI number.

    A value is taken to belong to the middle of its bin: so the area under the curve gives the mean that the same file
    states (0.9093 Gy for the left lung; with lower or upper edges it is 0.005 Gy off).
    """
    import pydicom

    curves = {}
    for item in pydicom.dcmread(PLAN / "rtdose.dcm", stop_before_pixels=True).DVHSequence:
        pairs = np.array([float(value) for value in item.DVHData]).reshape(-1, 2)
        number = int(item.DVHReferencedROISequence[0].ReferencedROINumber)
        middle = (np.cumsum(pairs[:, 0]) - 0.5 * pairs[:, 0]) * float(item.DVHDoseScaling)
        curves[number] = (middle, pairs[:, 1])
    return curves


def agreement(
    dose_gy: NDArray[np.float64], theirs_pct: NDArray[np.float64], ours: CumulativeDvh
) -> tuple[float, float]:
    """Compare two curves in percent of volume.

    Returns
    -------
    tuple of float
        Largest difference of V(d) in points, and the share in % of the system's points to which our curve comes as near
        as gamma 1 for 0.1 Gy and 1 point: (difference in dose / 0.1)^2 + (difference in volume / 1)^2 <= 1 somewhere.
    """
    volume_pct = 100 * ours.volume_cc / ours.volume_cc[0]
    fine = np.arange(0.0, max(dose_gy[-1], ours.dose_gy[-1]), 0.002)  # steep curves of targets fall 3 points in 0.01 Gy
    curve = np.interp(fine, ours.dose_gy, volume_pct, right=0.0)
    near = [
        (((fine - d) / DOSE_LIMIT_GY) ** 2 + ((curve - v) / VOLUME_LIMIT_PCT) ** 2).min() <= 1
        for d, v in zip(dose_gy, theirs_pct, strict=True)
    ]
    there = np.interp(dose_gy, ours.dose_gy, volume_pct, right=0.0)
    return float(np.abs(theirs_pct - there).max()), 100.0 * float(np.mean(near))


CONSTRUCTED_SETS = (
    "Volumes of the constructed structure sets (structure-logic) against their expected table, default options. The",
    "boxes of the table are not among its files and are drawn here with its dimensions; expected is its column with",
    "half a slice at both ends, for the box with a hole half a slice more of the hole too.",
)
REAL = (
    "The default (slab, half-slice) against the cumulative DVHs that the planning system stored in the dose file",
    "(thorax-breast-tps). Last column: share of the system's points to which our curve comes within gamma 1 for 0.1 Gy",
    "and 1 point of volume. Structures below 2 cc are a few slices of small contours; the system counts less of them.",
)
