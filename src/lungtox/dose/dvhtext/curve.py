"""The DVH of one structure from a planning system's export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.dvh import Dvh, bin_edges_gy
from lungtox.dose.dvhtext.section import EMPTY, PrintedFigure
from lungtox.dose.metrics import compute_metrics
from lungtox.errors import Fault, InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TextDvh:
    """A dose-volume histogram as a planning system exported it, as a curve of knots.

    Attributes
    ----------
    structure : str
        Name in the file.
    position : int
        Place among the structures of the file, from 1.
    plan : int
        Which plan of the file, from 1; 0 where it has only one. Names of plans are not kept: they may identify someone.
    plan_sum : bool
        The dose of several plans.
    dose_gy : ndarray, shape (knots,)
        From 0, ascending.
    share : ndarray, shape (knots,)
        Share of the structure with at least that dose, 1 falling to 0; linear in between.
    structure_cc : float or None
        None where the file has percent and no volume.
    step_gy : float
        Distance of the rows: what the curve cannot resolve.
    min_gy, mean_gy, max_gy : float
        As printed where the curve agrees (the mean: to 0.005 Gy), otherwise of the curve.
    coverage_pct : float
        Share of the structure with dose, as printed; 100 where the file says nothing.
    full_dose_gy : float or None
        Dose of 100 %.
    prescription_gy : float or None
    fractions : int or None
        As printed.
    printed : tuple of PrintedFigure
    warnings : tuple of str
        Printed figures that the curve contradicts, and what had to be assumed.
    """

    structure: str
    position: int
    plan: int
    plan_sum: bool
    dose_gy: FloatArray
    share: FloatArray
    structure_cc: float | None
    step_gy: float
    min_gy: float
    mean_gy: float
    max_gy: float
    coverage_pct: float
    full_dose_gy: float | None
    prescription_gy: float | None
    fractions: int | None
    printed: tuple[PrintedFigure, ...]
    warnings: tuple[str, ...]

    def share_at(self, dose_gy: float) -> float:
        """Give the share of the structure with at least this dose."""
        return float(np.interp(dose_gy, self.dose_gy, self.share, right=0.0))

    def dose_at(self, share: float) -> float:
        """Give the largest dose in Gy that at least this share of the structure gets."""
        return float(np.interp(-share, -self.share, self.dose_gy))

    def to_dvh(self, *, bin_width_gy: float = 0.01, structure: str | None = None) -> Dvh:
        """Give the differential histogram that metrics and models take.

        Parameters
        ----------
        bin_width_gy : float
            The curve is cut at multiples of it. Knots at multiples are kept exactly, others to within one bin.
        structure : str, optional
            Another name, such as the analysed structure that it was accepted as.

        Returns
        -------
        Dvh
            With ``relative_volume`` where the volume of the structure is not known.
        """
        bins = max(int(np.ceil(self.max_gy / bin_width_gy - 1e-6)), 1)
        at_least = np.interp(bin_edges_gy(bins, bin_width_gy), self.dose_gy, self.share, right=0.0)
        total = 100.0 if self.structure_cc is None else self.structure_cc
        volume = np.maximum(-np.diff(np.append(at_least[:-1], 0.0)), 0.0) * total
        middle_gy = float((bin_edges_gy(bins, bin_width_gy)[:-1] + 0.5 * bin_width_gy) @ volume) / total
        return Dvh(
            structure=structure or self.structure,
            volume_cc=volume,
            bin_width_gy=bin_width_gy,
            total_cc=total,
            min_gy=self.min_gy,
            # A DVH table refuses a mean that its bins cannot have.
            mean_gy=float(np.clip(self.mean_gy, middle_gy - 0.5 * bin_width_gy, middle_gy + 0.5 * bin_width_gy)),
            max_gy=self.max_gy,
            coverage_pct=self.coverage_pct,
            warnings=self.warnings,
            relative_volume=self.structure_cc is None,
        )

    def metrics(self, names: Iterable[str]) -> dict[str, float]:
        """Compute TG-263 metrics.

        Raises
        ------
        ParameterError
            A name outside the grammar; a metric in cc of a structure whose volume is not known.
        """
        return compute_metrics(self.to_dvh(), names)


@dataclass(frozen=True)
class UnusableDvh:
    """A structure of a file that cannot be used, with the lines that say why."""

    structure: str
    position: int
    faults: tuple[Fault, ...]

    @property
    def empty(self) -> bool:
        """Whether it only has no volume: that is no damage."""
        return all(fault.code == EMPTY for fault in self.faults)


@dataclass(frozen=True)
class DvhExport:
    """What one file holds.

    Attributes
    ----------
    system : str
        Planning system or kind of table that was recognised.
    dvhs : tuple of TextDvh
    unusable : tuple of UnusableDvh
    """

    system: str
    dvhs: tuple[TextDvh, ...]
    unusable: tuple[UnusableDvh, ...] = ()

    @property
    def names(self) -> dict[int, str]:
        """Name of the structure at each place of the file."""
        return {item.position: item.structure for item in self.all}

    @property
    def all(self) -> list[TextDvh | UnusableDvh]:
        """Give every structure, in the order of the file."""
        every: list[TextDvh | UnusableDvh] = [*self.dvhs, *self.unusable]
        return sorted(every, key=lambda item: item.position)

    def refuse_unusable(self) -> None:
        """Raise InputError with the faults of all structures, if there are any; empty ones have none."""
        if faults := [fault for item in self.unusable if not item.empty for fault in item.faults]:
            raise InputError(faults)
