"""Which synthetic patient's SPECT lies in which frame of reference."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lungtox.geometry import RigidMap
from lungtox.synthetic.streams import child_stream

_SHIFT_MM, _ROTATION_DEG = (3.0, 15.0), (1.0, 5.0)

SpectFrame = Literal["plan", "registration", "image"]
"""The plan's; its own with a Spatial Registration object; its own with a CT to be registered to the planning CT."""


def spect_frame(index: int) -> SpectFrame:
    """Say in which frame of reference the SPECT of patient ``index`` (from 0) lies, if the patient has one.

    Of 120 patients six need their images registered (they are among those with a planning CT, see
    ``patient_files.CT_EVERY``), and of the others every third has a Spatial Registration object. The first patient has
    neither, so that the smallest demo needs nothing.
    """
    if index % 20 == 10:
        return "image"
    return "registration" if index % 3 == 1 else "plan"


def plant_registration(index: int, rng: np.random.Generator, *, middle_mm: tuple[float, float, float]) -> RigidMap:
    """Draw how a patient lies in the camera: the map from the plan's frame of reference to the camera's.

    Parameters
    ----------
    index : int
        Of the patient.
    rng : numpy.random.Generator
        Only its seed sequence is used, together with ``index``.
    middle_mm : tuple of float
        The point about which the patient is turned, in the plan's frame: it is moved by 3 to 15 mm, in any direction,
        and everything is turned about it by 1 to 5 degrees, about any axis.
    """
    draw = child_stream(rng, "spect frame", index)
    direction, axis = (vector / np.linalg.norm(vector) for vector in draw.normal(size=(2, 3)))
    shift_mm = draw.uniform(*_SHIFT_MM) * direction
    angle = np.radians(draw.uniform(*_ROTATION_DEG))
    # Rodrigues' formula.
    across = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    rotation = np.eye(3) + np.sin(angle) * across + (1.0 - np.cos(angle)) * across @ across
    middle = np.asarray(middle_mm)
    return RigidMap(rotation, middle + shift_mm - rotation @ middle)
