"""A deformation from the planning image to that of one session: vectors on a grid, with both frames of reference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.deformation import DeformedMap
from lungtox.geometry.grid import Grid, Image
from lungtox.geometry.transform import FloatArray, Points, RigidMap


@dataclass(frozen=True, eq=False)
class DeformationField:
    """Where the tissue of each planning point lies in a session: ``q = after(before(p) + u(p))``.

    The vectors stand at points of the *planning* image and point to the *session* image. As a picture: hold a pin at a
    point of the planning CT; the vector leads from the pin to the place where the same piece of tissue lies in the
    session. The dose that the tissue got is therefore looked up at the end of the vector (pull-back): nothing is pushed
    along it. This is the direction of a DICOM Deformable Spatial Registration whose registered frame is that of the
    plan (PS3.3 C.20.3.1.1), and that of ITK displacement fields with the planning CT as the fixed image. A lung that
    lies 10 mm further to the head in the session has vectors of (0, 0, +10) mm.

    Attributes
    ----------
    grid : Grid
        In the planning frame of reference, before any map. May be coarser than the dose grid.
    vectors_mm : ndarray, shape (3, nz, ny, nx)
        Components along the patient's x (left), y (back) and z (head), NaN where they are not defined; also for a grid
        that is turned against the patient axes.
    planning_frame, session_frame : str
        Frames of reference; compared only, never written anywhere. They may be the same one.
    before, after : RigidMap
        Rigid maps around the vectors, most often the identity.
    registered_by_lungtox : bool
        True where no field was given and the images were registered here.

    Raises
    ------
    ParameterError
        Vectors that do not fit the grid, or a grid of a single plane, row or column.
    """

    grid: Grid
    vectors_mm: NDArray[np.floating]
    planning_frame: str = field(repr=False)
    session_frame: str = field(repr=False)
    before: RigidMap = field(default_factory=RigidMap.identity)
    after: RigidMap = field(default_factory=RigidMap.identity)
    registered_by_lungtox: bool = False

    def __post_init__(self) -> None:
        if self.vectors_mm.shape != (3, *self.grid.shape):
            raise ParameterError(f"vectors of shape {self.vectors_mm.shape} on a grid of {self.grid.shape}")
        if min(self.grid.shape) < 2:
            raise ParameterError("a vector field needs at least two nodes along each axis")

    @classmethod
    def of_map(cls, points: DeformedMap, *, planning_frame: str, session_frame: str) -> DeformationField:
        """Give the field of a map as `lungtox.dicom.read_registration` reads it."""
        vectors = np.stack([component.values for component in points.field_mm])
        grid = points.field_mm[0].grid
        return cls(grid, vectors, planning_frame, session_frame, points.before, points.after)

    def as_map(self) -> DeformedMap:
        """Give the map of points from the planning frame to that of the session."""
        x, y, z = (Image(self.grid, component) for component in self.vectors_mm)
        return DeformedMap(self.before, (x, y, z), self.after)

    def __call__(self, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> Points:
        """Take planning points, each of shape (points,), to the session; NaN where no vector is defined."""
        return self.as_map()(x_mm, y_mm, z_mm)

    def around(self, low_mm: FloatArray, high_mm: FloatArray) -> DeformationField:
        """Give the part with the nodes around a box, and one more on each side; all of it where they do not meet.

        Parameters
        ----------
        low_mm, high_mm : ndarray, shape (3,)
            Corners of the box along the axes of the grid (`Grid.along_axes`).
        """
        parts = []
        for axis, low, high in zip((self.grid.x_mm, self.grid.y_mm, self.grid.z_mm), low_mm, high_mm, strict=True):
            first = max(int(np.searchsorted(axis, low, side="right")) - 2, 0)
            last = min(int(np.searchsorted(axis, high, side="left")) + 2, axis.size)
            if last - first < 2:
                return self
            parts.append(slice(first, last))
        x, y, z = parts
        grid = Grid(self.grid.x_mm[x], self.grid.y_mm[y], self.grid.z_mm[z], self.grid.turn)
        return replace(self, grid=grid, vectors_mm=self.vectors_mm[:, z, y, x])
