"""Tables in the form of docs/file-contracts.md: CSV with commas in UTF-8, strictly."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from lungtox.cohort.rows import RawTable
from lungtox.errors import Fault, InputError, count_of


def read_raw(path: str | Path, name: str) -> RawTable:
    """Read a comma-separated UTF-8 table as text.

    Parameters
    ----------
    path : path of the CSV
    name : str
        Name of the table in messages.

    Raises
    ------
    InputError
        No such file, not UTF-8, no rows, or columns separated by something else than commas.
    """
    reader = csv.reader(io.StringIO(_decode(Path(path), name), newline=""), strict=True)
    try:
        header = tuple(text.strip() for text in next(reader, []))
        lines, rows = [], []
        line = reader.line_num + 1
        for cells in reader:
            if any(text.strip() for text in cells):
                lines.append(line)
                rows.append([text.strip() for text in cells])
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(_fault(name, "well-formed CSV", f"{error} on line {reader.line_num}", "Correct it.")) from None
    _check_header(header, rows, name)
    table = RawTable(name, header, lines, [dict(zip(header, cells, strict=False)) for cells in rows])
    for line, cells in zip(lines, rows, strict=True):
        if len(cells) != len(header):
            expected, found = count_of(len(header), "cell"), count_of(len(cells), "cell")
            table.faults.append(_fault(f"{name}, line {line}", expected, found, "A comma inside a cell needs quotes."))
    return table


def _decode(path: Path, name: str) -> str:
    if not path.is_file():
        raise InputError(
            _fault(
                name,
                "a CSV file",
                "no such file",
                "Check the path under `inputs` of the config, relative to the project.",
            )
        )
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"a byte that is not UTF-8 at position {error.start}"
        raise InputError(_fault(name, "text in UTF-8", found, "Save the table as CSV UTF-8.")) from None


def _check_header(header: tuple[str, ...], rows: list[list[str]], name: str) -> None:
    if len(header) == 1 and any(sign in header[0] for sign in ";\t"):
        raise InputError(
            _fault(name, "columns separated by commas", "another separator", "Save the table as CSV with commas.")
        )
    if not header or not rows:
        raise InputError(_fault(name, "a header and at least one row", "no rows", "Check the file."))
    for column in sorted({text for text in header if header.count(text) > 1}):
        raise InputError(_fault(name, "each column once", f"{column!r} twice", "Rename or remove one."))


def _fault(who: str, expected: str, found: str, action: str) -> Fault:
    return Fault(who, expected, found, action, "table-file")
