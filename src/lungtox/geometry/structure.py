"""Structures as stacks of planar contours, in DICOM patient coordinates (LPS, mm)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Plane:
    """All closed rings of one structure in one transversal plane; where rings nest or overlap they combine by XOR.

    Attributes
    ----------
    z_mm : float
    rings : tuple of ndarray, each shape (n, 2)
        x and y of the corners in mm; the last corner is joined to the first and not repeated.
    """

    z_mm: float
    rings: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True)
class Structure:
    """A region of interest.

    Attributes
    ----------
    name : str
        ROI name, or the canonical name once that is known.
    planes : tuple of Plane
        Ascending in z, one per z. Empty for a structure without contours.
    number : int
        DICOM ROI number; 0 for a composed structure.
    faces_mm : ndarray, shape (planes, 2), optional
        Lower and upper face of the slab of each plane, ascending, for structures that were made of layers; without
        them the slabs follow from the planes.
    """

    name: str
    planes: tuple[Plane, ...]
    number: int = 0
    faces_mm: NDArray[np.float64] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class StructureSet:
    """The structures of one DICOM structure set, by ROI number.

    Attributes
    ----------
    structures : dict of int to Structure
        In the order of the file; empty ones included, with no planes.
    frame_of_reference : str
        Compared with that of the dose; never written anywhere.
    warnings : tuple of str
        All of them.
    remarks : dict of int to tuple of str
        Those among them that concern one structure, by ROI number.
    """

    structures: dict[int, Structure]
    frame_of_reference: str
    warnings: tuple[str, ...] = ()
    remarks: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def named(self, name: str) -> Structure:
        """Give the structure with this ROI name (blanks at the ends do not count); KeyError if none or several."""
        found = [s for s in self.structures.values() if s.name.strip() == name.strip()]
        if len(found) != 1:
            raise KeyError(f"{len(found)} structures are named {name!r}")
        return found[0]
