"""From the bytes of a file to its lines, within bounds, and the units and numbers that all formats share."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Literal

from lungtox.errors import Fault, InputError

DoseUnit = Literal["Gy", "cGy", "%"]
VolumeUnit = Literal["cc", "%"]

LARGEST_BYTES = 64 * 2**20  # an export of 40 structures at 1 cGy has about 20 MB
MOST_LINES = 1_000_000
LONGEST_LINE = 2**20  # a wide table has one column a dose; more is no line of a table

_NUMBER = re.compile(r"([+-]?[0-9]{1,40})(?:([.,])([0-9]{1,40}))?(?:[eE]([+-]?[0-9]{1,3}))?")
_DOSE_UNITS: dict[str, DoseUnit] = {"gy": "Gy", "cgy": "cGy", "%": "%"}
# Latin-1 read as UTF-8 and the other way round, and what fonts without a superscript leave.
_CUBIC = frozenset({"cc", "ccm", "cm3", "cm^3", "cm³", "cmâ³", "ml", "cm\N{REPLACEMENT CHARACTER}"})


def read_lines(path: Path, *, who: str) -> list[str]:
    """Read a text file: UTF-8 with or without byte order mark, UTF-16 with one, otherwise Latin-1.

    Raises
    ------
    InputError
        No such file, empty, too large, or not text.
    """
    try:
        if not path.is_file():
            raise _refusal(who, "no such file", "Check the path.", "file-missing")
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise _refusal(
            who, f"a file that cannot be read ({type(error).__name__})", "Check it.", "file-missing"
        ) from None
    return lines_of(content, who=who)


def lines_of(content: bytes, *, who: str) -> list[str]:
    """Decode the bytes of a file and cut them into lines; line numbers count from 1 = index 0."""
    if len(content) > LARGEST_BYTES:
        found = f"more than {LARGEST_BYTES // 2**20} MB"
        raise _refusal(who, found, "Export fewer structures, or larger dose steps.", "dvh-size")
    text = _decoded(content)
    if text is None or "\0" in text:
        raise _refusal(who, "a file that is not text", "Export the DVH as text.", "dvh-format")
    if not text.strip():
        raise _refusal(who, "an empty file", "Export it again.", "dvh-format")
    # Not splitlines: it also cuts at form feeds and the like, and line numbers would no longer be an editor's.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > MOST_LINES:
        found = f"more than {MOST_LINES:,} lines"
        raise _refusal(who, found, "Export fewer structures, or larger dose steps.", "dvh-size")
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            raise _refusal(
                f"{who} line {number}", f"a line of {len(line)} characters", "Export it again.", "dvh-format"
            )
    return lines


def _decoded(content: bytes) -> str | None:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _refusal(who: str, found: str, action: str, code: str) -> InputError:
    return InputError(Fault(who, "a DVH export of a planning system", found, action, code))


def split_entry(line: str) -> tuple[str, str, str] | None:
    """Give key, unit and text of a line ``key [unit]: text``; None for a line without a colon."""
    # No regular expression: on a damaged line of a million spaces it would take hours.
    left, colon, text = line.partition(":")
    key, unit = left.strip(), ""
    if key.endswith("]"):
        key, _, unit = key[:-1].rpartition("[")
    return (key.strip(), unit.strip(), text.strip()) if colon else None


def dose_unit(text: str) -> DoseUnit | None:
    """Read a unit of dose; None for any other text."""
    return _DOSE_UNITS.get(text.strip().lower())


def per_gy(unit: DoseUnit, full_dose_gy: float | None) -> float | None:
    """Give how many of a unit make 1 Gy: to divide by, so that 42.7 cGy is 0.427 Gy; None for % of an unknown dose."""
    if unit == "%":
        return 100.0 / full_dose_gy if full_dose_gy else None
    return 100.0 if unit == "cGy" else 1.0


def volume_unit(text: str) -> VolumeUnit | None:
    """Read a unit of volume, in any spelling of cubic centimetres; None for any other text."""
    word = re.sub(r"\s", "", text).lower()
    return "%" if word == "%" else "cc" if word in _CUBIC else None


def parse_number(text: str, *, comma: bool | None = None) -> tuple[float, float] | None:
    """Read one number and half its last digit.

    Parameters
    ----------
    text : str
    comma : bool, optional
        Whether the file's decimal sign is a comma; None where its rows do not tell.

    Returns
    -------
    tuple of float or None
        None for anything that is not one number under that sign: ``1,234.5``, ``1.234`` in a file with commas.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or (comma is not None and match[2] and (match[2] == ",") != comma):
        return None
    exponent = int(match[4] or 0)
    value = float(f"{match[1]}.{match[3] or '0'}e{exponent}")
    if abs(value) > 1e15:
        return None
    return value, 0.5 * 10.0 ** (exponent - len(match[3] or ""))
