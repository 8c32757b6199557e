"""EQD2 made from the DVH of the physical dose, each bin at its own dose per fraction.

For one plan with one number of fractions that is the conversion per voxel, but for the width of a bin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungtox.dose import Dvh
    from lungtox.ntcp.published import PublishedModel


def eqd2_dvhs(physical: Dvh, fractions: int, alpha_beta_gy: Iterable[float]) -> dict[float, Dvh]:
    """Convert one DVH of physical dose to EQD2 with several alpha/betas, bin by bin.

    Parameters
    ----------
    physical : Dvh
        Of one plan.
    fractions : int
        Number of fractions in which the whole dose was given.
    alpha_beta_gy : iterable of float

    Returns
    -------
    dict of float to Dvh
    """
    from lungtox.extraction import eqd2_dvh

    return {value: eqd2_dvh(physical, fractions, value, bin_width_gy=physical.bin_width_gy) for value in alpha_beta_gy}


def risk_of(model: PublishedModel, dvh: Dvh) -> float:
    """Give NTCP of a DVH in EQD2 with whatever alpha/beta, for the sensitivity only: `accept` is not asked."""
    if model.model == "relative_seriality":
        return model.serial_risk(dvh, model.parameters)
    return float(model.risk_at(model.dose_gy(dvh)))
