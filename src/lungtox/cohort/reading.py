"""All tables of a cohort, whatever their kind, read once into the contract's form."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lungtox.cohort import clinical as clinical_room
from lungtox.cohort import cytokines as cytokine_room
from lungtox.cohort.cell_texts import without_strangers
from lungtox.cohort.clinical import check_clinical
from lungtox.cohort.clinical_mapping import map_clinical
from lungtox.cohort.columns import REQUIRED_CLINICAL
from lungtox.cohort.config import EndpointSettings, InputsSettings
from lungtox.cohort.cytokines import check_cytokines
from lungtox.cohort.draws import map_cytokines
from lungtox.cohort.grades import CONTRACT as GRADE_CONTRACT
from lungtox.cohort.grades import NAME as GRADES
from lungtox.cohort.grades import add_grades, map_grades, mark_ungraded
from lungtox.cohort.key_file import PatientKey, read_key
from lungtox.cohort.mapping import start_mapping
from lungtox.cohort.rows import RawTable
from lungtox.cohort.sheets import Sheet, read_sheet
from lungtox.cohort.table_config import (
    ColumnSettings,
    SheetSettings,
    TablesSettings,
    headers_of,
    sheet_settings,
)
from lungtox.errors import Fault, InputError, count_of
from lungtox.tables import write_json, write_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CohortTables:
    """Clinical and cytokine table in the contract's form, as far as they could be read.

    Attributes
    ----------
    clinical, cytokines : RawTable or None
        None where the file could not be read at all, or there is none.
    clinical_frame, cytokine_frame : pandas.DataFrame or None
        The same, checked; None where something is wrong with the table.
    faults : tuple of Fault
        Of all tables, in the order clinical, grades, cytokines, key.
    remarks : tuple of str
        What was found, converted or left out, for the report.
    """

    clinical: RawTable | None
    cytokines: RawTable | None
    clinical_frame: pd.DataFrame | None
    cytokine_frame: pd.DataFrame | None
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]

    def write(self, *, clinical: str | Path, cytokines: str | Path | None, remarks: str | Path) -> None:
        """Write the tables as docs/file-contracts.md has them, and the remarks as JSON.

        Raises
        ------
        InputError
            With all faults; then nothing is written.
        """
        if self.faults or self.clinical is None:
            raise InputError(self.faults)
        write_text(_csv_text(self.clinical), clinical)
        if cytokines is not None and self.cytokines is not None:
            write_text(_csv_text(self.cytokines), cytokines)
        write_json(list(self.remarks), remarks)


def read_tables(
    inputs: InputsSettings,
    *,
    tables: TablesSettings | None,
    endpoint: EndpointSettings,
    required: Iterable[str] = (),
) -> CohortTables:
    """Read the clinical table, the grades and the cytokines, and check them.

    Parameters
    ----------
    inputs : InputsSettings
        Paths of the tables and of the key file.
    tables : TablesSettings or None
        How the tables are read; None: they are in the contract's form.
    endpoint : EndpointSettings
    required : iterable of str, or mapping of str to str
        Clinical columns that the config names, as in `read_clinical`.

    Returns
    -------
    CohortTables
        Nothing is raised: what is wrong stands in ``faults``, all at once.
    """
    reader = _Reader(inputs, tables or TablesSettings(), endpoint)
    clinical, clinical_frame = reader.clinical(required)
    cytokines, cytokine_frame = reader.cytokines()
    return CohortTables(
        clinical, cytokines, clinical_frame, cytokine_frame, tuple(reader.faults), tuple(dict.fromkeys(reader.remarks))
    )


class _Reader:
    """Reads one table after the other and gathers what is wrong with them."""

    def __init__(self, inputs: InputsSettings, tables: TablesSettings, endpoint: EndpointSettings) -> None:
        self.inputs = inputs
        self.tables = tables
        self.endpoint = endpoint
        self.faults: list[Fault] = []
        self.remarks: list[str] = []
        self.key: PatientKey | None = None
        if inputs.key is not None:
            try:
                self.key = read_key(inputs.key)
                self.remarks += self.key.remarks
            except InputError as error:
                self.faults += error.faults

    def clinical(self, required: Iterable[str]) -> tuple[RawTable | None, pd.DataFrame | None]:
        """Read the clinical table, with the grades where they stand in a table of their own."""
        settings = self.tables.clinical
        columns = None if settings is None else settings.columns
        sheet, key = self._sheet(
            self.inputs.clinical, clinical_room.NAME, settings, columns=columns, wanted=REQUIRED_CLINICAL
        )
        if sheet is None:
            return None, None
        if settings is None:
            table = contract_table(sheet, clinical_room.NAME, key=key)
        else:
            table, remarks = map_clinical(sheet, settings, endpoint=self.endpoint, key=key)
            self.remarks += remarks
        if self.inputs.grades is not None:
            self._grades(table)
        return table, self._checked(table, lambda raw: check_clinical(raw, required=required))

    def _grades(self, clinical: RawTable) -> None:
        settings = self.tables.grades
        columns = {str(name): spec for name, spec in (settings or GRADE_CONTRACT).columns.items()}
        sheet, key = self._sheet(str(self.inputs.grades), GRADES, settings, columns=columns, wanted=())
        if sheet is None:
            mark_ungraded(clinical)
            return
        table, remarks = map_grades(sheet, settings, endpoint=self.endpoint, key=key)
        self.faults += table.faults
        self.remarks += [*remarks, *add_grades(clinical, table, self.endpoint)]

    def cytokines(self) -> tuple[RawTable | None, pd.DataFrame | None]:
        """Read the cytokine table, if there is one."""
        settings = self.tables.cytokines
        if self.inputs.cytokines is None:
            return None, None
        columns: dict[str, ColumnSettings] | None = None
        if settings is not None:
            columns = {str(name): spec for name, spec in settings.columns.items()}
            columns |= {f"value of {header}": ColumnSettings(column=header) for header in settings.wide}
        sheet, key = self._sheet(
            self.inputs.cytokines, cytokine_room.NAME, settings, columns=columns, wanted=cytokine_room.COLUMNS
        )
        if sheet is None:
            return None, None
        if settings is None:
            table = contract_table(sheet, cytokine_room.NAME, key=key)
        else:
            table, remarks = map_cytokines(sheet, settings, key=key)
            self.remarks += remarks
        return table, self._checked(table, check_cytokines)

    def _sheet(
        self,
        path: str,
        name: str,
        settings: SheetSettings | None,
        *,
        columns: Mapping[str, ColumnSettings] | None,
        wanted: Iterable[str],
    ) -> tuple[Sheet | None, PatientKey | None]:
        """Read a sheet, and say which key translates its patients; None where it cannot be read."""
        declared = sheet_settings(settings)
        headers = list(wanted) if columns is None else headers_of(columns)
        try:
            sheet = read_sheet(path, name, settings=declared, wanted=headers)
        except InputError as error:
            self.faults += error.faults
            return None, None
        self.remarks += sheet.remarks
        hospital = declared.ids == "hospital" or (declared.ids is None and self.inputs.key is not None)
        if hospital and self.inputs.key is None:
            action = "Give the key file that `lungtox index` made, or set `ids: study`."
            self.faults.append(Fault("config: inputs.key", f"a key file for the {name}", "none", action, "key"))
        if not hospital or self.key is None:
            return (None, None) if hospital else (sheet, None)
        if declared.others == "leave_out":
            header = "patient" if columns is None or "patient" not in columns else columns["patient"].column
            sheet, gone = without_strangers(sheet, header, self.key)
            if gone:
                self.remarks.append(
                    f"{name}: {count_of(gone, 'row')} of patients whom the key file does not know left out."
                )
        return sheet, self.key

    def _checked(self, table: RawTable, check: Callable[[RawTable], pd.DataFrame]) -> pd.DataFrame | None:
        try:
            return check(table)
        except InputError as error:
            self.faults += error.faults
            return None


def contract_table(sheet: Sheet, name: str, *, key: PatientKey | None) -> RawTable:
    """Take a sheet whose columns and codes are the contract's; only study IDs are translated.

    Parameters
    ----------
    sheet : Sheet
    name : str
        Name of the table in messages.
    key : PatientKey or None
    """
    columns = {header: ColumnSettings(column=header) for header in sheet.header if header}
    mapped = start_mapping(sheet, name, columns=columns, settings=SheetSettings(), place="tables")
    for column in columns:
        if column == "patient":
            mapped.add_study_ids(key)
        else:
            mapped.add(column, "text")
    mapped.table.mapping = ""  # the names are those of the file
    return mapped.table


def _csv_text(table: RawTable) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    header = [column for column in table.header if column]
    writer.writerow(header)
    writer.writerows([cells.get(column, "") for column in header] for cells in table.cells)
    return stream.getvalue()
