"""The lung DVHs of one case from its DICOM files, for ``lungtox ntcp``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.commands.ntcp_case import Case, Source
from lungtox.dicom import read_structure_names
from lungtox.dose.config import DoseSettings, RegionSettings
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.extraction import AcceptedRoi, PatientRow, extract_patient
from lungtox.ntcp import dose_per_fraction_gy

if TYPE_CHECKING:
    from lungtox.ntcp import PublishedModel

CASE = "case"
LUNG_SETS = (("Lungs",), ("Lung_L", "Lung_R"))
GTV = "GTV"


def dicom_case(model: PublishedModel, source: Source) -> Case:
    """Compute the DVHs of both lungs, and of both lungs without the tumour; give them with what was found on the way.

    Parameters
    ----------
    model : PublishedModel
        For one in EQD2, that is made per voxel with its (largest) alpha/beta.
    source : Source
        RTSTRUCT, RTDOSE and RTPLAN (the plan is needed for EQD2), ROI names of the lungs (one of both, or two; empty:
        Lungs, or Lung_L and Lung_R) and of the tumour (empty: GTV, where it is there).

    Raises
    ------
    InputError
        The files cannot be used, or there is no such ROI (the names found are listed).
    ParameterError
        Options that do not belong together.
    """
    struct, dose, plan = source.struct, source.dose, source.plan
    if struct is None or dose is None:
        raise ParameterError("--struct and --dose go together")
    if model.quantity == "eqd2" and plan is None:
        raise ParameterError(f"{model.name} takes EQD2: give --plan, which says the number of fractions")
    if source.fractions is not None:
        raise ParameterError("--fractions is for DVH files; of a DICOM dose the plan says it: give --plan")
    if model.weighting != "anatomical":
        raise ParameterError(f"{model.name} takes a DVH of weighting {model.weighting}: give it with --dvh")
    files = {"structures": struct, "dose": dose, **({} if plan is None else {"plan": plan})}
    for option, path in files.items():
        if not path.is_file():
            raise InputError(Fault(f"case: {option}", "a DICOM file", "no such file", "Check the path.", "ntcp-file"))
    rois = _accepted(read_structure_names(struct, who=CASE), source.lungs, source.gtvs)
    cells = {column: str(path.resolve()) for column, path in files.items()}
    row = PatientRow(CASE, cells, Path.cwd(), rois)
    extraction = extract_patient(row, dose=_settings(model, has_gtv=any(roi.structure == GTV for roi in rois)))
    if extraction.qa["status"] != "ok":
        raise InputError([Fault(**fault) for fault in extraction.qa["faults"]])
    qa = extraction.qa
    return Case(
        dvhs=extraction.dvhs,
        warnings=tuple(qa["warnings"]),
        fractions=qa["fractions"],
        fraction_gy=dose_per_fraction_gy(qa["prescription_gy"] or None, qa["fractions"] or None),
    )


def _accepted(names: dict[int, str], lungs: Sequence[str], gtvs: Sequence[str]) -> tuple[AcceptedRoi, ...]:
    if len(lungs) > 2 or len(gtvs) > 1:
        raise ParameterError("give --lung once (both lungs) or twice, and --gtv once")
    numbers = {name.strip(): number for number, name in names.items()}
    if lungs:
        canonical = LUNG_SETS[len(lungs) - 1]
        wanted = dict(zip(canonical, lungs, strict=True))
    else:
        present = next((group for group in LUNG_SETS if set(group) <= set(numbers)), None)
        wanted = {name: name for name in present or LUNG_SETS[1]}
    if gtvs or GTV in numbers:
        wanted[GTV] = gtvs[0] if gtvs else GTV
    absent = [roi for roi in wanted.values() if roi.strip() not in numbers]
    if absent:
        found = f"no {', '.join(absent)} among {', '.join(sorted(numbers)) or 'no ROI at all'}"
        action = "Name the ROIs with --lung (twice for two lungs) and --gtv."
        raise InputError(Fault("case", "ROIs of the lungs", found, action, "structure-missing"))
    spelt = [name.strip() for name in names.values()]
    shared = [roi for roi in wanted.values() if spelt.count(roi.strip()) > 1]
    if shared:
        found = f"several ROIs named {', '.join(dict.fromkeys(shared))}"
        action = "Rename them in the planning system; which one is meant is not guessed."
        raise InputError(Fault("case", "one ROI of each name", found, action, "structure-name"))
    return tuple(AcceptedRoi(numbers[roi.strip()], roi.strip(), name) for name, roi in wanted.items())


def _settings(model: PublishedModel, *, has_gtv: bool) -> DoseSettings:
    both = list(LUNG_SETS[1])
    structures = {"Lungs": RegionSettings(union=both)}
    if has_gtv:
        structures["Lungs-GTV"] = RegionSettings(union=both, minus=[GTV])
    alpha_beta = max(model.alpha_beta_gy, default=None)
    eqd2 = {} if alpha_beta is None else dict.fromkeys(structures, alpha_beta)
    return DoseSettings(structures=structures, eqd2=eqd2)
