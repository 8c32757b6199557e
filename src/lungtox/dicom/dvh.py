"""Reading the dose-volume histograms that an RTDOSE holds (DVHSequence, PS3.3 C.8.8.4)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lungtox.dicom.kinds import WHOLE_PLAN
from lungtox.dicom.source import numbers, open_dicom, refusing
from lungtox.errors import Fault, InputError, count_of


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredDvh:
    """One item of a DVHSequence.

    Attributes
    ----------
    roi_number : int
        In the structure set; the file has no names.
    kind : str
        ``CUMULATIVE``, ``DIFFERENTIAL`` or ``NATURAL``.
    dose_units : str
        ``GY`` or ``RELATIVE``.
    volume_units : str
        ``CM3``, ``PERCENT`` or ``PER_U``.
    width, volume : ndarray, shape (bins,)
        Width of each bin in the units of dose, and its volume.
    normalization_gy : float or None
        Dose of 100 % where the units are relative.
    figures : dict of str to float
        ``min``, ``max``, ``mean`` as the item states them.
    rbe_weighted : bool
        True for DoseType EFFECTIVE.
    plan_sum : bool
        True for a sum of several plans (MULTI_PLAN).
    """

    roi_number: int
    kind: str
    dose_units: str
    volume_units: str
    width: NDArray[np.float64]
    volume: NDArray[np.float64]
    normalization_gy: float | None
    figures: dict[str, float]
    rbe_weighted: bool
    plan_sum: bool


def holds_dicom(path: str | Path) -> bool:
    """Say whether a file begins as DICOM does, with its preamble or, where that is missing, with group 0008."""
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(132)
    except OSError:
        return False
    return head[128:] == b"DICM" or head[:2] == b"\x08\x00"


@refusing("RTDOSE")
def read_stored_dvhs(path: str | Path, *, who: str = "RTDOSE") -> tuple[list[StoredDvh], dict[int, tuple[Fault, ...]]]:
    """Read the DVHs inside an RTDOSE, without its pixels.

    Parameters
    ----------
    path : str or Path
    who : str
        Stands at the front of every message.

    Returns
    -------
    list of StoredDvh
        Those that can be used, in the order of the file.
    dict of int to tuple of Fault
        For each place in the sequence, from 1, that cannot: several ROIs, or a ROI taken out; data that are no pairs.

    Raises
    ------
    InputError
        Not an RTDOSE, one without DVHs, or one of a beam or a fraction.
    """
    dataset = open_dicom(path, modality="RTDOSE", who=who, pixels=False)
    items = dataset.get("DVHSequence") or ()
    if not items:
        action = "Export the dose with its DVHs, or give --struct and --dose to `lungtox dvh`."
        raise InputError(Fault(who, "an RTDOSE with DVHs (DVHSequence)", "none", action, "dvh-sequence"))
    summation = dataset.get("DoseSummationType")
    if summation and summation not in WHOLE_PLAN:
        expected, action = "DoseSummationType " + " or ".join(WHOLE_PLAN), "Export the DVHs of the whole plan."
        raise InputError(Fault(who, expected, f"DoseSummationType {summation}", action, "dose-summation"))
    normalization = dataset.get("DVHNormalizationDoseValue")
    found: list[StoredDvh] = []
    faults: dict[int, tuple[Fault, ...]] = {}
    for place, item in enumerate(items, start=1):
        try:
            normalization_gy = None if normalization is None else float(normalization)
            plan_sum = summation == "MULTI_PLAN"
            found.append(_stored(item, normalization_gy, plan_sum=plan_sum, who=f"{who} DVH {place}"))
        except InputError as error:
            faults[place] = error.faults
    return found, faults


def _stored(item: Dataset, normalization_gy: float | None, *, plan_sum: bool, who: str) -> StoredDvh:
    if item.get("DoseType") == "ERROR":
        raise InputError(Fault(who, "a DVH of dose", "one of its error", "Export the plan's DVHs.", "dose-type"))
    rois = list(item.get("DVHReferencedROISequence") or ())
    if len(rois) != 1 or rois[0].get("DVHROIContributionType") not in (None, "", "INCLUDED"):
        found = f"{count_of(len(rois), 'ROI')}, or one that is taken out"
        raise InputError(Fault(who, "a DVH of one ROI", found, "Export DVHs of single ROIs.", "dvh-sequence"))
    pairs = numbers(item, "DVHData", count=None, who=who)
    if pairs.size < 4 or pairs.size % 2:
        raise InputError(
            Fault(who, "pairs of dose and volume", count_of(pairs.size, "value"), "Export again.", "dvh-sequence")
        )
    width, volume = pairs[::2], pairs[1::2]
    bins = item.get("DVHNumberOfBins")
    if bins is not None and int(bins) != width.size:
        raise InputError(Fault(who, f"{int(bins)} bins", f"{width.size}", "Export it again.", "dvh-sequence"))
    if (width < 0).any() or not width.any():
        raise InputError(Fault(who, "bin widths of 0 or more", "others", "Export it again.", "dvh-sequence"))
    if width.size > 2 and (np.diff(width) > 0).all():
        # Seen in the field: the doses themselves stand where the standard wants the widths of the bins.
        found = "widths that rise from bin to bin, as doses do"
        raise InputError(Fault(who, "widths of bins in DVH Data", found, "Export it again.", "dvh-sequence"))
    scaling = item.get("DVHDoseScaling")
    tags = {"min": "DVHMinimumDose", "max": "DVHMaximumDose", "mean": "DVHMeanDose"}
    return StoredDvh(
        roi_number=int(rois[0].ReferencedROINumber),
        kind=str(item.get("DVHType") or ""),
        dose_units=str(item.get("DoseUnits") or ""),
        volume_units=str(item.get("DVHVolumeUnits") or ""),
        width=width * (1.0 if scaling in (None, "") else float(scaling)),
        volume=volume,
        normalization_gy=normalization_gy,
        figures={name: float(item.get(tag)) for name, tag in tags.items() if item.get(tag) not in (None, "")},
        rbe_weighted=item.get("DoseType") == "EFFECTIVE",
        plan_sum=plan_sum,
    )
