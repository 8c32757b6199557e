"""From the cells of a hospital's table to the contract's text: numbers, days, codes, study IDs, units."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from lungtox.cohort.cell_texts import missing_header, plain_text, study_id_of
from lungtox.cohort.day_texts import EXCEL_FIRST, declared_day, read_days, serial_day
from lungtox.cohort.key_file import PatientKey
from lungtox.cohort.number_texts import DECIMAL_WORDS, number_text, read_numbers
from lungtox.cohort.rows import RawTable, lines_text
from lungtox.cohort.sheets import Cell, OddCell, Sheet, clean_header
from lungtox.cohort.table_config import ColumnSettings, SheetSettings
from lungtox.errors import Fault

Kind = Literal["id", "number", "censored", "date", "code", "text", "auto"]
DATE_REASONS = {
    "no date": ("a date", "Correct the cell, or declare `date_format` of this column in the config."),
    "two readings": (
        "a date with one reading (day or month first?)",
        "Declare `date_format` of this column in the config, such as dd/mm/yyyy.",
    ),
    "another order": (
        "day and month in one order throughout the column",
        "Correct the cells, or declare `date_format` of this column in the config.",
    ),
}
MANY = 4
"""From so many cells on, a column of which most cannot be read is taken for another column, and not quoted."""
CENSOR = re.compile(r"([<>])\s*(.*)", re.DOTALL)


@dataclass
class MappedTable:
    """A sheet on its way to the contract's form.

    Attributes
    ----------
    sheet : Sheet
    settings : SheetSettings
        What is declared of the whole table.
    columns : dict of str to ColumnSettings
        Our column -> theirs.
    table : RawTable
        What is made; only the columns asked for stand in it.
    place : str
        Where the mapping stands in the config, for messages.
    commas : list of str
        Headers of columns in which a decimal comma was found, none being declared.
    thousands : list of str
        Cells such as ``12.500`` that a declared sign decided, in words.
    """

    sheet: Sheet
    settings: SheetSettings
    columns: Mapping[str, ColumnSettings]
    table: RawTable
    place: str
    commas: list[str] = field(default_factory=list)
    thousands: list[str] = field(default_factory=list)

    def cells(self, column: str) -> list[Cell]:
        """Give the cells of one of our columns; those that mean missing are empty, the odd ones are noted."""
        spec = self.columns[column]
        missing = {*spec.missing, *self.settings.missing}
        cells: list[Cell] = []
        for row, cell in enumerate(self.sheet.column(clean_header(spec.column))):
            if isinstance(cell, OddCell):
                self.refuse([row], column, expected="a value", found=cell.found, action=cell.action, code="table-cell")
                cells.append("")
            else:
                cells.append("" if plain_text(cell) in missing else cell)
        return cells

    def refuse(self, rows: Sequence[int], column: str, *, expected: str, found: str, action: str, code: str) -> None:
        """Note a fault of cells, and mark them so that nothing else is said of them."""
        self.table.note_rows(rows, column, expected=expected, found=found, action=action, code=code)
        self.table.refused |= {(row, column) for row in rows}

    def refuse_column(self, column: str, rows: Sequence[int], cells: Sequence[Cell], *, expected: str) -> bool:
        """Refuse a column of which most cells are something else: the header may be that of another one, even of names.

        Nothing of it is quoted.
        """
        filled = sum(cell != "" for cell in cells)
        if filled < MANY or 2 * len(rows) <= filled:
            return False
        found = f"{len(rows)} of {filled} cells that are no {expected} (not shown: it may be another column)"
        sign = self.decimal(column) if expected == "numbers" else None
        declared = f", the declared `decimal` {sign!r}" if sign else ""
        action = f"Correct the column's name in the config ({self.place}.columns.{column}){declared}, or the cells."
        self.refuse(rows, column, expected=expected, found=found, action=action, code="table-column")
        return True

    def put(self, column: str, texts: Sequence[str]) -> None:
        """Write a column of the contract; a refused cell keeps a mark, so that it does not count as empty."""
        self.table.header = (*self.table.header, column)
        for row, (cells, text) in enumerate(zip(self.table.cells, texts, strict=True)):
            cells[column] = "?" if (row, column) in self.table.refused and column != "patient" else text

    def add(self, column: str, kind: Kind, *, levels: Sequence[str] = ()) -> None:
        """Read one column by its kind and write it in the contract's form."""
        cells = self.cells(column)
        if kind == "auto":
            kind = self._kind_of(column, cells)
        if self.columns[column].codes is not None and kind not in ("id", "censored"):
            self.put(column, self._codes(column, cells, levels))
        elif kind == "number":
            self.put(column, [number_text(value) if value is not None else "" for value in self.numbers(column, cells)])
        elif kind == "date":
            self.put(column, [day.isoformat() if day is not None else "" for day in self.days(column, cells)])
        else:
            self.put(column, [plain_text(cell) for cell in cells])

    def _kind_of(self, column: str, cells: Sequence[Cell]) -> Kind:
        """A further column holds numbers when more than half of its values can be read as one."""
        filled = [cell for cell in cells if cell != ""]
        spec = self.columns[column]
        if spec.days_from is not None or spec.date_format is not None:
            return "date"
        found = read_numbers([cell for cell in filled if isinstance(cell, str)], decimal=self.decimal(column))
        numbers = sum(isinstance(cell, float) for cell in filled) + sum(
            value is not None or found.refused.get(place) in ("two readings", "another sign")
            for place, value in enumerate(found.values)
        )
        return "number" if filled and numbers * 2 > len(filled) else "text"

    def decimal(self, column: str) -> Literal[".", ","] | None:
        """Give the decimal sign that is declared for a column, if one is."""
        return self.columns[column].decimal or self.settings.decimal

    def numbers(self, column: str, cells: Sequence[Cell]) -> list[float | None]:
        """Read numbers: real ones as they are, texts by the decimal sign of the column."""
        texts = [cell if isinstance(cell, str) else "" for cell in cells]
        found = read_numbers(texts, decimal=self.decimal(column))
        if found.decimal == "," and self.decimal(column) is None:
            self.commas.append(self.columns[column].column)
        if found.decided:
            lines = lines_text([self.table.lines[row] for row in found.decided], self.table.line_word)
            header = self.columns[column].column
            self.thousands.append(
                f"{lines}, column {header!r}: read as thousands (three figures a group), because `decimal` is declared"
            )
        none = [row for row, reason in found.refused.items() if reason == "no number"]
        if self.refuse_column(column, none, cells, expected="numbers"):
            return [None] * len(cells)
        values: list[float | None] = []
        for row, cell in enumerate(cells):
            if isinstance(cell, float):
                values.append(cell)
                continue
            if isinstance(cell, date):
                action = "The spreadsheet made a date of it: format the column as numbers and type it again."
                self.refuse([row], column, expected="a number", found="a date", action=action, code="table-number")
            elif row in found.refused:
                self._refuse_number(row, column, str(cell), reason=found.refused[row], shown=found.decimal)
            values.append(found.values[row])
        return values

    def predicted(self, column: str) -> list[float | None]:
        """Read the predicted values that belong to a column."""
        spec = self.columns[column]
        name = f"{column}, predicted"
        header = spec.predicted or ""
        self.columns = {**self.columns, name: spec.model_copy(update={"column": header})}
        self.table.sources[name] = clean_header(header)
        values = self.numbers(name, self.cells(name))
        self.columns = {ours: other for ours, other in self.columns.items() if ours != name}
        return values

    def _refuse_number(self, row: int, column: str, text: str, *, reason: str, shown: str) -> None:
        sign = self.decimal(column)
        expected = f"a number with a {DECIMAL_WORDS[sign]}" if sign else "a number"
        action = "Correct the cell (no unit), or declare what means missing: `missing` of the table or column."
        if column.startswith("value"):  # of a cytokine
            action += " A word for below the detection limit, such as n.n., belongs under `below`."
        if reason == "two readings":
            expected = "a number with one reading"
            other = text.replace(",", ".") if "," in text else text
            without = re.sub(r"[.,]", "", text)
            action = f"Is it {other} or {without}? Declare `decimal` of this column ({self.place})."
        elif reason == "another sign":
            expected = "one decimal sign throughout the column"
            action = f"Correct the rarer ones, or declare `decimal` of this column ({self.place})."
        self.refuse([row], column, expected=expected, found=repr(text), action=action, code="table-number")

    def days(self, column: str, cells: Sequence[Cell]) -> list[date | None]:
        """Read days: real ones as they are, serial numbers and texts by the declared format."""
        declared = self.columns[column].date_format or self.settings.date_format
        texts = [cell if isinstance(cell, str) else "" for cell in cells]
        found = read_days(texts if declared is None else [""] * len(texts))
        days: list[date | None] = list(found.days)
        refused = {row: DATE_REASONS[reason] for row, reason in found.refused.items()}
        for row, cell in enumerate(cells):
            if isinstance(cell, date):
                days[row] = cell
            elif isinstance(cell, float) or (declared is not None and cell != ""):
                days[row] = self._declared_day(cell, declared)
                if days[row] is None:
                    refused[row] = self._wanted_day(cell, declared)
        two_readings = DATE_REASONS["two readings"]
        none = [row for row, words in refused.items() if words != two_readings and isinstance(cells[row], str)]
        if self.refuse_column(column, none, cells, expected="dates"):
            return [None] * len(cells)
        for row, (expected, action) in sorted(refused.items()):
            found_text = repr(plain_text(cells[row]))
            self.refuse([row], column, expected=expected, found=found_text, action=action, code="table-date")
        return days

    def _declared_day(self, cell: Cell, declared: str | None) -> date | None:
        try:
            if declared in EXCEL_FIRST:
                serial = cell if isinstance(cell, float) else float(str(cell).replace(",", "."))
                return serial_day(serial, str(declared))
            if declared is not None and isinstance(cell, str):
                return declared_day(cell, declared)
        except ValueError:
            pass
        return None

    def _wanted_day(self, cell: Cell, declared: str | None) -> tuple[str, str]:
        """Say what a day should look like, and what to do where a cell is a bare number."""
        if isinstance(cell, float) and declared not in EXCEL_FIRST:
            return "a date", f"Format the column as dates, or declare `date_format: {self.sheet.serial}` for it."
        expected = f"a date as {declared}" if declared not in EXCEL_FIRST else "a date"
        return expected, "Correct the cell, or the declared `date_format`."

    def _codes(self, column: str, cells: Sequence[Cell], levels: Sequence[str]) -> list[str]:
        """Translate codes; each unknown one is one fault with all its rows."""
        codes = {code.strip(): level for code, level in (self.columns[column].codes or {}).items()}
        wrong = sorted({level for level in codes.values() if levels and level not in levels})
        if wrong:
            near = difflib.get_close_matches(wrong[0], levels, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            where = f"config: {self.place}.columns.{column}.codes"
            self.table.faults.append(
                Fault(where, f"one of {', '.join(levels)}", repr(wrong[0]), f"Correct it.{hint}", "config-value")
            )
        unknown: dict[str, list[int]] = {}
        texts = []
        for row, cell in enumerate(cells):
            text = plain_text(cell)
            if text and text not in codes:
                unknown.setdefault(text, []).append(row)
            texts.append(codes.get(text, ""))
        strange = [row for rows in unknown.values() for row in rows]
        # A few codes that nobody declared are named; a different one in most cells is no column of codes.
        if 2 * len(unknown) > len(strange) and self.refuse_column(column, sorted(strange), cells, expected="codes"):
            return texts
        for text, rows in unknown.items():
            near = difflib.get_close_matches(text.lower(), [code.lower() for code in codes], n=1, cutoff=0.6)
            hint = f" It is nearest to {near[0]!r}." if near else ""
            self.refuse(
                rows,
                column,
                expected=f"one of {', '.join(codes)}",
                found=repr(text),
                action=f"Add it to `codes` of this column ({self.place}), or to `missing`, or correct the cells.{hint}",
                code="table-code",
            )
        return texts

    def add_study_ids(self, key: PatientKey | None) -> None:
        """Write the column patient; with a key, patient IDs become study IDs. Those that the key lacks are noted."""
        cells = self.cells("patient")
        if key is None:
            self.put("patient", [plain_text(cell) for cell in cells])
            return
        strangers = [row for row, cell in enumerate(cells) if cell != "" and study_id_of(cell, key) is None]
        self.put("patient", [(study_id_of(cell, key) or "") if cell != "" else "" for cell in cells])
        if strangers:
            action = "Add the patient's files and run `lungtox index` again, or set `others: leave_out` for this table."
            found = "others, which are not shown" if len(strangers) > 1 else "another, which is not shown"
            expected = "a patient ID of the key file"
            self.refuse(strangers, "patient", expected=expected, found=found, action=action, code="patient-not-listed")


def start_mapping(
    sheet: Sheet, name: str, *, columns: Mapping[str, ColumnSettings], settings: SheetSettings, place: str
) -> MappedTable:
    """Start the way of a sheet to the contract; each header that the mapping names and the sheet lacks is noted.

    Parameters
    ----------
    sheet : Sheet
    name : str
        Name of the table in messages.
    columns : mapping of str to ColumnSettings
        Our column -> theirs. Columns that the sheet lacks are left out of what is returned.
    settings : SheetSettings
    place : str
        Where the mapping stands in the config.
    """
    faults = list(sheet.faults)
    there, absent = {}, []
    for ours, spec in columns.items():
        headers = [spec.column, *([spec.predicted] if spec.predicted else [])]
        lacking = [header for header in headers if clean_header(header) not in sheet.header]
        faults += [missing_header(sheet, name, header, place=f"{place}.columns.{ours}") for header in lacking]
        if lacking:
            absent.append(ours)
        else:
            there[ours] = spec
    sources = {ours: clean_header(spec.column) for ours, spec in there.items() if clean_header(spec.column) != ours}
    # A mark in the columns that are absent: that they are has been said, and no cell of theirs counts as empty.
    marks = {ours: "" if ours == "patient" else "?" for ours in absent}
    cells: list[dict[str, str]] = [dict(marks) for _ in sheet.lines]
    refused = {(row, ours) for row in range(len(cells)) for ours in absent}
    lines = list(sheet.lines)
    table = RawTable(name, tuple(absent), lines, cells, faults, sources, sheet.line_word, refused, mapping=place)
    return MappedTable(sheet, settings, there, table, place)
