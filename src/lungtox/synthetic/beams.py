"""Choosing the beams of a synthetic plan: gantry angles and delivery for 3D-CRT, IMRT and VMAT.

Gantry angles are IEC 61217 in degrees for a patient lying head first, supine: 0 from the front, 90 from the
patient's left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.synthetic.patient import PatientTraits

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Arrangement:
    """How a plan is delivered.

    Attributes
    ----------
    angles_deg : ndarray, shape (n,)
        Directions that the dose is calculated for; an arc is stood for by 15 of them.
    arcs_deg : tuple of (start, stop)
        Arcs of a VMAT plan in the order of delivery, clockwise where stop lies after start modulo 360; else empty.
    clockwise : tuple of bool
        Direction of each arc.
    modulated : bool
        Whether the fluence is optimised.
    """

    angles_deg: FloatArray
    arcs_deg: tuple[tuple[float, float], ...] = ()
    clockwise: tuple[bool, ...] = ()
    modulated: bool = False

    @property
    def treatment_beams(self) -> int:
        """Number of beams of the plan: arcs, or fixed fields."""
        return len(self.arcs_deg) or self.angles_deg.size


# Fixed fields for a tumour on the left; mirrored for the right. Front, back and obliques that can miss the cord.
_CONFORMAL = {
    2: ((10.0, 140.0), (350.0, 130.0)),
    3: ((0.0, 120.0, 180.0), (20.0, 100.0, 160.0), (0.0, 180.0, 315.0)),
    4: ((0.0, 60.0, 135.0, 180.0), (0.0, 45.0, 180.0, 225.0), (330.0, 30.0, 100.0, 180.0)),
}
_VMAT_DIRECTIONS = 15


def choose_beams(traits: PatientTraits, *, central: bool, rng: np.random.Generator) -> Arrangement:
    """Draw the beams of one plan.

    Parameters
    ----------
    traits : PatientTraits
        Technique and side.
    central : bool
        Whether the target reaches the mediastinum: then beams come from all around, otherwise from the tumour's side.
    rng : numpy.random.Generator
    """
    left = traits.laterality == "L"
    jitter = float(rng.integers(-2, 3)) * 5.0
    number = int(rng.integers(0, 1 << 16))
    if traits.technique == "3D-CRT":
        count = 3 + number % 2 if central else 2 + number % 3
        options = _CONFORMAL[count]
        angles = np.asarray(options[number // 8 % len(options)]) + 0.0
        return Arrangement(_mirrored(angles, left=left))
    if traits.technique == "IMRT":
        count = (6, 7, 7, 9)[number % 4] if central else (5, 5, 6, 7)[number % 4]
        angles = np.arange(count) * 360.0 / count if count >= 9 else np.linspace(-35.0, 190.0, count)
        return Arrangement(_mirrored(angles + jitter, left=left), modulated=True)
    full = central and number % 3 != 0
    start, stop = (-178.0, 178.0) if full else (-40.0 + jitter, 178.0)
    if not left:
        start, stop = -stop, -start
    angles = start + (np.arange(_VMAT_DIRECTIONS) + 0.5) * (stop - start) / _VMAT_DIRECTIONS
    arcs = ((start % 360.0, stop % 360.0), (stop % 360.0, start % 360.0))[: 1 + number // 4 % 2]
    return Arrangement(angles % 360.0, arcs_deg=arcs, clockwise=(True, False)[: len(arcs)], modulated=True)


def _mirrored(angles: FloatArray, *, left: bool) -> FloatArray:
    turned: FloatArray = (angles if left else -angles) % 360.0
    return turned


def beam_frame(angles_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give unit vectors in the transversal plane, shape (n, 2): towards the source, and across (IEC beam x)."""
    angle = np.deg2rad(angles_deg)
    source = np.column_stack([np.sin(angle), -np.cos(angle)])
    across = np.column_stack([np.cos(angle), np.sin(angle)])
    return source, across
