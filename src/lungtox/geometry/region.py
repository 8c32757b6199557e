"""Regions composed of structures, such as both lungs without the tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.geometry.structure import Structure


@dataclass(frozen=True)
class Region:
    """The points in any structure of ``union``, in all of ``within`` and in none of ``minus``.

    Attributes
    ----------
    name : str
    union : tuple of Structure
        At least one.
    minus, within : tuple of Structure
    """

    name: str
    union: tuple[Structure, ...]
    minus: tuple[Structure, ...] = ()
    within: tuple[Structure, ...] = ()

    def __post_init__(self) -> None:
        if not self.union:
            raise ParameterError(f"region {self.name!r} needs at least one structure to join")

    @property
    def operands(self) -> tuple[Structure, ...]:
        """All structures, in the order union, within, minus."""
        return (*self.union, *self.within, *self.minus)

    def contains(self, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Say which points lie in the region, given in which operands they lie.

        Parameters
        ----------
        inside : ndarray of bool, shape (..., operands)

        Returns
        -------
        ndarray of bool, shape (...)
        """
        joined, kept = len(self.union), len(self.union) + len(self.within)
        joined_any = np.any(inside[..., :joined], axis=-1)
        result: NDArray[np.bool_] = np.logical_and(
            np.logical_and(joined_any, np.all(inside[..., joined:kept], axis=-1)),
            np.logical_not(np.any(inside[..., kept:], axis=-1)),
        )
        return result


def as_region(structure: Structure | Region) -> Region:
    """Give a single structure as a region of its own."""
    return structure if isinstance(structure, Region) else Region(structure.name, (structure,))
