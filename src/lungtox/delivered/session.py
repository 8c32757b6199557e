"""One session: its files, read when its turn comes, and whether its field can be used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.delivered.limits import limit_faults, undefined_fault
from lungtox.delivered.quality import (
    FieldFigures,
    JacobianFigures,
    NodesWithin,
    StructureQuality,
    coverage,
    judged_part,
    node_figures,
    structure_quality,
)
from lungtox.dose import Samples
from lungtox.errors import Fault, InputError
from lungtox.extraction import read_session_dose, read_session_field
from lungtox.geometry import DeformationField, Dose, Image, jacobian_determinant

if TYPE_CHECKING:
    from lungtox.delivered.config import DeliveredSettings


@dataclass(frozen=True, eq=False)
class Session:
    """One session, or several fractions for which it stands.

    Attributes
    ----------
    name : str
        Such as ``week_2``; at the front of messages.
    fractions : float
        Fractions of the plan for which it stands.
    dose : Dose, path of an RTDOSE, or callable that gives a Dose
        Read when its turn comes. What it holds is `DeliveredSettings.dose_of`.
    field : DeformationField, path, callable, or None
        Leads from planning points to the session. None: the dose already lies on the planning anatomy. A NIfTI or
        MetaImage file leads from the planning frame of reference to that of the session's dose.
    """

    name: str
    fractions: float
    dose: Dose | Path | Callable[[], Dose]
    field: DeformationField | Path | Callable[[], DeformationField] | None = None


@dataclass(frozen=True, eq=False)
class OpenSession:
    """The files of one session, read and judged.

    Attributes
    ----------
    dose : Dose
    field : DeformationField or None
        None where the dose lies on the planning anatomy.
    figures : FieldFigures or None
        Of the field where the planned dose is high.
    structures : dict of str to StructureQuality
    """

    dose: Dose
    field: DeformationField | None
    figures: FieldFigures | None
    structures: dict[str, StructureQuality]


@dataclass(frozen=True, eq=False)
class HighDose:
    """The voxels of high planned dose.

    Attributes
    ----------
    mask : ndarray of bool, shape of the planning grid
    from_gy : float
        Their least dose.
    mean_gy : float
        Their mean dose.
    nodes : NodesWithin
        The nodes of fields among them.
    """

    mask: NDArray[np.bool_]
    from_gy: float
    mean_gy: float
    nodes: NodesWithin

    @classmethod
    def of(cls, planning: Image, settings: DeliveredSettings) -> HighDose:
        """Take what gets at least `quality_from_pct` of the maximum."""
        # Above zero also in a plan of nothing: a mask without a voxel has no mean.
        from_gy = max(settings.quality_from_pct / 100.0 * float(planning.values.max()), float(np.finfo(float).tiny))
        mask = planning.values >= from_gy
        if not mask.any():
            action = "Give the dose of the plan."
            raise InputError(Fault("planning", "a planned dose above 0 Gy", "none", action, "dose-empty"))
        return cls(mask, from_gy, float(planning.values[mask].mean()), NodesWithin(planning, from_gy))


def open_session(
    session: Session,
    planning: Dose,
    region: HighDose,
    settings: DeliveredSettings,
    structures: Mapping[str, Samples],
    who: str,
    *,
    partial: Collection[str] = (),
) -> OpenSession:
    """Read the files of a session and judge its field.

    Raises
    ------
    InputError
        As `lungtox.delivered.accumulate`, what concerns one session.
    """
    faults: list[Fault] = []
    dose = _session_dose(session, settings, who, faults)
    if dose is not None and dose.rbe_weighted != planning.rbe_weighted:
        action = "Export both as physical dose, or both as RBE-weighted."
        faults.append(Fault(who, "a dose of the kind of the planned one", "another DoseType", action, "delivered-kind"))
    field = None if dose is None else _session_field(session, planning, dose, who, faults)
    if dose is None or faults:
        raise InputError(faults)
    if field is None:
        judged = {name: _still(name, samples, dose) for name, samples in structures.items()}
        faults += limit_faults(None, judged, settings, partial=partial, who=who)
        if faults:
            raise InputError(faults)
        return OpenSession(dose, None, None, judged)
    part = judged_part(field, region.mask, planning.image.grid, structures.values())
    determinant = jacobian_determinant(part)
    figures = node_figures(part, determinant, region.nodes)
    found = {
        name: structure_quality(name, samples, part, determinant, dose.image.grid)
        for name, samples in structures.items()
    }
    for name, one in found.items():
        if one is None and name not in partial:
            faults.append(undefined_fault(name, 100.0, who))
    judged = {name: one for name, one in found.items() if one is not None}
    if figures is None:
        action = "Check that the field belongs to this plan, and that it leads from the plan to the session."
        expected = "vectors where the plan has dose"
        faults.append(Fault(who, expected, "none", action, "delivered-coverage"))
    faults += limit_faults(figures, judged, settings, partial=partial, who=who)
    if faults:
        raise InputError(faults)
    return OpenSession(dose, field, figures, judged)


def _session_dose(session: Session, settings: DeliveredSettings, who: str, faults: list[Fault]) -> Dose | None:
    try:
        if isinstance(session.dose, Dose):
            return session.dose
        if callable(session.dose):
            return session.dose()
        return read_session_dose(session.dose, dose_of=settings.dose_of, who=who)
    except InputError as error:
        faults += error.faults
        return None


def _session_field(
    session: Session, planning: Dose, dose: Dose, who: str, faults: list[Fault]
) -> DeformationField | None:
    frames = {"planning_frame": planning.frame_of_reference, "session_frame": dose.frame_of_reference}
    try:
        given = session.field
        if isinstance(given, Path):
            given = read_session_field(given, **frames, who=who)
        # A field is a map of points, and so callable itself.
        field = given if given is None or isinstance(given, DeformationField) else given()
    except InputError as error:
        faults += error.faults
        return None
    if field is None:
        if dose.frame_of_reference != planning.frame_of_reference:
            action = "Name its field or set delivered.register_cbct, or give the dose warped to the planning CT."
            expected = "a dose in the frame of reference of the plan, or a field to the session"
            faults.append(
                Fault(who, expected, "another frame of reference and no field", action, "delivered-dose-frame")
            )
        return None
    if field.planning_frame != planning.frame_of_reference:
        turned = field.session_frame == planning.frame_of_reference != field.planning_frame
        found = "one that leads to the plan" if turned else "one of another frame of reference"
        action = "Export the registration with the planning CT as the registered (fixed) image."
        expected = "a field that leads from the planning frame of reference"
        faults.append(Fault(who, expected, found, action, "delivered-field-frame"))
    elif field.session_frame != dose.frame_of_reference:
        action = "Give the field to the image on which this dose was calculated."
        expected = "a field that leads to the frame of reference of the session's dose"
        faults.append(Fault(who, expected, "another frame of reference", action, "delivered-field-frame"))
    return field


def _still(name: str, samples: Samples, dose: Dose) -> StructureQuality:
    """Judge a structure in a session whose dose lies on the planning anatomy: nothing moves."""
    kept = 100.0 * coverage(samples, dose.image.grid)
    return StructureQuality(name, samples.region_cc, JacobianFigures(1.0, 1.0, 1.0, 1.0, 0.0), 0.0, 0.0, kept, 0.0)
