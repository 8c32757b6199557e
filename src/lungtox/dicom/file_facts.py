"""What one DICOM file says of itself, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SeriesHeader:
    """What the files of a series share. Everything that tells who the patient is stays out of ``repr``.

    Attributes
    ----------
    patient_id, issuer, name, birth_date, study, series, frame_of_reference : str
        For grouping and comparison; written to the key file only.
    modality : str
        As the file says, or by its SOP class where it does not.
    sop_class : str
    image_type : tuple of str
    attenuation_corrected : bool
        True where Corrected Image says ATTN.
    gallium : bool
        True for a PET whose radionuclide is gallium-68, as that of perfusion and ventilation is.
    acquired : str
        Date and time of the acquisition of an NM image, to tell whether two are made of the same one; written nowhere.
    """

    patient_id: str = field(repr=False)
    issuer: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    study: str = field(repr=False)
    series: str = field(repr=False)
    frame_of_reference: str = field(repr=False)
    modality: str = ""
    sop_class: str = ""
    image_type: tuple[str, ...] = ()
    attenuation_corrected: bool = False
    gallium: bool = False
    acquired: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RtFacts:
    """What a plan, structure set, dose or registration says, as far as choosing needs it.

    Attributes
    ----------
    plans, structure_sets, series, frames : tuple of str
        UIDs that it refers to; for comparison only.
    made : str
        Date and time, for telling earlier from later; written nowhere.
    approval, intent, summation_type, units : str
        DICOM terms; empty where they are not given.
    fractions : int or None
    prescription_gy : float or None
    """

    plans: tuple[str, ...] = field(default=(), repr=False)
    structure_sets: tuple[str, ...] = field(default=(), repr=False)
    series: tuple[str, ...] = field(default=(), repr=False)
    frames: tuple[str, ...] = field(default=(), repr=False)
    made: str = field(default="", repr=False)
    approval: str = ""
    intent: str = ""
    summation_type: str = ""
    units: str = ""
    fractions: int | None = None
    prescription_gy: float | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """One file.

    Attributes
    ----------
    shared : SeriesHeader
    uid : str
        SOP instance; for comparison only.
    place : float
        Orders the slices of a series: position along their normal in mm, else the instance number.
    fault : str
        Why its pixels cannot be used; empty for usable ones.
    facts : RtFacts or None
        None for images.
    frames : int
        Number of frames of an image.
    """

    shared: SeriesHeader
    uid: str = field(repr=False)
    place: float = 0.0
    fault: str = ""
    facts: RtFacts | None = None
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that cannot be used.

    Attributes
    ----------
    code, reason : str
        Short name, and words that hold nothing from the file.
    """

    code: str
    reason: str
