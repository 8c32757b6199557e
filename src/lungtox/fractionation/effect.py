"""The effect of a schedule on a structure: the linear-quadratic model weighted by the structure's DVH."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungtox.errors import Fault, InputError, ParameterError
from lungtox.fractionation.schedule import TumourGoal, require_alpha_beta

if TYPE_CHECKING:
    from lungtox.dose import Dvh

HIGHEST_RELATIVE_DOSE = 2.0
HIGHEST_GY = 200.0
"""As for DICOM and DVH text: a dose above it is one in cGy."""


@dataclass(frozen=True)
class DoseMoments:
    """What the effect needs of a DVH, with doses relative to the reference dose.

    Attributes
    ----------
    structure : str
    s1, s2 : float
        sum v delta and sum v delta^2 with volumes v that add up to 1 and delta = dose / reference dose.
    """

    structure: str
    s1: float
    s2: float

    def spared_by_more(self, *, organ_alpha_beta_gy: float, tumour_alpha_beta_gy: float) -> bool:
        """Tell whether more fractions spare the structure: exactly where S2/S1 > r_O/r_T, without repopulation."""
        return self.s2 * tumour_alpha_beta_gy > self.s1 * organ_alpha_beta_gy


def dose_moments(dvh: Dvh, reference_gy: float) -> DoseMoments:
    """Give the moments of a physical-dose DVH.

    Parameters
    ----------
    dvh : Dvh
        Differential, physical dose.
    reference_gy : float
        Dose D0 that the schedule's total dose stands for, usually the prescription of the plan.

    Raises
    ------
    InputError
        A DVH of another quantity (``dvh-quantity``): it holds one fractionation already. A reference dose that is not
        positive, less than half of the highest dose, or above 200 Gy (``reference-dose``).
    """
    require_physical(dvh)
    require_reference(dvh, reference_gy)
    share = dvh.volume_cc / dvh.volume_cc.sum()
    delta = dvh.mid_gy / reference_gy
    return DoseMoments(dvh.structure, float(share @ delta), float(share @ delta**2))


def require_physical(dvh: Dvh) -> None:
    """Refuse a DVH that is not one of physical dose."""
    if dvh.quantity != "physical":
        action = "Give the DVH of the physical dose: the number of fractions is what is varied."
        raise InputError(Fault(dvh.structure, "a DVH of physical dose", dvh.quantity, action, "dvh-quantity"))


def require_reference(dvh: Dvh, reference_gy: float) -> None:
    """Refuse a reference dose that cannot be the prescription of this DVH."""
    usable = np.isfinite(reference_gy) and 0 < reference_gy <= HIGHEST_GY
    if not usable or dvh.max_gy > HIGHEST_RELATIVE_DOSE * reference_gy:
        expected = (
            f"a reference dose of the plan, at least half of the highest dose {dvh.max_gy:.4g} Gy, at most 200 Gy"
        )
        action = "Give the total dose of the plan in Gy (fractionation.reference_gy), not in cGy."
        raise InputError(Fault(dvh.structure, expected, f"{reference_gy:g} Gy", action, "reference-dose"))


def effect_gy(moments: DoseMoments, *, fractions: int, alpha_beta_gy: float, goal: TumourGoal) -> float:
    """Give the effect E0(n) = D [S1 - (r_T/r_O) S2] + B (r_T/r_O) S2 of a schedule that reaches the tumour's goal.

    The mean over the volume of the biologically effective dose; D = n d(n), B what the schedule gives to the tumour.
    For the target, with its own DVH and alpha/beta, this is E1.

    Parameters
    ----------
    moments : DoseMoments
    fractions : int
    alpha_beta_gy : float
        Of the structure, r_O.
    goal : TumourGoal

    Raises
    ------
    InputError
        No alpha/beta, or a number of fractions outside 1 to 100.
    """
    ratio = goal.alpha_beta_gy / require_alpha_beta(alpha_beta_gy, who=moments.structure)
    total_gy = fractions * goal.fraction_gy(fractions)
    return total_gy * (moments.s1 - ratio * moments.s2) + goal.given_bed_gy(fractions) * ratio * moments.s2


def direct_effect_gy(
    dvh: Dvh, reference_gy: float, *, fractions: int, fraction_gy: float, alpha_beta_gy: float
) -> float:
    """Give the effect sum v_i n d_i (1 + d_i/r) of any schedule, bin by bin, with d_i = d delta_i.

    Parameters
    ----------
    dvh : Dvh
        Differential, physical dose.
    reference_gy : float
    fractions : int
    fraction_gy : float
        Dose per fraction at the reference dose.
    alpha_beta_gy : float

    Raises
    ------
    InputError
        As `dose_moments`.
    """
    require_physical(dvh)
    require_reference(dvh, reference_gy)
    if not fraction_gy > 0:
        raise ParameterError(f"fraction_gy must be positive, got {fraction_gy}")
    share = dvh.volume_cc / dvh.volume_cc.sum()
    each = fraction_gy * dvh.mid_gy / reference_gy
    return float(share @ (fractions * each * (1.0 + each / require_alpha_beta(alpha_beta_gy, who=dvh.structure))))
