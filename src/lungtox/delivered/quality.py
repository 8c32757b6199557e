"""How good a deformation field is: folding, displacement, coverage, and the volumes that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

FieldKind = Literal["field", "none", "registered"]


@dataclass(frozen=True)
class JacobianFigures:
    """The Jacobian determinant of planning -> session in a volume: 1 keeps volumes, 0 or less folds.

    Attributes
    ----------
    minimum, p1, p99, maximum : float
    folding_pct : float
        Share of the volume with a determinant of 0 or less.
    """

    minimum: float
    p1: float
    p99: float
    maximum: float
    folding_pct: float


@dataclass(frozen=True)
class StructureQuality:
    """One structure in one session.

    Attributes
    ----------
    structure : str
    volume_cc : float
        Of the structure as the field carries it to the session: the integral of the Jacobian determinant over it.
    jacobian : JacobianFigures
    mean_displacement_mm, max_displacement_mm : float
        Length of the vectors.
    coverage_pct : float
        Share of its volume that has a vector and its source within the session's dose.
    undefined_pct : float
        Share of its volume without a vector.
    """

    structure: str
    volume_cc: float
    jacobian: JacobianFigures
    mean_displacement_mm: float
    max_displacement_mm: float
    coverage_pct: float
    undefined_pct: float


@dataclass(frozen=True)
class SessionQuality:
    """One session.

    Attributes
    ----------
    session : str
    fractions : float
        Fractions of the plan for which it stands.
    kind : {"field", "none", "registered"}
        A field was given; the dose already lay on the planning anatomy; the images were registered by lungtox.
    mean_ratio : float
        Mean dose of the session over planned mean dose, in units of the whole plan, within ``quality_from_pct``.
    coverage_pct : float
        Share of the planning voxels within ``quality_from_pct`` whose source lies within the session's dose.
    jacobian : JacobianFigures or None
        Within ``quality_from_pct``; None without a field.
    mean_displacement_mm, p99_displacement_mm, max_displacement_mm : float
        Length of the vectors there.
    structures : dict of str to StructureQuality
    warnings : tuple of str
    registration : dict or None
        Quality figures of a registration by lungtox.
    """

    session: str
    fractions: float
    kind: FieldKind
    mean_ratio: float
    coverage_pct: float
    jacobian: JacobianFigures | None = None
    mean_displacement_mm: float = 0.0
    p99_displacement_mm: float = 0.0
    max_displacement_mm: float = 0.0
    structures: dict[str, StructureQuality] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    registration: dict[str, Any] | None = None
