"""Opening one DICOM file, and refusing it in words that hold no name, identifier or path."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pydicom
import pydicom.config
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from lungtox.dicom.file_facts import Refusal
from lungtox.dicom.headers import read_header
from lungtox.dicom.kinds import MODALITY_OF_SOP_CLASS
from lungtox.errors import Fault, InputError

_DEFLATED, _META_BYTES = b"1.2.840.10008.1.2.1.99", 4096
_MOST_FRAMES = 65_536
_MOST_PIXEL_BYTES = 1 << 31  # a grid of 800 x 800 x 800 with 4 bytes
P = ParamSpec("P")
T = TypeVar("T")

# Values that break a DICOM rule are judged here, by what we need; pydicom's own warnings would print them to the log.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

# What pydicom raises for broken bytes, wherever in a reader it first looks at them. Found by tests/unit/dicom_fuzz.py.
_MALFORMED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    BytesLengthException,
    struct.error,
)


def refusing(modality: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a reader refuse with an InputError whatever a malformed file makes fail.

    pydicom converts values when they are looked at, so text in place of a number, or an item without its number,
    raises anywhere in a reader. One such file must not stop the other patients, and pydicom's words may quote it.

    Parameters
    ----------
    modality : str
        For the message, where the reader is called without ``who``.
    """

    def decorate(read: Callable[P, T]) -> Callable[P, T]:
        @wraps(read)
        def reader(*arguments: P.args, **options: P.kwargs) -> T:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return read(*arguments, **options)
            except InputError:
                raise
            except _MALFORMED as error:
                found = f"a value that is missing or of the wrong kind ({type(error).__name__})"
                who = str(options.get("who", modality))
                action = f"Export the {modality} again."
                raise InputError(Fault(who, f"usable values in the {modality}", found, action, "malformed")) from error

        return reader

    return decorate


def open_dicom(path: str | Path, *, modality: str | tuple[str, ...], who: str, pixels: bool = True) -> Dataset:
    """Read a DICOM file of one modality, or of one of several; a missing file meta header does not matter.

    Parameters
    ----------
    path : str or Path
    modality : str or tuple of str
        The Modality that the file must have, such as ``"RTDOSE"``.
    who : str
        Stands at the front of every message: a study ID or the kind of file.
    pixels : bool
        False stops before the pixel data.

    Raises
    ------
    InputError
        No such file, not DICOM, cut off, or another modality.
    """
    accepted = (modality,) if isinstance(modality, str) else modality
    wanted = " or ".join([", ".join(accepted[:-1]), accepted[-1]] if len(accepted) > 1 else accepted)
    if not Path(path).is_file():
        raise InputError(Fault(who, f"a DICOM {wanted} file", "no such file", "Check the path.", "file-missing"))
    try:
        _refuse_cut_off(path, wanted, who)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, force=True, stop_before_pixels=not pixels)
            found = dataset.get("Modality") or MODALITY_OF_SOP_CLASS.get(str(dataset.get("SOPClassUID", "")))
    except InputError:
        raise
    except Exception as error:  # damaged bytes make pydicom fail in many ways; its text may quote them
        raise InputError(
            Fault(
                who,
                f"a DICOM {wanted} file",
                f"a file that cannot be read as DICOM ({type(error).__name__})",
                "Export it again.",
                "not-dicom",
            )
        ) from None
    if found not in accepted:
        what = f"modality {found}" if found else "a file that is not DICOM"
        code = "modality" if found else "not-dicom"
        raise InputError(Fault(who, f"a DICOM {wanted} file", what, "Give the right file.", code))
    return dataset


def _refuse_cut_off(path: str | Path, modality: str, who: str) -> None:
    """Refuse a file that ends within an element: pydicom takes what comes before for the whole, without a word.

    A deflated file that would fill the memory is refused too: pydicom inflates it whole.
    """
    header = read_header(path)
    if not isinstance(header, Refusal):
        return
    if header.code == "truncated":
        found, action = "a file that ends within an element", "The file is cut off: copy it again."
        raise InputError(Fault(who, f"a whole DICOM {modality} file", found, action, "truncated"))
    with open(path, "rb") as stream:
        head = stream.read(_META_BYTES)
    if _DEFLATED in head:
        raise ValueError("deflated")


def frame_count(dataset: Dataset, *, who: str) -> int:
    """Give the number of frames; InputError where it cannot be."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    if not 1 <= frames <= _MOST_FRAMES:
        found = f"Number Of Frames {frames}"
        raise InputError(Fault(who, f"1 to {_MOST_FRAMES} frames", found, "Export it again.", "pixels"))
    return frames


def require(dataset: Dataset, keyword: str, *, who: str) -> Any:
    """Give the value of an attribute; InputError where it is absent or empty."""
    value = dataset.get(keyword)
    # numpy would copy pixels to count them.
    if value is None or (not value if isinstance(value, (str, bytes)) else np.size(value) == 0):
        raise InputError(Fault(who, f"the DICOM attribute {keyword}", "none", "Export the file again.", "attribute"))
    return value


def numbers(dataset: Dataset, keyword: str, *, count: int | None, who: str) -> NDArray[np.float64]:
    """Give an attribute as finite numbers; InputError where it is absent, not numeric or of another length."""
    value = require(dataset, keyword, who=who)
    try:
        vector = np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        vector = np.array([np.nan])
    if not np.all(np.isfinite(vector)) or (count is not None and vector.size != count):
        wanted = "numbers" if count is None else f"{count} number{'s' if count > 1 else ''}"
        found = f"{vector.size} value{'s' if vector.size > 1 else ''}, or text"
        raise InputError(Fault(who, f"{wanted} in {keyword}", found, "Export the file again.", "attribute"))
    return vector


def stored_values(dataset: Dataset, *, frames: int, who: str) -> NDArray[Any]:
    """Give the stored integers of a grey-scale image as an array of shape (frames, rows, columns)."""
    bits = int(require(dataset, "BitsAllocated", who=who))
    samples = int(dataset.get("SamplesPerPixel") or 1)
    if bits not in (8, 16, 32) or samples != 1:
        raise InputError(
            Fault(
                who,
                "grey-scale pixels of 8, 16 or 32 bits",
                f"{bits} bits, {samples} samples",
                "Export it again.",
                "pixels",
            )
        )
    rows, columns = int(require(dataset, "Rows", who=who)), int(require(dataset, "Columns", who=who))
    shape = (frames, rows, columns)
    wanted = frames * rows * columns * (bits // 8)
    if wanted > _MOST_PIXEL_BYTES:
        found = f"{wanted} bytes announced"
        raise InputError(
            Fault(who, f"at most {_MOST_PIXEL_BYTES} bytes of pixels", found, "Export it again.", "pixels")
        )
    syntax = getattr(dataset, "file_meta", {}).get("TransferSyntaxUID")
    if syntax is not None and syntax.is_transfer_syntax and syntax.is_encapsulated:
        return _decompressed(dataset, who=who).reshape(shape)
    kind = "i" if dataset.get("PixelRepresentation") == 1 else "u"
    order = ">" if dataset.original_encoding[1] is False else "<"
    raw = bytes(dataset.get("PixelData") or b"")
    if len(raw) < wanted:
        raise InputError(
            Fault(
                who, f"{wanted} bytes of pixels", f"{len(raw)} bytes", "The file is cut off: copy it again.", "pixels"
            )
        )
    return np.frombuffer(raw, dtype=f"{order}{kind}{bits // 8}", count=frames * rows * columns).reshape(shape)


def _decompressed(dataset: Dataset, *, who: str) -> NDArray[Any]:
    try:
        return np.asarray(dataset.pixel_array)
    except Exception:  # whichever decoder is missing or fails
        raise InputError(
            Fault(who, "uncompressed pixels", "a compression that cannot be read", "Export it uncompressed.", "pixels")
        ) from None
