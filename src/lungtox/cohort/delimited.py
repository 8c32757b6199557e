"""Text tables: encoding and separator, found by rules that are stated."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Collection

from lungtox.cohort.sheets import LARGEST_CELLS, Sheet, clean_header, file_fault
from lungtox.cohort.table_config import SheetSettings
from lungtox.errors import Fault, InputError, count_of

SEPARATORS = {",": ",", ";": ";", "tab": "\t", "bar": "|"}
WORDS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_delimited(content: bytes, name: str, *, settings: SheetSettings, wanted: Collection[str]) -> Sheet:
    """Read a table that is text.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the table in messages.
    settings : SheetSettings
    wanted : collection of str
        Headers that decide between separators.

    Raises
    ------
    InputError
        No text in a known encoding, quotes that do not close, a separator that the header does not show.
    """
    text, remarks = decode(content, name, encoding=settings.encoding)
    cells = max(text.count(sign) for sign in (*SEPARATORS.values(), "\n"))
    if cells > LARGEST_CELLS:
        raise InputError(file_fault(name, "a table", f"more than {LARGEST_CELLS} cells", "Check the path."))
    lines = text.splitlines(keepends=True)
    first = settings.header_row
    declared = SEPARATORS[settings.separator] if settings.separator else None
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:  # written by Excel for Excel
        declared = declared or lines[0][4]
        first = max(first, 2)
    body = "".join(lines[first - 1 :])
    if not body.strip():
        return Sheet((), (), ())
    separator = declared or find_separator(body, name, wanted=wanted)
    if separator != "," and declared is None:
        remarks.append(f"{name}: columns separated by {WORDS[separator]}.")
    rows = _records(body, separator, name, before=first - 1)
    header = tuple(clean_header(value) for value in (rows[0][1] if rows else []))
    while header and not header[-1]:
        header = header[:-1]
    numbers, kept, faults = [], [], []
    for line, values in rows[1:]:
        found = [unicodedata.normalize("NFC", value).strip() for value in values]
        if not any(found):
            continue
        numbers.append(line)
        if any(found[len(header) :]) or len(found) < len(header):
            faults.append(_ragged(name, line, len(header), len(found), separator))
        kept.append(tuple(found[: len(header)] + [""] * (len(header) - len(found))))
    return Sheet(header, tuple(numbers), tuple(kept), remarks=tuple(remarks), faults=tuple(faults))


def decode(content: bytes, name: str, *, encoding: str | None = None) -> tuple[str, list[str]]:
    """Decode text: declared encoding, byte-order mark, UTF-16 by its zero bytes, UTF-8, else Windows-1252.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the table in messages.
    encoding : str, optional
        As declared.

    Returns
    -------
    text : str
    remarks : list of str
        Says so where Windows-1252 was taken: it fits nearly any bytes. Latin-1 text reads the same in it.
    """
    remarks: list[str] = []
    found = encoding or next((words for mark, words in _MARKS if content.startswith(mark)), None)
    if found is None:
        found = _without_mark(content)
        if found == "cp1252":
            remarks.append(
                f"{name}: not UTF-8, read as Windows-1252 (Latin-1); declare `encoding` if letters are wrong."
            )
    try:
        text = content.decode(found)
    except (UnicodeError, ValueError, LookupError):
        expected = f"text in {encoding}" if encoding else "text in UTF-8, UTF-16 or Windows-1252"
        raise InputError(file_fault(name, expected, "other bytes", "Save the table as CSV UTF-8.")) from None
    if "\x00" in text:
        raise InputError(file_fault(name, "text", "zero bytes", "Save the table as CSV UTF-8, or as XLSX."))
    return text, remarks


def _without_mark(content: bytes) -> str:
    even, odd = content[0::2].count(0), content[1::2].count(0)
    half = max(len(content) // 2, 1)
    # Western text in UTF-16 has a zero in every other byte; nothing else has.
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def find_separator(text: str, name: str, *, wanted: Collection[str]) -> str:
    """Find the separator: the one whose header names most of what is wanted, else the one whose rows agree.

    Parameters
    ----------
    text : str
        From the header on.
    name : str
        Name of the table in messages.
    wanted : collection of str

    Raises
    ------
    InputError
        Several separators fit equally well, or none.
    """
    named, even = {}, []
    for sign in SEPARATORS.values():
        try:
            rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign) if any(row)]
        except csv.Error:
            continue
        header = [clean_header(value) for value in rows[0]] if rows else []
        if set(header) & set(wanted):
            named[sign] = len(set(header) & set(wanted))
        if len(header) > 1 and all(len(row) == len(header) for row in rows):
            even.append(sign)
    best = [sign for sign, count in named.items() if count == max(named.values())]
    if len(best) > 1:  # the one column that is wanted is the first or the last of several
        best = [sign for sign in best if sign in even] or best
    fitting = best or even
    if len(fitting) != 1:
        found = " or ".join(WORDS[sign] for sign in fitting) or "none that the first row shows"
        action = "Declare `separator` (and `header_row`) of this table under `tables` in the config."
        raise InputError(file_fault(name, "one separator of columns", found, action))
    return fitting[0]


def _records(text: str, separator: str, name: str, *, before: int) -> list[tuple[int, list[str]]]:
    """Give each record with the line on which it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    line = 1
    try:
        for values in reader:
            rows.append((before + line, values))
            line = reader.line_num + 1
    except csv.Error as error:
        found = f"{error} on line {before + reader.line_num}"
        raise InputError(file_fault(name, "well-formed CSV", found, "Correct it.")) from None
    return rows


def _ragged(name: str, line: int, expected: int, found: int, separator: str) -> Fault:
    action = f"{WORDS.get(separator, 'A separator').capitalize()} inside a cell needs quotes."
    return file_fault(f"{name}, line {line}", count_of(expected, "cell"), count_of(found, "cell"), action)
