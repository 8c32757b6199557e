"""Motion of a structure in the dose: the structure moved, or the dose shifted and blurred against it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.geometry import Dose, Grid, Image, Plane, Region, Structure, as_region

FloatArray = NDArray[np.float64]
Axis = Literal["left_right", "anterior_posterior", "superior_inferior"]
AXES: dict[Axis, int] = {"left_right": 0, "anterior_posterior": 1, "superior_inferior": 2}
"""Axes of the patient (LPS): x to the left, y to the back, z to the head."""
PHASES = 24


@dataclass(frozen=True)
class MotionPattern:
    """Where a structure is, and for which share of the time.

    Attributes
    ----------
    shift_mm, weight : tuple of float
        Shifts from the planned position; the weights add up to 1.
    """

    shift_mm: tuple[float, ...]
    weight: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.shift_mm) != len(self.weight) or not self.weight or abs(sum(self.weight) - 1.0) > 1e-9:
            raise ParameterError("a motion needs as many weights as shifts, and weights that add up to 1")
        if min(self.weight) < 0:
            raise ParameterError("a weight of a motion is negative")

    @classmethod
    def sine(cls, amplitude_mm: float) -> MotionPattern:
        """Give a sine around the planned position; the amplitude is from end to end."""
        shifts = 0.5 * amplitude_mm * np.sin(_phases())
        return cls(tuple(shifts.tolist()), (1.0 / PHASES,) * PHASES)

    @classmethod
    def lujan(cls, amplitude_mm: float) -> MotionPattern:
        """Give breathing as A cos^4 of the phase downwards (Lujan 1999): the plan is made at the end of exhalation."""
        shifts = -amplitude_mm * np.cos(0.5 * _phases()) ** 4
        return cls(tuple(shifts.tolist()), (1.0 / PHASES,) * PHASES)


def _phases() -> FloatArray:
    return 2.0 * np.pi * (np.arange(PHASES) + 0.5) / PHASES


def moved_region(region: Region | Structure, shift_mm: float, axis: Axis) -> Region:
    """Give the region moved along an axis of the patient; positive towards left, back and head."""
    offset = np.zeros(3)
    offset[AXES[axis]] = shift_mm
    whole = as_region(region)

    def move(structure: Structure) -> Structure:
        planes = tuple(
            Plane(plane.z_mm + offset[2], tuple(ring + offset[:2] for ring in plane.rings))
            for plane in structure.planes
        )
        faces = None if structure.faces_mm is None else structure.faces_mm + offset[2]
        return replace(structure, planes=planes, faces_mm=faces)

    return replace(
        whole,
        union=tuple(map(move, whole.union)),
        minus=tuple(map(move, whole.minus)),
        within=tuple(map(move, whole.within)),
    )


def shifted_dose(dose: Dose, shift_mm: float, axis: Axis) -> Dose:
    """Give the dose that a structure sees which is moved by so much: at each point that of the point moved to."""
    return blurred_dose(dose, MotionPattern((float(shift_mm),), (1.0,)), axis)


def blurred_dose(dose: Dose, motion: MotionPattern, axis: Axis) -> Dose:
    """Give the dose that moving tissue gathers: the dose convolved along an axis with where the tissue is.

    The fluence of a photon beam is taken as not changed by the motion (dose that does not move with the anatomy); many
    fractions are assumed, so that no interplay is left. Linear interpolation between the planes of the grid.

    Parameters
    ----------
    dose : Dose
        On a grid along the axes of the patient.
    motion : MotionPattern
    axis : {"left_right", "anterior_posterior", "superior_inferior"}

    Returns
    -------
    Dose
        On the grid without the planes that some position would take out of it.

    Raises
    ------
    InputError
        A grid that is turned against the patient, or one that the motion leaves altogether.
    """
    grid = dose.image.grid
    if grid.turn is not None:
        action = "Export the dose on a grid along the axes of the patient."
        raise InputError(Fault("dose", "a grid along the patient's axes", "an oblique one", action, "dose-oblique"))
    number = AXES[axis]
    along = (grid.x_mm, grid.y_mm, grid.z_mm)[number]
    shifts, weights = np.array(motion.shift_mm), np.array(motion.weight)
    low, high = along[0] - min(shifts.min(), 0.0), along[-1] - max(shifts.max(), 0.0)
    kept = along[(along >= low - 1e-9) & (along <= high + 1e-9)]
    if kept.size < 2:
        action = "Export a larger dose grid, or shift by less."
        raise InputError(Fault("dose", "a grid larger than the motion", "a smaller one", action, "dose-coverage"))
    kernel = np.zeros((kept.size, along.size))
    for shift, weight in zip(shifts, weights, strict=True):
        kernel += weight * _linear(along, kept + shift)
    values = np.moveaxis(np.tensordot(kernel, dose.image.values, axes=(1, 2 - number)), 0, 2 - number)
    axes = [grid.x_mm, grid.y_mm, grid.z_mm]
    axes[number] = kept
    return replace(dose, image=Image(Grid(*axes), np.ascontiguousarray(values)))


def _linear(axis_mm: FloatArray, at_mm: FloatArray) -> FloatArray:
    """Give the matrix of linear interpolation along an axis, shape (points, samples)."""
    at = np.clip(at_mm, axis_mm[0], axis_mm[-1])
    index = np.clip(np.searchsorted(axis_mm, at, side="right") - 1, 0, axis_mm.size - 2)
    part = (at - axis_mm[index]) / (axis_mm[index + 1] - axis_mm[index])
    matrix = np.zeros((at.size, axis_mm.size))
    rows = np.arange(at.size)
    matrix[rows, index] = 1.0 - part
    matrix[rows, index + 1] += part
    return matrix
