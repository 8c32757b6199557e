"""Which images may stand for lung function, and by what name the others are refused."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydicom.dataset import Dataset

from lungtox.dicom.kinds import MODALITY_OF_SOP_CLASS, UNRECONSTRUCTED
from lungtox.errors import Fault, InputError

FunctionKind = Literal["SPECT", "PET", "map"]

FUNCTION_MODALITIES = ("NM", "PT", "CT", "OT", "MR")
_KINDS: dict[str, FunctionKind] = {"NM": "SPECT", "PT": "PET"}
_GLUCOSE = ("FDG", "FLUORODEOXYGLUCOSE", "FLUDEOXYGLUCOSE")
_GLUCOSE_CODES = ("C-B1031", "35321007", "422975008")
_PET_SERIES = {
    "GATED": "a gated PET (Series Type GATED)",
    "DYNAMIC": "a dynamic PET (Series Type DYNAMIC)",
    "REPROJECTION": "projections of a PET (Series Type REPROJECTION)",
}


def function_kind(dataset: Dataset) -> FunctionKind:
    """Say what kind of image a file of one of FUNCTION_MODALITIES is; everything but SPECT and PET is a map."""
    return _KINDS.get(str(dataset.get("Modality") or ""), "map")


def refuse_other_images(dataset: Dataset, *, who: str) -> None:
    """Refuse, by name, what is no image of local lung function.

    Parameters
    ----------
    dataset : Dataset
        Of one of FUNCTION_MODALITIES.
    who : str
        Stands at the front of the message.

    Raises
    ------
    InputError
        A modality that is not that of the SOP class; NM that is not RECON TOMO (raw projections, planar, whole-body,
        gated), or a transmission map; a gated or dynamic PET, or one of glucose; a CT in Hounsfield units, a scout.
    """
    modality = str(dataset.get("Modality") or "")
    of_class = MODALITY_OF_SOP_CLASS.get(str(dataset.get("SOPClassUID", "")).strip())
    if modality and of_class is not None and of_class != modality:
        found = f"modality {modality} in a file whose SOP class is that of {of_class}"
        raise InputError(Fault(who, "modality and SOP class that agree", found, "Export it again.", "modality"))
    image_type = _words(dataset, "ImageType")
    kind = function_kind(dataset)
    if kind == "SPECT":
        _refuse_unreconstructed(image_type, who=who)
    elif kind == "PET":
        _refuse_other_pet(dataset, who=who)
    else:
        _refuse_anatomy(dataset, modality, image_type, who=who)


def attenuation_corrected(dataset: Dataset) -> bool:
    """Say whether Corrected Image marks attenuation correction (ATTN, PS3.3 C.8.4.10)."""
    return "ATTN" in _words(dataset, "CorrectedImage")


def _words(dataset: Dataset, keyword: str) -> list[str]:
    return [str(value).strip().upper() for value in np.atleast_1d(dataset.get(keyword) or [])]


def _refuse_unreconstructed(image_type: list[str], *, who: str) -> None:
    kind = image_type[2] if len(image_type) > 2 else ""
    action = "Export the reconstructed transversal SPECT."
    if kind != "RECON TOMO":
        found = UNRECONSTRUCTED.get(kind, f"Image Type {kind or 'not given'}")
        raise InputError(Fault(who, "a reconstructed SPECT (RECON TOMO)", found, action, "spect-kind"))
    if len(image_type) > 3 and image_type[3] == "TRANSMISSION":
        found = "a transmission map, made for attenuation correction (TRANSMISSION)"
        raise InputError(Fault(who, "a SPECT of emission", found, action, "spect-kind"))


def _refuse_other_pet(dataset: Dataset, *, who: str) -> None:
    action = "Give the perfusion or ventilation PET."
    for word in _words(dataset, "SeriesType"):
        if word in _PET_SERIES:
            raise InputError(Fault(who, "a static reconstructed PET", _PET_SERIES[word], action, "pet-kind"))
    for tracer in dataset.get("RadiopharmaceuticalInformationSequence") or ():
        name = str(tracer.get("Radiopharmaceutical") or "").upper()
        codes = [str(code.get("CodeValue") or "") for code in tracer.get("RadiopharmaceuticalCodeSequence") or ()]
        if any(word in name for word in _GLUCOSE) or any(code in _GLUCOSE_CODES for code in codes):
            found = "a PET of glucose (FDG)"
            raise InputError(Fault(who, "a PET of perfusion or ventilation", found, action, "pet-kind"))


def _refuse_anatomy(dataset: Dataset, modality: str, image_type: list[str], *, who: str) -> None:
    action = "Give the reconstructed SPECT, PET or the derived map of perfusion or ventilation."
    expected = "an image of lung function"
    unit = str(dataset.get("RescaleType") or "").strip().upper()
    if "LOCALIZER" in image_type:
        raise InputError(Fault(who, expected, f"modality {modality}: a scout (LOCALIZER)", action, "map-kind"))
    if modality == "CT" and (unit == "HU" or "DERIVED" not in image_type[:1]):
        found = "modality CT: an anatomical image in Hounsfield units"
        raise InputError(Fault(who, expected, found, action, "map-kind"))
    if modality == "MR" and "DERIVED" not in image_type[:1]:
        found = "modality MR: an image that is not derived (Image Type)"
        raise InputError(Fault(who, expected, found, action, "map-kind"))
