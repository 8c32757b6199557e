"""Risk by published models beside the effect, over the number of fractions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungtox.errors import Fault, InputError
from lungtox.fractionation.effect import require_physical, require_reference
from lungtox.fractionation.optimise import Optimisation
from lungtox.ntcp import PublishedModel, published_model

if TYPE_CHECKING:
    from lungtox.dose import Dvh

EXTRAPOLATED = "extrapolated"


@dataclass(frozen=True)
class FractionRisk:
    """NTCP of one number of fractions.

    Attributes
    ----------
    model, structure : str
    fractions : int
    dose_gy : float
        The model's dose summary, in EQD2.
    ntcp : float
        0 to 1.
    status, note : str
        Under which label the model was applied; ``extrapolated``: to more Gy per fraction than it was made for.
    """

    model: str
    structure: str
    fractions: int
    dose_gy: float
    ntcp: float
    status: str
    note: str


def require_usable(name: str, *, alpha_beta_gy: float, allow_unchecked: Collection[str] = ()) -> PublishedModel:
    """Give a published model that knows fractionation.

    Raises
    ------
    InputError
        A model on physical dose (``fractionation-ntcp``), made with another alpha/beta, or with unchecked numbers.
    """
    model = published_model(name)
    if model.quantity != "eqd2":
        action = "Name a model on EQD2 (`lungtox models` says the quantity of each)."
        expected = "a model on EQD2, made bin by bin for each number of fractions"
        raise InputError(
            Fault(f"published model {name}", expected, f"one on {model.quantity} dose, which knows no fractionation",
                  action, "fractionation-ntcp")
        )  # fmt: skip
    model.require_quantity("eqd2", alpha_beta_gy)
    if name not in allow_unchecked:
        model.require_checked()
    return model


def fraction_risks(
    dvh: Dvh,
    reference_gy: float,
    found: Optimisation,
    *,
    model: str,
    alpha_beta_gy: float,
    allow_structure: Collection[str] = (),
    allow_unchecked: Collection[str] = (),
) -> list[FractionRisk]:
    """Give the risk of each schedule: doses scaled to its total dose, EQD2 bin by bin, the model as published.

    Parameters
    ----------
    dvh : Dvh
        Differential, physical dose, anatomical.
    reference_gy : float
    found : Optimisation
    model : str
        Name of a published model on EQD2.
    alpha_beta_gy : float
        Of the organ; one that the model was made with.
    allow_structure, allow_unchecked : collection of str

    Raises
    ------
    InputError
        A DVH of another quantity, a model that cannot be used for it.
    """
    from lungtox.dose import dvh_from_samples, eqd2_gy

    require_physical(dvh)
    require_reference(dvh, reference_gy)
    chosen = require_usable(model, alpha_beta_gy=alpha_beta_gy, allow_unchecked=allow_unchecked)
    risks = []
    for number, total_gy in zip(found.fractions, found.total_gy, strict=True):
        dose = eqd2_gy(dvh.mid_gy * (total_gy / reference_gy), int(number), alpha_beta_gy)
        converted = dvh_from_samples(
            dose, dvh.volume_cc, structure=dvh.structure, weighting=dvh.weighting, quantity="eqd2",
            alpha_beta_gy=alpha_beta_gy, bin_width_gy=0.05,
        )  # fmt: skip
        accepted = chosen.accept(converted, allow_structure=allow_structure)
        beyond = chosen.fractionation_note(float(total_gy) / int(number))
        status = EXTRAPOLATED if beyond else accepted.status
        note = "; ".join(filter(None, (accepted.note, beyond)))
        risk = chosen.ntcp(converted, allow_structure=allow_structure)
        risks.append(
            FractionRisk(model, dvh.structure, int(number), chosen.dose_gy(converted), risk, status, note)
        )  # fmt: skip
    return risks
