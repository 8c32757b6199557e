"""Risk by published models with planned and with delivered dose of the same patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lungtox.errors import Fault, InputError
from lungtox.ntcp import published_model

if TYPE_CHECKING:
    from lungtox.delivered.compare_config import DeliveredComparisonSettings
    from lungtox.dose import Dvh
    from lungtox.ntcp import PublishedModel

Key = tuple[str, str, str]


def delivered_risks(
    planned: Sequence[tuple[str, Dvh]],
    delivered: Sequence[tuple[str, Dvh]],
    settings: DeliveredComparisonSettings,
    *,
    fraction_gy: Mapping[str, float | None] | None = None,
) -> list[dict[str, Any]]:
    """Give NTCP of each patient by each published model of the settings, with planned and with delivered DVH.

    The delivered DVH is one like any other: EQD2 in it was made per session and voxel. Patient factors are those of
    the model's reference patient, the same for both.

    Parameters
    ----------
    planned, delivered : sequence of (patient, Dvh)
    settings : DeliveredComparisonSettings
    fraction_gy : mapping of str to float or None, optional
        Dose per fraction to the target of each patient, where it is known.

    Returns
    -------
    list of dict
        ``patient, model, structure, quantity, planned_dose_gy, delivered_dose_gy, planned, delivered, status, note``;
        a patient without the structure has no row.

    Raises
    ------
    InputError
        A model that does not take the DVH: structure, quantity, alpha/beta or (with the patients) dose per fraction
        that it does not list.
    """
    each_gy = fraction_gy or {}
    before, after = _by_key(planned), _by_key(delivered)
    rows = []
    faults: list[Fault] = []
    for name, structure in settings.ntcp.items():
        model = published_model(name)
        patients = dict.fromkeys(patient for patient, _ in planned)
        beyond = [patient for patient in patients if model.fractionation_note(each_gy.get(patient))]
        if beyond and name not in settings.allow_fractionation:
            faults.append(_beyond(model, beyond))
            continue
        for patient in patients:
            key = (patient, structure, model.quantity)
            if key in before and key in after:
                pair = (before[key], after[key])
                try:
                    rows.append({"patient": patient, **_risk(model, *pair, settings, each_gy.get(patient))})
                except InputError as error:
                    faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    return rows


def _by_key(dvhs: Sequence[tuple[str, Dvh]]) -> dict[Key, Dvh]:
    return {(patient, dvh.structure, dvh.quantity): dvh for patient, dvh in dvhs if dvh.weighting == "anatomical"}


def _beyond(model: PublishedModel, patients: Sequence[str]) -> Fault:
    action = (
        "Take the model out of delivered.compare.ntcp, or name it under delivered.compare.allow_fractionation to apply "
        "it all the same, labelled so."
    )
    expected = f"at most {model.highest_fraction_gy:g} Gy per fraction"
    return Fault(f"published model {model.name}", expected, f"more in {', '.join(patients)}", action, "ntcp-published")


def _risk(
    model: PublishedModel,
    planned: Dvh,
    delivered: Dvh,
    settings: DeliveredComparisonSettings,
    fraction_gy: float | None,
) -> dict[str, Any]:
    allowed = settings.allow_structure
    accepted = model.accept(
        planned, allow_structure=allowed, allow_unchecked=model.name in settings.allow_unchecked,
        fraction_gy=fraction_gy, allow_fractionation=True,
    )  # fmt: skip
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
