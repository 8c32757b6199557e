"""The draft of a paper for a word processor, from the same sections as the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungtox.office_files import write_same_bytes
from lungtox.report.blocks import Cell, Section, Table, Text
from lungtox.report.build import report_sections
from lungtox.report.config import ReportSettings
from lungtox.report.draft import Draft, Numbered, Part, arrange_draft
from lungtox.report.results import read_results
from lungtox.report.word import BANNER, Writer, new_document

if TYPE_CHECKING:
    from docx.document import Document

START = (
    "Draft written from the tables of the analysis; every number stands there too. Methods, results, limitations, "
    "tables and figures are followed by a supplement. To renew the numbers of tables and figures after a change: "
    "select all, then update fields (F9 in Word)."
)


def write_draft(
    folder: str | Path,
    path: str | Path,
    *,
    settings: ReportSettings,
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> None:
    """Write the draft of a results folder as DOCX; the same results give the same bytes.

    Parameters
    ----------
    folder : path of the results
        As for `build_report`; figures are taken from ``figures/*.png``.
    path : path of the DOCX to write
    settings : ReportSettings
    config : dict
        The whole config as plain values.
    provenance : dict
        Of `collect_provenance`; its time of writing is left out.
    """
    results = read_results(folder, config)
    document = draft_document(
        report_sections(results), results.folder / "figures", title=settings.title, provenance=provenance
    )
    write_same_bytes(path, document.save)


def draft_document(
    sections: Sequence[Section], figures: str | Path, *, title: str, provenance: Mapping[str, Any]
) -> Document:
    """Make the document of a draft: the text first, then tables and figures, then the supplement.

    Parameters
    ----------
    sections : sequence of Section
    figures : path of the folder with the PNG files of the figures
    title : str
    provenance : dict
        Of `collect_provenance`.
    """
    draft = arrange_draft(sections)
    document = new_document(title)
    writer = Writer(document, Path(figures))
    document.add_heading(title, 0)
    writer.paragraph(BANNER)
    writer.paragraph(START)
    _write_text(writer, draft)
    for heading, supplement in (("", False), ("Supplement", True)):
        _write_shown(writer, draft, heading, supplement=supplement)
    _write_record(writer, draft, provenance)
    return document


def _write_text(writer: Writer, draft: Draft) -> None:
    for part in (draft.summary, draft.methods):
        if part is not None:
            writer.part(part, level=1)
    if draft.results:
        writer.heading("Results", 1)
    for part in draft.results:
        writer.part(part, level=2)
    for part in (draft.limitations, draft.references):
        if part is not None:
            writer.part(part, level=1)


def _write_shown(writer: Writer, draft: Draft, title: str, *, supplement: bool) -> None:
    writer.start_page()
    if title:
        writer.heading(title, 1)
        for part in draft.supplement:
            writer.part(part, level=2)
    for kind in ("Table", "Figure"):
        listed = draft.listed(kind, supplement=supplement)
        if not listed:
            continue
        if kind == "Figure":
            writer.start_page()
        writer.heading(f"{'Supplementary ' + kind.lower() if supplement else kind}s", 2 if supplement else 1)
        for item in listed:
            (writer.table if kind == "Table" else writer.figure)(item)


def _write_record(writer: Writer, draft: Draft, provenance: Mapping[str, Any]) -> None:
    """Write what made the results, without the time."""
    count = len(draft.listed("Table", supplement=True))
    inputs = Table(
        "inputs", "Input tables with their checksums.", ("File", "Bytes", "SHA-256"),
        tuple(
            (Cell(str(item["name"])), Cell(str(item["bytes"]), item["bytes"]), Cell(str(item["sha256"])))
            for item in provenance.get("inputs") or ()
        ),
    )  # fmt: skip
    programs = Table(
        "versions", "Versions of the programs.", ("Program", "Version"),
        tuple((Cell(name), Cell(str(version))) for name, version in (provenance.get("versions") or {}).items()),
    )  # fmt: skip
    shown = [Numbered("Table", count + number, True, table) for number, table in enumerate((inputs, programs), start=1)]
    text = f"Seed {provenance.get('seed')}; {provenance.get('platform')}. The whole config stands in provenance.json."
    writer.start_page()
    writer.part(Part("Provenance", (Text(text),), tuple(shown)), level=2)
    for item in shown:
        writer.table(item)
