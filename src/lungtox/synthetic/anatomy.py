"""Chest anatomy of a synthetic patient as signed distances to smooth surfaces.

Coordinates are the phantom's own, in mm: x to the patient's left, y to the back, z to the head, with x = 0 in the
midline, y = 0 in the middle of the rib cage and z = 0 at the lowest point that the lungs could reach. Sizes
are those of textbook anatomy, so that lungs, heart and tumour look as on a planning CT; no patient was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from lungtox.synthetic.shapes import Ellipsoid, smooth_max, smooth_min, superellipsoid

FloatArray = NDArray[np.float64]
Solids = dict[str, FloatArray]

STRUCTURES = ("Lung_L", "Lung_R", "GTV", "PTV", "Heart", "Esophagus", "SpinalCord", "BODY")
SIDES = {"L": 1.0, "R": -1.0}

_EDGE_MM = 8.0
"""Rounding where two surfaces of the lung meet."""
_PERICARDIUM_MM = 3.0
_SHARED_MM = 8.0
_CORD_CLEARANCE_MM = 6.0
"""The PTV is cut back from the cord, as planners do."""


@dataclass(frozen=True)
class Anatomy:
    """Sizes of one patient, all in mm in the phantom's coordinates.

    Attributes
    ----------
    body_mm, cavity_mm : tuple of float
        Half width, half depth of the body; half width, half depth, height of the rib cage.
    kyphosis_per_mm : float
        Curvature of the spine: y shift = -kyphosis z'^2 around its middle.
    domes_mm : dict of str to tuple
        Height of the top of the diaphragm and its fall towards the rib cage, for "L" and "R".
    mediastinum_mm : float
        Half width at the great vessels.
    hilum_z_mm : float
    heart, vertebra_mm, cord_mm, esophagus_mm
        Heart; half axes and y of vertebral bodies and of the cord; x of the oesophagus at top and bottom.
    primary, nodes : tuple of Ellipsoid
        Primary tumour with a lobe; involved lymph nodes.
    margin_mm : float
        From GTV to PTV.
    origin_mm : tuple of float
        DICOM patient coordinates of the phantom's origin.
    """

    body_mm: tuple[float, float]
    cavity_mm: tuple[float, float, float]
    kyphosis_per_mm: float
    domes_mm: dict[str, tuple[float, float]]
    mediastinum_mm: float
    hilum_z_mm: float
    heart: Ellipsoid
    vertebra_mm: tuple[float, float, float]
    cord_mm: tuple[float, float, float]
    esophagus_mm: tuple[float, float]
    primary: tuple[Ellipsoid, ...]
    nodes: tuple[Ellipsoid, ...]
    margin_mm: float
    origin_mm: tuple[float, float, float]

    def shift_mm(self, z: FloatArray) -> FloatArray:
        """Move of the spine and what lies before it towards the front, by kyphosis."""
        middle = 0.5 * self.cavity_mm[2]
        shift: FloatArray = -self.kyphosis_per_mm * (z - middle) ** 2
        return shift

    def tumour_parts(self) -> tuple[tuple[Ellipsoid, ...], tuple[Ellipsoid, ...]]:
        """Give the parts that make up the GTV, and nodes that lie apart in height and enter the PTV only.

        Drawn as one GTV those would leave gaps of several planes, which extraction reports as missing contours.
        """
        near, far = [*self.primary], [*self.nodes]
        while True:
            joined = [node for node in far if any(_heights_meet(node, part) for part in near)]
            if not joined:
                return tuple(near), tuple(far)
            near += joined
            far = [node for node in far if node not in joined]


def _heights_meet(first: Ellipsoid, second: Ellipsoid) -> bool:
    """Whether two parts share planes; by the smallest half axis, whatever their tilt."""
    apart = abs(first.centre_mm[2] - second.centre_mm[2])
    return apart < min(first.half_axes_mm) + min(second.half_axes_mm) - _SHARED_MM


def body_distance(anatomy: Anatomy, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Signed distance to the skin; the trunk narrows a little towards the waist."""
    width = anatomy.body_mm[0] * (0.96 + 0.05 * z / anatomy.cavity_mm[2])
    flat = superellipsoid((x * (anatomy.body_mm[0] / width), y + 0.0 * z), anatomy.body_mm, (2.6, 2.6))
    return flat


def lung_distances(anatomy: Anatomy, x: FloatArray, y: FloatArray, z: FloatArray) -> Solids:
    """Signed distances to both lungs (with the tumour inside them), and to rib cage and heart.

    Parameters
    ----------
    x, y, z : ndarray
        Phantom coordinates in mm; broadcast against each other.
    """
    y_chest = y - anatomy.shift_mm(z)
    cage = superellipsoid((x, y_chest, z), anatomy.cavity_mm, (2.4, 2.4, 3.0))
    heart = anatomy.heart.distance(x, y, z)
    inside = smooth_max(cage, _PERICARDIUM_MM - heart, width_mm=_EDGE_MM)
    solids = {"cage": cage, "Heart": heart}
    for side, sign in SIDES.items():
        medial = _mediastinum_half_width(anatomy, y_chest, z, sign=sign) - sign * x
        lung = smooth_max(inside, medial, width_mm=1.5 * _EDGE_MM)
        solids[f"Lung_{side}"] = smooth_max(
            lung, _below_diaphragm(anatomy, x, y_chest, z, side=side), width_mm=_EDGE_MM
        )
    return solids


def _mediastinum_half_width(anatomy: Anatomy, y: FloatArray, z: FloatArray, *, sign: float) -> FloatArray:
    """Distance of the medial lung surface from the midline: thin in front, vessels in the middle, spine behind."""
    height = z - anatomy.hilum_z_mm
    vessels = (
        anatomy.mediastinum_mm * np.exp(-(((y + 6.0) / 34.0) ** 2)) * (0.75 + 0.25 * np.exp(-((height / 50.0) ** 2)))
    )
    hilum = 13.0 * np.exp(-((height / 24.0) ** 2) - ((y - 2.0) / 20.0) ** 2)
    # The descending aorta lies left of the spine.
    spine = (17.0 + 3.0 * sign) / (1.0 + np.exp(-(y - 22.0) / 7.0))
    # Fat pads beside the heart keep the lungs apart in front.
    front = 9.0 + 14.0 / (1.0 + np.exp((height + 35.0) / 12.0))
    width: FloatArray = front + vessels + hilum + spine
    return width


def _below_diaphragm(anatomy: Anatomy, x: FloatArray, y: FloatArray, z: FloatArray, *, side: str) -> FloatArray:
    top, fall = anatomy.domes_mm[side]
    half_width, half_depth, _ = anatomy.cavity_mm
    across = (x - SIDES[side] * 0.50 * half_width) / (0.62 * half_width)
    along = (y + 0.22 * half_depth) / (1.12 * half_depth)
    surface = top - fall * (across**2 + along**2)
    # 0.75: mean cosine of the dome's slope turns height into distance.
    below: FloatArray = 0.75 * (surface - z)
    return below


def vertebra_distance(anatomy: Anatomy, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Signed distance to the column of vertebral bodies."""
    half_x, half_y, centre_y = anatomy.vertebra_mm
    return superellipsoid((x + 0.0 * z, y - anatomy.shift_mm(z) - centre_y), (half_x, half_y), (2.5, 2.5))


def cord_centre_mm(anatomy: Anatomy, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give x and y of the middle of the spinal cord at heights z."""
    return np.zeros_like(z), anatomy.cord_mm[2] + anatomy.shift_mm(z)


def esophagus_centre_mm(anatomy: Anatomy, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give x and y of the middle of the oesophagus at heights z: before the spine, turning left towards the stomach."""
    top_x, bottom_x = anatomy.esophagus_mm
    share = np.clip(z / anatomy.cavity_mm[2], 0.0, 1.0)
    x = bottom_x + (top_x - bottom_x) * (1.0 - (1.0 - share) ** 2)
    front = anatomy.vertebra_mm[2] - anatomy.vertebra_mm[1] - 11.0
    return x, front + anatomy.shift_mm(z) - 6.0 * (1.0 - share) ** 3


def tumour_distances(anatomy: Anatomy, x: FloatArray, y: FloatArray, z: FloatArray) -> Solids:
    """Signed distances to GTV and PTV."""
    near, far = anatomy.tumour_parts()
    gtv = _united([part.distance(x, y, z) for part in near])
    target = _united([gtv, *(part.distance(x, y, z) for part in far)])
    cage = superellipsoid((x, y - anatomy.shift_mm(z), z), anatomy.cavity_mm, (2.4, 2.4, 3.0))
    barrier = np.maximum(cage - 4.0, -vertebra_distance(anatomy, x, y, z))
    cord_x, cord_y = cord_centre_mm(anatomy, z)
    to_cord = np.hypot(x - cord_x, y - cord_y) - anatomy.cord_mm[0]
    ptv = np.maximum(np.maximum(target, barrier) - anatomy.margin_mm, _CORD_CLEARANCE_MM - to_cord)
    return {"GTV": np.maximum(gtv, barrier), "PTV": np.maximum(ptv, body_distance(anatomy, x, y, z) + 5.0)}


def _united(distances: Sequence[FloatArray]) -> FloatArray:
    """Unite solids, with the notches between them filled."""
    return reduce(lambda first, second: smooth_min(first, second, width_mm=6.0), distances)
