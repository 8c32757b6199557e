"""The files of one synthetic patient: DICOM, or a table of DVHs. Runs in worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lungtox.dicom import (
    Subject,
    write_ct,
    write_dose,
    write_function_image,
    write_plan,
    write_registration,
    write_structures,
)
from lungtox.dose import write_dvhs
from lungtox.geometry import RigidMap
from lungtox.synthetic.delivery import LEAF_BOUNDARIES_MM, deliver
from lungtox.synthetic.factors import sample_traits
from lungtox.synthetic.patient import DoseSummary, PatientTraits
from lungtox.synthetic.perfusion import acquire_spect
from lungtox.synthetic.phantom import Phantom, build_phantom
from lungtox.synthetic.phantom_dvhs import phantom_dvhs
from lungtox.synthetic.planning_ct import make_ct, make_spect_ct
from lungtox.synthetic.spect_frames import plant_registration, spect_frame
from lungtox.synthetic.streams import child_stream

CT_EVERY = 10
"""Every tenth patient, from the first, has a planning CT."""


@dataclass(frozen=True)
class Job:
    """One patient to write.

    Attributes
    ----------
    folder : Path
        Of the cohort.
    seed, index : int
    dvh_only : bool
    """

    folder: Path
    seed: int
    index: int
    dvh_only: bool


@dataclass(frozen=True)
class Written:
    """What was written for one patient.

    Attributes
    ----------
    traits : PatientTraits
    summary : DoseSummary
    cells : dict of str to str
        Columns of patients.csv.
    rois : tuple of (number, name)
    planted : RigidMap or None
        From the plan's frame of reference to that of the SPECT, where it has its own.
    """

    traits: PatientTraits
    summary: DoseSummary
    cells: dict[str, str]
    rois: tuple[tuple[int, str], ...]
    planted: RigidMap | None = None


def study_id(index: int) -> str:
    """Give the study ID of patient ``index`` (from 0): LT001, LT002, ..."""
    return f"LT{index + 1:03d}"


def write_patient(job: Job) -> Written:
    """Build one patient and write its files below ``inputs/`` of the cohort's folder."""
    rng = np.random.default_rng(job.seed)
    traits = sample_traits(rng, study_id(job.index), job.index)
    phantom = build_phantom(traits, rng)
    if job.dvh_only:
        name = f"inputs/{traits.study_id}.dvh.parquet"
        write_dvhs([(traits.study_id, dvh) for dvh in phantom_dvhs(phantom)], job.folder / name)
        return Written(traits, phantom.summary, {"patient": traits.study_id, "dvh": name}, ())
    planted = None
    if phantom.summary.has_spect and spect_frame(job.index) != "plan":
        planted = plant_registration(job.index, rng, middle_mm=phantom.middle_mm)
    cells = {"patient": traits.study_id, **_write_dicom(phantom, job, rng, planted=planted)}
    rois = tuple((roi.number, roi.name) for roi in phantom.structures.values())
    return Written(traits, phantom.summary, cells, rois, planted)


def _write_dicom(phantom: Phantom, job: Job, rng: np.random.Generator, *, planted: RigidMap | None) -> dict[str, str]:
    traits = phantom.traits
    subject = Subject(f"DEMO^{traits.study_id}", f"DEMO-{job.index + 1:05d}", f"lungtox demo {job.seed}")
    cells = write_plan_files(phantom, job.folder, subject=subject)
    if phantom.summary.has_spect:
        cells |= _write_spect(phantom, job, rng, planted=planted, subject=subject)
    if job.index % CT_EVERY == 0:
        cells["planning_ct"] = f"inputs/{traits.study_id}/planning_ct"
        ct = make_ct(phantom, child_stream(rng, "ct", job.index))
        write_ct(ct, job.folder / cells["planning_ct"], subject=subject)
    return cells


def write_plan_files(phantom: Phantom, folder: Path, *, subject: Subject) -> dict[str, str]:
    """Write plan, structures and dose of a patient; give their columns of patients.csv."""
    traits = phantom.traits
    cells = {name: f"inputs/{traits.study_id}/{name}.dcm" for name in ("plan", "structures", "dose")}
    write_structures(
        phantom.structures.values(),
        folder / cells["structures"],
        subject=subject,
        ct_planes=[plane.z_mm for plane in phantom.structures["BODY"].planes],
    )
    write_dose(phantom.dose, folder / cells["dose"], subject=subject)
    write_plan(
        deliver(phantom.plan, technique=traits.technique, fraction_gy=traits.prescription_gy / traits.fractions),
        folder / cells["plan"],
        subject=subject,
        isocentre_mm=(phantom.plan.isocentre_mm + phantom.anatomy.origin_mm).tolist(),
        fractions=traits.fractions,
        prescription_gy=traits.prescription_gy,
        leaf_boundaries_mm=LEAF_BOUNDARIES_MM,
    )
    return cells


def _write_spect(
    phantom: Phantom, job: Job, rng: np.random.Generator, *, planted: RigidMap | None, subject: Subject
) -> dict[str, str]:
    """Write the SPECT, and where it has its own frame of reference what leads from there to the plan's."""
    inputs = f"inputs/{phantom.traits.study_id}"
    cells = {"spect": f"{inputs}/spect.dcm"}
    counts = acquire_spect(phantom.perfusion_blurred, child_stream(rng, "camera", job.index), to_camera=planted)
    write_function_image(counts, job.folder / cells["spect"], subject=subject, frame="" if planted is None else "spect")
    if planted is not None and spect_frame(job.index) == "registration":
        cells["registration"] = f"{inputs}/registration.dcm"
        write_registration(planted.inverse(), job.folder / cells["registration"], subject=subject)
    elif planted is not None:
        cells["spect_ct"] = f"{inputs}/spect_ct"
        low_dose = make_spect_ct(phantom, planted, child_stream(rng, "spect ct", job.index))
        write_ct(low_dose, job.folder / cells["spect_ct"], subject=subject, frame="spect")
    return cells
