"""Which kinds of DICOM file an analysis uses, and what the others are called in a message.

Only words of these tables ever reach a message: what a file says of itself may be anything, a name too.
"""

from __future__ import annotations

_STORAGE = "1.2.840.10008.5.1.4.1.1."
USED_MODALITIES = ("RTPLAN", "RTSTRUCT", "RTDOSE", "CT", "NM", "PT", "REG")
MODALITY_OF_SOP_CLASS = {
    f"{_STORAGE}2": "CT",
    f"{_STORAGE}2.1": "CT",
    f"{_STORAGE}20": "NM",
    f"{_STORAGE}128": "PT",
    f"{_STORAGE}130": "PT",
    f"{_STORAGE}66.1": "REG",
    f"{_STORAGE}66.3": "REG",
    f"{_STORAGE}481.2": "RTDOSE",
    f"{_STORAGE}481.3": "RTSTRUCT",
    f"{_STORAGE}481.5": "RTPLAN",
    f"{_STORAGE}481.8": "RTPLAN",
}
OTHER_SOP_CLASSES = {
    "1.2.840.10008.1.3.10": "the directory of a medium (DICOMDIR)",
    f"{_STORAGE}104.1": "an encapsulated PDF",
    f"{_STORAGE}104.2": "an encapsulated document",
    f"{_STORAGE}7": "a screen shot (secondary capture)",
    f"{_STORAGE}4": "an MR image",
    f"{_STORAGE}481.1": "a portal image (RTIMAGE)",
    f"{_STORAGE}481.4": "a treatment record",
    f"{_STORAGE}481.9": "a treatment record",
}
OTHER_MODALITIES = frozenset(
    ("MR", "US", "CR", "DX", "XA", "RF", "MG", "OT", "SC", "SR", "DOC", "KO", "PR", "SEG", "RTIMAGE", "RTRECORD", "FID",
     "RWV", "SM", "ECG", "HD", "XC", "DG")
)  # fmt: skip
UNRECONSTRUCTED = {
    "TOMO": "raw projections (TOMO), not a reconstruction",
    "GATED TOMO": "raw gated projections (GATED TOMO), not a reconstruction",
    "RECON GATED TOMO": "a gated reconstruction (RECON GATED TOMO)",
    "STATIC": "a planar image (STATIC)",
    "WHOLE BODY": "a planar whole-body image (WHOLE BODY)",
    "DYNAMIC": "a planar dynamic series (DYNAMIC)",
    "GATED": "a planar gated series (GATED)",
}
WHOLE_PLAN = ("PLAN", "MULTI_PLAN")
PARTS_OF_A_PLAN = {
    "BEAM": "one beam",
    "BEAM_SESSION": "one beam of one session",
    "BRACHY": "one brachytherapy application",
    "BRACHY_SESSION": "one brachytherapy session",
    "CONTROL_POINT": "one control point",
    "FRACTION": "one fraction",
    "FRACTION_SESSION": "one fraction of one session",
    "PLAN_OVERVIEW": "an overview of a plan",
    "RECORD": "a delivery",
}
NOT_FOR_TREATMENT = ("VERIFICATION", "MACHINE_QA", "RESEARCH", "SERVICE")
APPROVALS = ("APPROVED", "UNAPPROVED", "REJECTED")
