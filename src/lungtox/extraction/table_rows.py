"""Reading the tables that people keep by hand, with the csv module: they are read at every start of the workflow."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from lungtox.errors import Fault, InputError, count_of
from lungtox.tables import separator_of

_STUDY_ID = re.compile(r"[A-Za-z0-9_-]+")


def is_study_id(text: str) -> bool:
    """Say whether a text can be a study ID: letters, digits, _ and -, because it becomes part of file names."""
    return _STUDY_ID.fullmatch(text) is not None


def read_rows(
    path: Path, *, columns: Collection[str], required: Callable[[Collection[str]], Sequence[str]]
) -> tuple[list[tuple[int, dict[str, str]]], list[Fault]]:
    """Read a table as (line number, non-empty cells), with the faults of its header."""
    if not path.is_file():
        raise InputError(
            Fault(
                path.name,
                "a table",
                "no such file",
                "Check the path under `inputs` of the config, relative to the project.",
                "file-missing",
            )
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            Fault(path.name, "UTF-8 text", "another encoding", "Save the table as UTF-8 CSV.", "encoding")
        ) from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", delimiter=separator_of(text))
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    _refuse_no_header(path.name, header, columns)
    faults = [
        Fault(path.name, f"a column {name}", f"columns {', '.join(header)}", "Add it.", "missing-column")
        for name in required(header)
        if name not in header
    ]
    for name in header:
        if name not in columns:
            near = difflib.get_close_matches(name, list(columns), n=1, cutoff=0.0)[0]
            action = f"Did you mean {near!r}? Known columns: {', '.join(columns)}."
            faults.append(Fault(path.name, "known columns", f"a column {name!r}", action, "unknown-column"))
    if len(set(header)) < len(header):
        faults.append(Fault(path.name, "each column once", "one twice", "Remove one.", "repeated-column"))
    rows = []
    for cells in reader:
        if "" in cells:
            who = f"{path.name} line {reader.line_num}"
            faults.append(Fault(who, count_of(len(header), "cell"), "more", "Check the separators.", "table-row"))
            continue
        filled = {name: value.strip() for name, value in cells.items() if (value or "").strip()}
        if filled:  # spreadsheets leave lines of nothing but commas
            rows.append((reader.line_num, filled))
    return rows, faults


def _refuse_no_header(table: str, header: Sequence[str], columns: Collection[str]) -> None:
    """Refuse a first line that is no header. It is not quoted: it may hold paths."""
    if set(header) & set(columns):
        return
    found, action = "none of its column names", f"The first line names the columns: {', '.join(columns)}."
    raise InputError(Fault(f"{table} line 1", "the names of the columns", found, action, "missing-column"))
