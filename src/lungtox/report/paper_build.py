"""Building the tables for a paper and writing them in each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lungtox.errors import Fault, InputError
from lungtox.report.config import TableSettings
from lungtox.report.paper_association import association, cytokine_course, cytokines
from lungtox.report.paper_cohort import table1
from lungtox.report.paper_models import added_value, models, validation
from lungtox.report.paper_names import paper_table_names
from lungtox.report.paper_ntcp import comparison, ntcp, published
from lungtox.report.paper_numbers import STYLES, TableStyle
from lungtox.report.paper_roc import roc
from lungtox.report.paper_sources import Sources
from lungtox.report.paper_tables import PaperTable

BUILDERS: Final[Mapping[str, Callable[[Sources, TableStyle], PaperTable]]] = {
    "table1": table1,
    "association": association,
    "cytokines": cytokines,
    "cytokine_course": cytokine_course,
    "models": models,
    "validation": validation,
    "added_value": added_value,
    "roc": roc,
    "ntcp": ntcp,
    "published": published,
    "comparison": comparison,
}


def build_paper_tables(
    folder: str | Path, *, settings: TableSettings, config: Mapping[str, Any]
) -> tuple[PaperTable, ...]:
    """Build the tables for a paper from the tables of a results folder; no statistic is computed here.

    Parameters
    ----------
    folder : path of the results
    settings : TableSettings
        Its preset has the rule for p values and percentages.
    config : dict
        The whole config as plain values; it says which tables there are.

    Returns
    -------
    tuple of PaperTable
        In the order of `paper_table_names`; each printed number carries its unrounded value and its place in results.

    Raises
    ------
    InputError
        If files of results are missing, with one fault for each table that lacks any.
    """
    sources = Sources(Path(folder), config)
    tables: list[PaperTable] = []
    faults: list[Fault] = []
    for name in paper_table_names(config):
        try:
            tables.append(BUILDERS[name](sources, STYLES[settings.preset]))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    return tuple(tables)


def write_paper_tables(tables: Sequence[PaperTable], folder: str | Path) -> None:
    """Write tables for a paper: each as CSV, XLSX, LaTeX and DOCX, all in ``tables.xlsx``, notes and sources.

    Parameters
    ----------
    tables : sequence of PaperTable
    folder : path
        Gets ``{table}.csv .xlsx .tex .docx``, ``tables.xlsx``, ``notes.csv`` and ``sources.csv``.
    """
    from lungtox.report.paper_csv import write_notes, write_paper_csv, write_sources
    from lungtox.report.paper_docx import write_paper_docx
    from lungtox.report.paper_latex import write_paper_latex
    from lungtox.report.paper_xlsx import write_paper_xlsx

    out = Path(folder)
    for number, table in enumerate(tables, start=1):
        write_paper_csv(table, out / f"{table.name}.csv")
        write_paper_xlsx([table], out / f"{table.name}.xlsx")
        write_paper_latex(table, out / f"{table.name}.tex", number=number)
        write_paper_docx([table], out / f"{table.name}.docx", first=number)
    write_paper_xlsx(tables, out / "tables.xlsx")
    write_notes(tables, out / "notes.csv")
    write_sources(tables, out / "sources.csv")
