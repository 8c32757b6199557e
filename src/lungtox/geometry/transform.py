"""Maps of points from one frame of reference to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError

FloatArray = NDArray[np.float64]
Points = tuple[FloatArray, FloatArray, FloatArray]


class PointMap(Protocol):
    """Whatever takes points of one frame of reference to another: a matrix, a chain, a vector field.

    Points without an image (outside a vector field) become NaN.
    """

    def __call__(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> Points:
        """Take patient points (LPS, mm), each array of shape (points,), to the other frame."""
        ...


@dataclass(frozen=True)
class RigidMap:
    """A rotation and a shift: ``p' = rotation @ p + shift_mm``.

    Attributes
    ----------
    rotation : ndarray, shape (3, 3)
        Orthonormal, without reflection.
    shift_mm : ndarray, shape (3,)

    Raises
    ------
    ParameterError
        A matrix that stretches, shears or mirrors, or values that are not finite.
    """

    rotation: FloatArray
    shift_mm: FloatArray

    def __post_init__(self) -> None:
        rotation, shift = np.asarray(self.rotation, dtype=np.float64), np.asarray(self.shift_mm, dtype=np.float64)
        if rotation.shape != (3, 3) or shift.shape != (3,) or not np.all(np.isfinite(shift)):
            raise ParameterError("a rigid map needs a rotation of 3 x 3 and a shift of 3 finite numbers")
        # DICOM writes matrices in decimal text of 16 characters, some systems with 6 digits.
        if not np.allclose(rotation @ rotation.T, np.eye(3), rtol=0, atol=1e-4) or np.linalg.det(rotation) < 0:
            raise ParameterError("the matrix is not a rotation: it stretches, shears or mirrors")

    @classmethod
    def identity(cls) -> RigidMap:
        """Give the map that moves nothing."""
        return cls(np.eye(3), np.zeros(3))

    def __call__(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> Points:
        """Take points to the other frame."""
        if np.array_equal(self.rotation, np.eye(3)):
            dx, dy, dz = self.shift_mm
            return x_mm + dx, y_mm + dy, z_mm + dz
        x, y, z = (
            row[0] * x_mm + row[1] * y_mm + row[2] * z_mm + shift
            for row, shift in zip(self.rotation, self.shift_mm, strict=True)
        )
        return x, y, z

    def inverse(self) -> RigidMap:
        """Give the map back."""
        return RigidMap(self.rotation.T, -self.rotation.T @ self.shift_mm)

    def then(self, after: RigidMap) -> RigidMap:
        """Give the map that applies this one first and `after` to what it gives."""
        return RigidMap(after.rotation @ self.rotation, after.rotation @ self.shift_mm + after.shift_mm)

    @property
    def angle_deg(self) -> float:
        """Angle of the rotation about its axis."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.rotation) - 1) / 2, -1, 1))))
