"""Tables as hospitals write them, for the tests of the readers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from lungtox.cohort import CohortTables, EndpointSettings, InputsSettings, TablesSettings, read_tables

HEADER = ["PatID", "Name", "Alter", "Geschlecht", "RT Beginn", "RT Ende", "RP Grad", "RP Datum", "Kontakt", "Tod"]
ROWS: list[list[Any]] = [
    ["LT001", "Muster", "64,5", "m", "06.01.2020", "14.02.2020", "2", "01.05.2020", "01.03.2021", ""],
    ["LT002", "Beispiel", "71", "w", "06.01.2020", "14.02.2020", "0", "", "01.03.2021", ""],
]
COLUMNS: dict[str, Any] = {
    "patient": "PatID", "age_y": "Alter", "sex": {"column": "Geschlecht", "codes": {"m": "M", "w": "F"}},
    "rt_start_date": "RT Beginn", "rt_end_date": "RT Ende", "rp_grade": "RP Grad", "rp_date": "RP Datum",
    "last_follow_up_date": "Kontakt", "death_date": "Tod",
}  # fmt: skip


def text_table(rows: Sequence[Sequence[object]], separator: str = ";") -> str:
    """Write rows as text."""
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def write_text_table(
    path: Path, rows: Sequence[Sequence[object]], *, separator: str = ";", encoding: str = "utf-8"
) -> Path:
    path.write_bytes(text_table(rows, separator).encode(encoding))
    return path


def write_workbook(path: Path, rows: Sequence[Sequence[object]], **cells: object) -> Path:
    """Write a sheet; cells by their name (``C2=...``) afterwards."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Tabelle1"
    for row in rows:
        sheet.append([None if value == "" else value for value in row])
    for name, value in cells.items():
        sheet[name] = value
    book.save(path)
    return path


def replace_in_sheet(path: Path, old: str, new: str, *, compress: bool = False) -> None:
    """Change the XML of the first sheet: what a spreadsheet program stores and openpyxl does not write."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    name = "xl/worksheets/sheet1.xml"
    text = parts[name].decode().replace("<v></v>", "<v />")  # openpyxl writes the first where lxml is installed
    assert old in text, f"{old!r} is not in {text}"
    parts[name] = text.replace(old, new).encode()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as archive:
        for entry, part in parts.items():
            archive.writestr(entry, part)
    path.write_bytes(content.getvalue())


def read(
    clinical: Path,
    *,
    columns: Mapping[str, Any] | None = None,
    cytokines: Path | None = None,
    grades: Path | None = None,
    key: Path | None = None,
    endpoint: Mapping[str, Any] | None = None,
    tables: Mapping[str, Any] | None = None,
    **declared: Any,
) -> CohortTables:
    """Read the tables; ``declared`` are further keys of `tables.clinical`, ``tables`` its other sections."""
    sections: dict[str, Any] = {"clinical": {"columns": dict(columns or COLUMNS), **declared}, **(tables or {})}
    inputs = InputsSettings(
        patients="patients.csv",
        structures="structures.csv",
        clinical=str(clinical),
        cytokines=None if cytokines is None else str(cytokines),
        grades=None if grades is None else str(grades),
        key=None if key is None else str(key),
    )
    return read_tables(
        inputs,
        tables=TablesSettings.model_validate({k: v for k, v in sections.items() if v is not None}),
        endpoint=EndpointSettings.model_validate(endpoint or {}),
    )


def faults_of(found: CohortTables) -> list[str]:
    return [str(fault) for fault in found.faults]
