"""The DVHs of a cohort as one matrix, and gEUD of all patients at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError, ParameterError

if TYPE_CHECKING:
    from lungtox.dose import Dvh

Floats = NDArray[np.float64]
HIGHEST_MEAN_GY = 200.0  # no lung gets a mean of 200 Gy: the dose is in cGy


@dataclass(frozen=True)
class DoseMatrix:
    """Differential DVHs of one structure, weighting and quantity.

    Attributes
    ----------
    dose_gy : ndarray, shape (bins,)
        Mid-bin doses, ascending: left edges would bias the mean by half a bin.
    share : ndarray, shape (patients, bins)
        Share of the volume in each bin; each row adds up to 1.
    stretch : ndarray, shape (patients,)
        Exact mean dose over mean of the bins: what the bins lost. gEUD is multiplied by it, so that a = 1 gives the
        exact mean and the likelihood has no step between n = 1 and n just below.
    structure, weighting, quantity : str
    alpha_beta_gy : float or None
    metric : str
        Not empty: the one dose summary is this metric, in its own unit; every n gives it.
    """

    dose_gy: Floats
    share: Floats
    stretch: Floats
    structure: str
    weighting: str
    quantity: str
    alpha_beta_gy: float | None
    metric: str = ""

    @property
    def identity(self) -> str:
        """What DVHs must share to be seen by one model, in words."""
        alpha_beta = "" if self.alpha_beta_gy is None else f" (alpha/beta {self.alpha_beta_gy:g} Gy)"
        return f"{self.structure}, {self.weighting}, {self.quantity}{alpha_beta}"

    def rows(self, patients: NDArray[np.int64]) -> DoseMatrix:
        """Give some patients, in this order; the same one may come twice."""
        return replace(self, share=self.share[patients], stretch=self.stretch[patients])

    def geud_gy(self, n: float) -> Floats:
        """Give gEUD of every patient with exponent a = 1/n, shape (patients,)."""
        highest = float(self.dose_gy[-1])
        # One power for each bin, shared by all patients; scaled by the highest dose against overflow.
        power = (self.dose_gy / highest) ** (1.0 / n)
        result: Floats = self.stretch * highest * (self.share @ power) ** n
        return result

    def geud_and_slope(self, n: float) -> tuple[Floats, Floats]:
        """Give gEUD of every patient in Gy, and the derivative of its logarithm by n; both of shape (patients,)."""
        highest = float(self.dose_gy[-1])
        share_of_highest = self.dose_gy / highest
        power = share_of_highest ** (1.0 / n)
        # x ln x is 0 at no dose.
        logs = np.where(power > 0.0, np.log(np.maximum(share_of_highest, 1e-300)), 0.0)
        both = self.share @ np.column_stack([power, power * logs])
        mean = np.maximum(both[:, 0], 1e-300)
        geud: Floats = np.where(both[:, 0] > 0.0, self.stretch * highest * mean**n, 0.0)
        return geud, np.log(mean) - both[:, 1] / (n * mean)


def dose_matrix(dvhs: Sequence[Dvh]) -> DoseMatrix:
    """Put DVHs of one structure, weighting and quantity into one matrix; bin widths may differ.

    Raises
    ------
    InputError
        DVHs of different structures, weightings, quantities or alpha/beta; an empty DVH; a mean above 200 (cGy).
    """
    if not dvhs:
        raise ParameterError("dvhs is empty: give one DVH for each patient")
    identities = sorted({_identity(dvh) for dvh in dvhs})
    if len(identities) > 1:
        raise InputError(
            Fault(
                who="DVHs for an NTCP model",
                expected="one structure, weighting and dose quantity",
                found="; ".join(identities),
                action="Choose the DVHs of one of them.",
                code="ntcp-mixed-dvhs",
            )
        )
    faults = [fault for number, dvh in enumerate(dvhs, start=1) for fault in dvh_faults(f"DVH {number}", dvh)]
    if faults:
        raise InputError(faults)
    doses = [_mid_bins(dvh) for dvh in dvhs]
    axis = np.unique(np.concatenate([dose for dose, _ in doses]))
    share = np.zeros((len(dvhs), axis.size))
    for row, (dose, volume) in enumerate(doses):
        share[row, np.searchsorted(axis, dose)] = volume / volume.sum()
    first = dvhs[0]
    means = np.array([dvh.mean_gy for dvh in dvhs], dtype=float)
    return DoseMatrix(
        dose_gy=axis,
        share=share,
        stretch=means / (share @ axis),
        structure=first.structure,
        weighting=first.weighting,
        quantity=first.quantity,
        alpha_beta_gy=first.alpha_beta_gy,
    )


def metric_matrix(dvhs: Sequence[Dvh], metric: str) -> DoseMatrix:
    """Give a dose-volume metric of DVHs of one structure, weighting and quantity as the dose summary of a model.

    Parameters
    ----------
    dvhs : sequence of Dvh
    metric : str
        Such as ``V20Gy[%]``; see `lungtox.dose.parse_metric`.

    Raises
    ------
    InputError
        As `dose_matrix`.
    ParameterError
        Not a metric, or one that a DVH does not have.
    """
    from lungtox.dose import compute_metrics

    whole = dose_matrix(dvhs)
    values = np.array([compute_metrics(dvh, [metric])[metric] for dvh in dvhs], dtype=float)
    return replace(whole, dose_gy=np.ones(1), share=np.ones((values.size, 1)), stretch=values, metric=metric)


def uniform_doses(dose_gy: Floats, like: DoseMatrix) -> DoseMatrix:
    """Give patients with a uniform dose each (or a value of the metric), with the identity of other DVHs."""
    values = np.atleast_1d(np.asarray(dose_gy, dtype=float))
    if like.metric:
        return replace(like, share=np.ones((values.size, 1)), stretch=values)
    axis, place = np.unique(np.append(values, 1.0), return_inverse=True)
    return replace(like, dose_gy=axis, share=np.eye(axis.size)[place[:-1]], stretch=np.ones(values.size))


def _identity(dvh: Dvh) -> str:
    alpha_beta = "" if dvh.alpha_beta_gy is None else f" (alpha/beta {dvh.alpha_beta_gy:g} Gy)"
    return f"{dvh.structure}, {dvh.weighting}, {dvh.quantity}{alpha_beta}"


def _mid_bins(dvh: Dvh) -> tuple[Floats, Floats]:
    """Give mid-bin doses and volumes of the bins that hold volume."""
    volume = np.asarray(dvh.volume_cc, dtype=float)
    filled = np.flatnonzero(volume)
    # Rounded, so that the same bin of two patients is the same number on the common axis.
    return np.round((filled + 0.5) * dvh.bin_width_gy, 9), volume[filled]


def dvh_faults(name: str, dvh: Dvh) -> list[Fault]:
    """Say why a DVH cannot be used, if so: empty, dose in cGy, bins and mean that contradict each other."""
    who = f"{name} ({_identity(dvh)})"
    volume = np.asarray(dvh.volume_cc, dtype=float)
    if not np.isfinite(volume).all() or (volume < 0).any() or volume.sum() <= 0:
        return [Fault(who, "volumes that add up to more than 0", "none", "Leave this patient out.", "ntcp-empty-dvh")]
    dose, filled = _mid_bins(dvh)
    bins_mean = float(dose @ filled / filled.sum())
    mean = float(dvh.mean_gy)
    if mean > HIGHEST_MEAN_GY or bins_mean > HIGHEST_MEAN_GY:
        found = f"{max(mean, bins_mean):g}"
        return [Fault(who, "a mean dose in Gy", found, "Dose in cGy? Divide by 100.", "ntcp-dose-unit")]
    # The exact mean can leave the mean of the mid-bins by half a bin; planning systems round, hence the 5 %.
    if not abs(mean - bins_mean) <= 0.5 * dvh.bin_width_gy + 0.05 * bins_mean + 1e-6:
        found = f"mean {mean:g} Gy, but {bins_mean:g} Gy by the bins"
        return [Fault(who, "bins that agree with the mean", found, "Check the units of both.", "ntcp-dvh-mean")]
    return []
