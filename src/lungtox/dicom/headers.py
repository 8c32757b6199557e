"""What a DICOM file says of itself: whose, which kind, and to what it belongs. Never pixels, never contours."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lungtox.dicom.elements import DamagedFileError, Elements, Found, Wanted, read_elements
from lungtox.dicom.file_facts import Header, Refusal, RtFacts, SeriesHeader
from lungtox.dicom.kinds import MODALITY_OF_SOP_CLASS

_CHARSET, _IMAGE_TYPE, _CLASS, _INSTANCE, _MODALITY = 0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00080060
_NAME, _ID, _ISSUER, _BIRTH = 0x00100010, 0x00100020, 0x00100021, 0x00100030
_STUDY, _SERIES, _NUMBER, _POSITION, _ORIENTATION = 0x0020000D, 0x0020000E, 0x00200013, 0x00200032, 0x00200037
_FRAME, _SOURCE_FRAME = 0x00200052, 0x00640003
_SAMPLES, _FRAMES, _ROWS, _COLUMNS, _CORRECTED, _BITS = (
    0x00280002, 0x00280008, 0x00280010, 0x00280011, 0x00280051, 0x00280100,
)  # fmt: skip
_REFERENCED = 0x00081155
_CREATED, _STRUCTURES_MADE, _PLAN_MADE = (0x00080012, 0x00080013), (0x30060008, 0x30060009), (0x300A0006, 0x300A0007)
_ACQUIRED = (0x00080022, 0x00080032)
_UNITS, _SUMMATION, _INTENT, _APPROVAL = 0x30040002, 0x3004000A, 0x300A000A, 0x300E0002
_FRACTION_GROUPS, _FRACTIONS, _DOSE_REFERENCES, _PRESCRIBED = 0x300A0070, 0x300A0078, 0x300A0010, 0x300A0026
_PLANS, _STRUCTURE_SETS = 0x300C0002, 0x300C0060
_FRAMES_REFERENCED, _STUDIES, _SERIES_REFERENCED, _ROIS, _FRAME_OF_ROI = (
    0x30060010, 0x30060012, 0x30060014, 0x30060020, 0x30060024,
)  # fmt: skip
_REGISTRATIONS, _DEFORMATIONS = 0x00700308, 0x00640002
_DETECTORS, _TRACERS, _NUCLIDES, _CODE = 0x00540022, 0x00540016, 0x00540300, 0x00080100
_GALLIUM = ("C-131A3", "80751004")  # SNOMED RT and CT: gallium-68

_VALUES = (
    _CHARSET, _IMAGE_TYPE, _CLASS, _INSTANCE, _MODALITY, _NAME, _ID, _ISSUER, _BIRTH, _STUDY, _SERIES, _NUMBER,
    _POSITION, _ORIENTATION, _FRAME, _SAMPLES, _FRAMES, _ROWS, _COLUMNS, _CORRECTED, _BITS, *_CREATED, *_ACQUIRED,
    *_STRUCTURES_MADE, *_PLAN_MADE, _UNITS, _SUMMATION, _INTENT, _APPROVAL,
)  # fmt: skip
_WANTED: Wanted = {
    **dict.fromkeys(_VALUES),
    _FRACTION_GROUPS: {_FRACTIONS: None},
    _DOSE_REFERENCES: {_PRESCRIBED: None},
    _PLANS: {_REFERENCED: None},
    _STRUCTURE_SETS: {_REFERENCED: None},
    _FRAMES_REFERENCED: {_FRAME: None, _STUDIES: {_SERIES_REFERENCED: {_SERIES: None}}},
    _ROIS: {_FRAME_OF_ROI: None},
    _REGISTRATIONS: {_FRAME: None},
    _DEFORMATIONS: {_SOURCE_FRAME: None},
    _DETECTORS: {_POSITION: None, _ORIENTATION: None},
    _TRACERS: {_NUCLIDES: {_CODE: None}},
}
_BLANKS = b"\0 \t\r\n"


def read_header(path: str | Path) -> Header | Refusal:
    """Read what one file says of itself.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Header or Refusal
        Never an exception for a file, whatever it holds; whole files only, a cut-off one is refused.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return Refusal("broken-link", "a link whose file is not there")
    except (OSError, ValueError):
        return Refusal("unreadable", "a file that may not be read, or a link in a circle")
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return Refusal("not-a-file", "something that is not a file")
        return _meaning(read_elements(descriptor, _WANTED))
    except DamagedFileError as error:
        return Refusal(error.code, error.reason)
    except OSError:
        return Refusal("unreadable", "a file that may not be read, or a disk that fails")
    finally:
        os.close(descriptor)


def read_headers(paths: Iterable[str]) -> list[Header | Refusal]:
    """Read several files, with one object for what files of a series share; runs in worker processes."""
    shared: dict[SeriesHeader, SeriesHeader] = {}
    found: list[Header | Refusal] = []
    for path in paths:
        one = read_header(path)
        if isinstance(one, Header):
            one = replace(one, shared=shared.setdefault(one.shared, one.shared))
        found.append(one)
    return found


def _meaning(elements: Elements) -> Header | Refusal:
    found = elements.found
    sop_class = _term(found, _CLASS)
    modality = _term(found, _MODALITY)
    if not modality and not sop_class:
        return Refusal("not-dicom", "not a DICOM file")
    charset = found.get(_CHARSET, b"")
    modality = modality or MODALITY_OF_SOP_CLASS.get(sop_class, "")
    shared = SeriesHeader(
        patient_id=_decode(found.get(_ID, b""), charset),
        issuer=_decode(found.get(_ISSUER, b""), charset),
        name=_plain_name(_decode(found.get(_NAME, b""), charset)),
        birth_date=_term(found, _BIRTH),
        study=_term(found, _STUDY),
        series=_term(found, _SERIES),
        frame_of_reference=_term(found, _FRAME),
        modality=modality,
        sop_class=sop_class,
        image_type=tuple(part.strip().upper() for part in _term(found, _IMAGE_TYPE).split("\\")),
        attenuation_corrected="ATTN" in _term(found, _CORRECTED).upper(),
        gallium=_is_gallium(found),
        # Of a CT each slice has a time of its own.
        acquired=_stamp(found, _ACQUIRED) if modality == "NM" else "",
    )
    facts = _facts(found) if shared.modality.startswith(("RT", "REG")) else None
    fault = _pixel_fault(shared.modality, elements)
    return Header(shared, _term(found, _INSTANCE), _place(found), fault, facts, _frames(found))


def _facts(found: Found) -> RtFacts:
    whole = found.get(_FRAMES_REFERENCED, ())
    frames = [
        *(item.get(_FRAME) for item in whole),
        *(item.get(_FRAME_OF_ROI) for item in found.get(_ROIS, ())),
        *(item.get(_FRAME) for item in found.get(_REGISTRATIONS, ())),
        *(item.get(_SOURCE_FRAME) for item in found.get(_DEFORMATIONS, ())),
    ]
    series = [
        one.get(_SERIES)
        for item in whole
        for study in item.get(_STUDIES, ())
        for one in study.get(_SERIES_REFERENCED, ())
    ]
    groups = [_number(item.get(_FRACTIONS, b"")) for item in found.get(_FRACTION_GROUPS, ())]
    prescribed = [_number(item.get(_PRESCRIBED, b"")) for item in found.get(_DOSE_REFERENCES, ())]
    return RtFacts(
        plans=_unique(item.get(_REFERENCED) for item in found.get(_PLANS, ())),
        structure_sets=_unique(item.get(_REFERENCED) for item in found.get(_STRUCTURE_SETS, ())),
        series=_unique(series),
        frames=_unique(frames),
        made=next((stamp for pair in (_STRUCTURES_MADE, _PLAN_MADE, _CREATED) if (stamp := _stamp(found, pair))), ""),
        approval=_term(found, _APPROVAL).upper(),
        intent=_term(found, _INTENT).upper(),
        summation_type=_term(found, _SUMMATION).upper(),
        units=_term(found, _UNITS).upper(),
        fractions=int(groups[0]) if len(groups) == 1 and groups[0] is not None else None,
        prescription_gy=max((dose for dose in prescribed if dose is not None), default=None),
    )


def _pixel_fault(modality: str, elements: Elements) -> str:
    """Compare the length of uncompressed pixels with what the header announces."""
    if modality not in ("RTDOSE", "CT", "NM", "PT"):
        return ""
    if not elements.pixel_bytes:
        return "no pixels"
    found = elements.found
    frames = _number(found.get(_FRAMES, b"")) or 1.0
    sizes = [_whole(found, tag, elements.little_endian) for tag in (_ROWS, _COLUMNS, _BITS)]
    samples = _whole(found, _SAMPLES, elements.little_endian) or 1
    if 0 <= elements.pixel_bytes < math.prod(sizes) * samples * frames // 8:
        return "fewer pixels than its header announces"
    return ""


def _frames(found: Found) -> int:
    return max(int(_number(found.get(_FRAMES, b"")) or 1), 1)


def _is_gallium(found: Found) -> bool:
    codes = (_term(code, _CODE) for tracer in found.get(_TRACERS, ()) for code in tracer.get(_NUCLIDES, ()))
    return any(code in _GALLIUM for code in codes)


def _place(found: Found) -> float:
    if _POSITION not in found:  # PS3.3 C.8.4.11: NM keeps the place of its first slice with the detector
        found = next((item for item in found.get(_DETECTORS, ()) if _POSITION in item), found)
    position = [_number(part) for part in found.get(_POSITION, b"").split(b"\\")]
    axes = [_number(part) for part in found.get(_ORIENTATION, b"").split(b"\\")]
    if len(position) == 3 and len(axes) == 6 and None not in position and None not in axes:
        x, y, z = (value or 0.0 for value in position)
        a, b, c, d, e, f = (value or 0.0 for value in axes)
        return (b * f - c * e) * x + (c * d - a * f) * y + (a * e - b * d) * z
    return _number(found.get(_NUMBER, b"")) or 0.0


def _whole(found: Found, tag: int, little: bool) -> int:
    """Read a US: two bytes in the order of the file."""
    return int.from_bytes(found.get(tag, b"")[:2], "little" if little else "big")


def _number(text: bytes) -> float | None:
    try:
        value = float(text.strip(_BLANKS))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _term(found: Found, tag: int) -> str:
    value: Any = found.get(tag, b"")
    return str(value.strip(_BLANKS).decode("ascii", errors="replace"))


def _stamp(found: Found, tags: tuple[int, int]) -> str:
    day, time = (_term(found, tag) for tag in tags)
    return f"{day} {time}".strip() if day else ""


def _unique(values: Iterable[bytes | None]) -> tuple[str, ...]:
    texts = (value.strip(_BLANKS).decode("ascii", errors="replace") for value in values if value)
    return tuple(dict.fromkeys(text for text in texts if text))


def _plain_name(name: str) -> str:
    """Take away what differs between systems for one person: case, blanks, empty name parts, other scripts."""
    first = name.split("=")[0]
    return " ".join(first.replace("^", " ").casefold().split())


def _decode(value: bytes, charset: bytes) -> str:
    value = value.strip(_BLANKS)
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return _decode_special(value, charset)


@lru_cache(maxsize=4096)
def _decode_special(value: bytes, charset: bytes) -> str:
    import warnings

    from pydicom.charset import convert_encodings, decode_bytes

    terms = [part.strip() for part in charset.decode("ascii", errors="replace").split("\\")]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode_bytes(value, convert_encodings(terms), set(b"^=\\")).strip()
    except (LookupError, ValueError):
        return value.decode("latin-1")
