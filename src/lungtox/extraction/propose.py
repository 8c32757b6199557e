"""Rows of structures.csv that a person has still to look at, made from the ROI names of structure sets."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungtox.dicom import read_structure_names
from lungtox.errors import Fault, InputError
from lungtox.extraction.accepted import STRUCTURE_COLUMNS
from lungtox.extraction.patients import PatientRow
from lungtox.extraction.table_rows import read_rows
from lungtox.naming import Proposal, propose_names
from lungtox.tables import atomic_path, separator_of


@dataclass(frozen=True)
class NewNames:
    """What was added to a table of structures.

    Attributes
    ----------
    proposals : tuple of (str, Proposal)
        Study ID and proposal of every ROI that was not in the table yet.
    faults : tuple of Fault
        Structure sets that could not be read; the other patients' rows are written.
    """

    proposals: tuple[tuple[str, Proposal], ...]
    faults: tuple[Fault, ...] = ()

    @property
    def counts(self) -> Counter[str]:
        """Number of ROIs by kind of match; those without a proposal under the empty text."""
        return Counter(proposal.match for _, proposal in self.proposals)


def proposal_cells(patient: str, proposal: Proposal) -> dict[str, str]:
    """Give the row of structures.csv for a proposal, with nothing accepted."""
    score = f"{proposal.score:g}" if proposal.structure else ""
    cells = (
        patient, str(proposal.roi_number), proposal.roi_name, proposal.structure, proposal.match, score, "",
        proposal.note,
    )  # fmt: skip
    return dict(zip(STRUCTURE_COLUMNS, cells, strict=True))


def extend_structures(rows: Iterable[PatientRow], path: str | Path) -> NewNames:
    """Add a row for each ROI that the table does not have yet; every byte that is there stays.

    Parameters
    ----------
    rows : iterable of PatientRow
        Patients without a structure set are passed over.
    path : str or Path
        structures.csv; made where it is missing.

    Returns
    -------
    NewNames

    Raises
    ------
    InputError
        The table that is there cannot be used.
    """
    table = Path(path)
    known = _known_rois(table) if table.is_file() else {}
    added: list[tuple[str, Proposal]] = []
    faults: list[Fault] = []
    for row in rows:
        file = row.path("structures")
        if file is None:
            continue
        try:
            names = read_structure_names(file, who=row.patient)
        except InputError as error:
            faults += error.faults
            continue
        there = known.get(row.patient, set())
        new = [proposal for proposal in propose_names(names) if proposal.roi_number not in there]
        added += [(row.patient, proposal) for proposal in new]
    if added or not table.is_file():
        _append(table, [proposal_cells(patient, proposal) for patient, proposal in added])
    return NewNames(tuple(added), tuple(faults))


def _known_rois(table: Path) -> dict[str, set[int]]:
    required = ("patient", "roi_number", "roi_name", "structure", "accepted_by")
    rows, faults = read_rows(table, columns=STRUCTURE_COLUMNS, required=lambda _: required)
    if faults:
        raise InputError(faults)
    found: dict[str, set[int]] = {}
    for _, cells in rows:
        if cells.get("roi_number", "").isdecimal():
            found.setdefault(cells.get("patient", ""), set()).add(int(cells["roi_number"]))
    return found


def _append(table: Path, rows: Sequence[Mapping[str, str]]) -> None:
    before = table.read_bytes() if table.is_file() else b""
    line_end = "\r\n" if b"\r\n" in before else "\n"
    text = io.StringIO(newline="")
    known = before.decode("utf-8-sig")
    separator = separator_of(known)
    columns = next(csv.reader([known.splitlines()[0]], delimiter=separator)) if before else list(STRUCTURE_COLUMNS)
    writer = csv.DictWriter(
        text,
        [name.strip() for name in columns],
        restval="",
        extrasaction="ignore",
        lineterminator=line_end,
        delimiter=separator,
    )
    if not before:
        writer.writeheader()
    elif not before.endswith(b"\n"):
        text.write(line_end)
    writer.writerows(rows)
    with atomic_path(table) as temporary:
        temporary.write_bytes(before + text.getvalue().encode())
