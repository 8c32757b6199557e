"""Risk by published models with planned and with delivered dose of the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lungtox.errors import Fault, InputError
from lungtox.ntcp import published_model

if TYPE_CHECKING:
    from lungtox.delivered.compare_config import DeliveredComparisonSettings
    from lungtox.dose import Dvh
    from lungtox.ntcp import PublishedModel

Key = tuple[str, str, str]


def delivered_risks(
    planned: Sequence[tuple[str, Dvh]], delivered: Sequence[tuple[str, Dvh]], settings: DeliveredComparisonSettings
) -> list[dict[str, Any]]:
    """Give NTCP of each patient by each published model of the settings, with planned and with delivered DVH.

    The delivered DVH is one like any other: EQD2 in it was made per session and voxel. Patient factors are those of
    the model's reference patient, the same for both.

    Parameters
    ----------
    planned, delivered : sequence of (patient, Dvh)
    settings : DeliveredComparisonSettings

    Returns
    -------
    list of dict
        ``patient, model, structure, quantity, planned_dose_gy, delivered_dose_gy, planned, delivered, status, note``;
        a patient without the structure has no row.

    Raises
    ------
    InputError
        A model that does not take the DVH: structure, quantity or alpha/beta that it does not list.
    """
    before, after = _by_key(planned), _by_key(delivered)
    rows = []
    faults: list[Fault] = []
    for name, structure in settings.ntcp.items():
        model = published_model(name)
        for patient in dict.fromkeys(patient for patient, _ in planned):
            key = (patient, structure, model.quantity)
            if key in before and key in after:
                try:
                    rows.append({"patient": patient, **_risk(model, before[key], after[key], settings)})
                except InputError as error:
                    faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    return rows


def _by_key(dvhs: Sequence[tuple[str, Dvh]]) -> dict[Key, Dvh]:
    return {(patient, dvh.structure, dvh.quantity): dvh for patient, dvh in dvhs if dvh.weighting == "anatomical"}


def _risk(model: PublishedModel, planned: Dvh, delivered: Dvh, settings: DeliveredComparisonSettings) -> dict[str, Any]:
    allowed = settings.allow_structure
    accepted = model.accept(planned, allow_structure=allowed, allow_unchecked=model.name in settings.allow_unchecked)
    return {
        "model": model.name,
        "structure": planned.structure,
        "quantity": planned.quantity,
        "planned_dose_gy": model.dose_gy(planned),
        "delivered_dose_gy": model.dose_gy(delivered),
        "planned": model.ntcp(planned, allow_structure=allowed),
        "delivered": model.ntcp(delivered, allow_structure=allowed),
        "status": accepted.status,
        "note": accepted.note,
    }
