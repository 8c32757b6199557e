"""Whether a structure has the volume and the place that its name says, in DICOM patient coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.geometry import Structure, structure_edges, structure_slabs

# Wide on purpose. ICRP 89 (2002), woman and man: heart with blood 620 and 840 g, oesophagus 35 and 40 g, and
# lungs 950 and 1200 g, which at 0.38 g/cc are 2500 and 3200 cc: about a third to three times that, less for a collapsed
# lung. Cord, canal, body and targets: our choice (docs/structure-names.md).
USUAL_CC: Mapping[str, tuple[float, float]] = {
    "Lung_L": (250.0, 5000.0),
    "Lung_R": (250.0, 5000.0),
    "Lungs": (800.0, 9000.0),
    "Lungs-GTV": (800.0, 9000.0),
    "Heart": (200.0, 2500.0),
    "Esophagus": (5.0, 150.0),
    "SpinalCord": (5.0, 150.0),
    "SpinalCanal": (10.0, 300.0),
    "Trachea": (5.0, 150.0),
    "Body": (5000.0, 200000.0),
    "GTV": (0.1, 2000.0),
    "IGTV": (0.1, 2000.0),
    "ITV": (0.1, 2500.0),
    "CTV": (0.1, 3000.0),
    "PTV": (0.5, 4000.0),
}
BOTH_LUNGS_TOLERANCE_PCT = 2.0
"""Largest difference between Lungs and Lung_L + Lung_R: contouring tools round at the borders."""
SWAPPED_MM = 20.0  # centroids of the two lungs lie 150 to 200 mm apart
_SINGLE_PLANE_MM = 3.0

Severity = Literal["fault", "warning"]


@dataclass(frozen=True)
class Remark:
    """Something about structures that does not fit their names.

    Attributes
    ----------
    structures : tuple of str
        Canonical names.
    severity : {"fault", "warning"}
        A fault is near to certain: the patient cannot be used before a person has looked.
    code : str
        volume | both-lungs | sides-swapped | side | position.
    text : str
        With numbers and canonical names only.
    """

    structures: tuple[str, ...]
    severity: Severity
    code: str
    text: str


@dataclass(frozen=True)
class Extent:
    """Volume, centre and box of a structure.

    Attributes
    ----------
    volume_cc : float
        Contours by XOR, each plane half-way to the next, half a gap at the ends.
    centre_mm : tuple of float
        x to the patient's left, y to the back, z to the head.
    low_mm, high_mm : tuple of float
        Corners of the box around all contour points.
    """

    volume_cc: float
    centre_mm: tuple[float, float, float]
    low_mm: tuple[float, float, float]
    high_mm: tuple[float, float, float]


def measure(*structures: Structure) -> Extent:
    """Measure a structure from its contours, roughly where rings cross; of several the sum, overlaps counted twice.

    Raises
    ------
    ParameterError
        It has no area.
    """
    extents = [_measure_one(structure) for structure in structures]
    volume_cc = sum(extent.volume_cc for extent in extents)
    centres = np.array([extent.centre_mm for extent in extents])
    centre = np.array([extent.volume_cc for extent in extents]) @ centres / volume_cc
    low = np.min([extent.low_mm for extent in extents], axis=0)
    high = np.max([extent.high_mm for extent in extents], axis=0)
    return Extent(volume_cc, _triple(centre), _triple(low), _triple(high))


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _measure_one(structure: Structure) -> Extent:
    edges = structure_edges(structure)
    low, high, _ = structure_slabs(structure, end_cap="half-slice", slice_mm=_SINGLE_PLANE_MM)
    thickness = high - low
    volume_mm3 = float(edges.plane_area_mm2 @ thickness)
    if not volume_mm3 > 0:
        raise ParameterError(f"{structure.name} has no volume")
    # First moments of the area by Green's theorem, about a corner near by: far from it digits would cancel.
    x_mm, y_mm = float(edges.x0_mm[0]), float(edges.y0_mm[0])
    x0, x1, y0, y1 = edges.x0_mm - x_mm, edges.x1_mm - x_mm, edges.y0_mm - y_mm, edges.y1_mm - y_mm
    weight = edges.sign * (x0 * y1 - x1 * y0) * thickness[edges.plane] / 6.0
    z = np.array([plane.z_mm for plane in structure.planes])
    centre = (
        x_mm + float(weight @ (x0 + x1)) / volume_mm3,
        y_mm + float(weight @ (y0 + y1)) / volume_mm3,
        float((edges.plane_area_mm2 * thickness) @ (0.5 * (low + high))) / volume_mm3,
    )
    lowest = (float(edges.x0_mm.min()), float(edges.y0_mm.min()), float(z.min()))
    highest = (float(edges.x0_mm.max()), float(edges.y0_mm.max()), float(z.max()))
    return Extent(volume_mm3 / 1000.0, centre, lowest, highest)


def check_plausibility(structures: Mapping[str, Sequence[Structure]]) -> list[Remark]:
    """Compare structures with what their canonical names say.

    Parameters
    ----------
    structures : mapping of str to sequence of Structure
        By canonical name, several for a target of several ROIs; in DICOM patient coordinates. Those
        without contours are left out.

    Returns
    -------
    list of Remark
        Volumes outside a wide range, Lungs that are not Lung_L + Lung_R, sides that are swapped, organs where they
        cannot be. Nothing for what fits.
    """
    found: dict[str, Extent] = {}
    for name, parts in structures.items():
        try:
            found[name] = measure(*parts)
        except ParameterError:
            continue
    return [*_volumes(found), *_both_lungs(found), *_sides(found), *_places(found)]


def _volumes(found: Mapping[str, Extent]) -> Iterator[Remark]:
    for name, extent in found.items():
        low, high = USUAL_CC.get(name, (0.0, np.inf))
        if not low <= extent.volume_cc <= high:
            text = f"{name} has {extent.volume_cc:.3g} cc; {low:g} to {high:g} cc are usual: is it the right ROI?"
            yield Remark((name,), "warning", "volume", text)


def _both_lungs(found: Mapping[str, Extent]) -> Iterator[Remark]:
    if not {"Lungs", "Lung_L", "Lung_R"} <= found.keys():
        return
    both, left, right = (found[name].volume_cc for name in ("Lungs", "Lung_L", "Lung_R"))
    difference_pct = 100.0 * (both - left - right) / (left + right)
    if abs(difference_pct) > BOTH_LUNGS_TOLERANCE_PCT:
        text = (
            f"Lungs has {both:.0f} cc, Lung_L and Lung_R together {left + right:.0f} cc ({difference_pct:+.1f} %, up to"
            f" {BOTH_LUNGS_TOLERANCE_PCT:g} % is usual)"
        )
        yield Remark(("Lungs", "Lung_L", "Lung_R"), "warning", "both-lungs", text)


def _sides(found: Mapping[str, Extent]) -> Iterator[Remark]:
    left, right = found.get("Lung_L"), found.get("Lung_R")
    if left and right:
        apart_mm = left.centre_mm[0] - right.centre_mm[0]
        if apart_mm < -SWAPPED_MM:
            text = f"the centre of Lung_L lies {-apart_mm:.0f} mm to the patient's right of that of Lung_R"
            yield Remark(("Lung_L", "Lung_R"), "fault", "sides-swapped", text)
        elif apart_mm < SWAPPED_MM:
            text = f"the centres of Lung_L and Lung_R lie only {abs(apart_mm):.0f} mm apart from side to side"
            yield Remark(("Lung_L", "Lung_R"), "warning", "side", text)
        return
    middle = next((name for name in ("SpinalCord", "SpinalCanal", "Trachea") if name in found), None)
    for name, extent, sign in (("Lung_L", left, 1.0), ("Lung_R", right, -1.0)):
        if extent is None or middle is None:
            continue
        outward_mm = sign * (extent.centre_mm[0] - found[middle].centre_mm[0])
        if outward_mm < -SWAPPED_MM:
            text = f"the centre of {name} lies {-outward_mm:.0f} mm on the wrong side of {middle}"
            yield Remark((name, middle), "warning", "side", text)


def _places(found: Mapping[str, Extent]) -> Iterator[Remark]:
    cord, heart = found.get("SpinalCord"), found.get("Heart")
    if cord and heart and cord.centre_mm[1] < heart.centre_mm[1]:
        ahead_mm = heart.centre_mm[1] - cord.centre_mm[1]
        text = f"the centre of SpinalCord lies {ahead_mm:.0f} mm in front of that of Heart"
        yield Remark(("SpinalCord", "Heart"), "warning", "position", text)
    lungs = [found[name] for name in ("Lungs", "Lung_L", "Lung_R") if name in found]
    if not lungs or ("Lungs" not in found and len(lungs) < 2):
        return
    low = np.min([extent.low_mm for extent in lungs], axis=0)
    high = np.max([extent.high_mm for extent in lungs], axis=0)
    for name in ("GTV", "IGTV", "ITV"):
        extent = found.get(name)
        if extent is not None and not ((low <= extent.centre_mm) & (extent.centre_mm <= high)).all():
            outside_mm = float(np.maximum(low - extent.centre_mm, extent.centre_mm - high).max())
            text = f"the centre of {name} lies {outside_mm:.0f} mm outside the box around the lungs"
            yield Remark((name,), "warning", "position", text)
    body = found.get("Body")
    if body is not None and body.volume_cc < sum(extent.volume_cc for extent in lungs) * 0.5:
        text = f"Body has {body.volume_cc:.0f} cc, less than the lungs"
        yield Remark(("Body",), "warning", "volume", text)
