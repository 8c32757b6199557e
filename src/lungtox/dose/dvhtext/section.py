"""What a reader hands over for one structure, before it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.dvhtext.source import DoseUnit, VolumeUnit
from lungtox.errors import Fault

FloatArray = NDArray[np.float64]
EMPTY = "dvh-empty"
"""Code of the fault of a structure that only has no volume."""
Kind = Literal["cumulative", "per_bin", "per_dose"]
"""`per_bin`: volume in each bin. `per_dose`: volume per unit of dose, to be multiplied with the bin's width."""
Place = Literal["lower", "centre", "unknown"]
"""Which dose of its bin a row of a differential table names."""


@dataclass(frozen=True, kw_only=True)
class PrintedFigure:
    """One figure that the file prints beside the curve.

    Attributes
    ----------
    figure : str
        ``volume``, ``min``, ``max``, ``mean``, ``median``, or a TG-263 name such as ``V20Gy[%]`` or ``D95%[Gy]``.
    value : float
        In cc, Gy or percent.
    rounding : float
        Half the last digit, in the same unit.
    line : int
        Of the file; 0 where it has no lines.
    """

    figure: str
    value: float
    rounding: float
    line: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """The table of one structure as the file has it.

    Attributes
    ----------
    structure : str
    position : int
        Place among the structures of the file, from 1.
    line : int
        Where the structure begins.
    dose, volume : ndarray, shape (rows,)
        In the units of the file.
    rows : sequence of int
        Line of each row.
    dose_unit, volume_unit : str
    kind : {"cumulative", "per_bin", "per_dose"}
    place : {"lower", "centre", "unknown"}
        Of differential tables.
    per_unit : {"Gy", "cGy", "%"}
        Unit of dose below the line of a ``per_dose`` volume.
    full_dose_gy : float, optional
        Dose of 100 %.
    prescription_gy : float, optional
    structure_cc : float, optional
        Volume of the structure as the file prints it.
    coverage_pct : float
        Share of the structure that has dose, as the file prints it.
    fractions : int, optional
    plan : int
        Which plan of the file, from 1; 0 where it has only one. Plan names may identify a patient.
    plan_sum : bool
        The dose of several plans.
    printed : tuple of PrintedFigure
    notes : tuple of str
    faults : tuple of Fault
        What the reader could not understand; the structure is then refused.
    any_order : bool
        Rows may fall in dose from first to last, and repeat a dose (a table made at steps of volume).
    whole_first : bool
        The first row holds the whole volume, whatever its dose.
    row_word : str
        What a row is called in messages.
    """

    structure: str
    position: int
    line: int
    dose: FloatArray = field(default_factory=lambda: np.zeros(0))
    volume: FloatArray = field(default_factory=lambda: np.zeros(0))
    rows: Sequence[int] = ()
    dose_unit: DoseUnit = "Gy"
    volume_unit: VolumeUnit = "%"
    kind: Kind = "cumulative"
    place: Place = "unknown"
    per_unit: DoseUnit = "Gy"
    full_dose_gy: float | None = None
    prescription_gy: float | None = None
    structure_cc: float | None = None
    coverage_pct: float = 100.0
    fractions: int | None = None
    plan: int = 0
    plan_sum: bool = False
    printed: tuple[PrintedFigure, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    any_order: bool = False
    whole_first: bool = False
    row_word: str = "line"

    def printed_value(self, figure: str) -> PrintedFigure | None:
        """Give a printed figure; None where the file does not print it."""
        return next((item for item in self.printed if item.figure == figure), None)
