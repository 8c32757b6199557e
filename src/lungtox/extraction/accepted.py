"""structures.csv: which ROI is which structure, by a person or by a score that the config allows."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lungtox.errors import Fault
from lungtox.extraction.table_rows import is_study_id, read_rows
from lungtox.naming import CANONICAL_STRUCTURES, TARGETS

STRUCTURE_COLUMNS = ("patient", "roi_number", "roi_name", "structure", "match", "score", "accepted_by", "note")
MATCHES = ("exact", "alias", "fuzzy", "manual")
_REQUIRED = ("patient", "roi_number", "roi_name", "structure", "accepted_by")


@dataclass(frozen=True)
class AcceptedRoi:
    """A ROI that was accepted as a canonical structure, or is proposed as one.

    Attributes
    ----------
    number : int
    name : str
        As in the structure set; never written anywhere, it may tell who the patient is.
    structure : str
    match : str
        exact | alias | fuzzy | manual: how the name was read.
    score : float or None
        0 to 100.
    automatic : bool
        Accepted by its score, not by a person.
    """

    number: int
    name: str
    structure: str
    match: str = "manual"
    score: float | None = None
    automatic: bool = False


@dataclass(frozen=True)
class ReadRois:
    """Rows of structures.csv by study ID.

    Attributes
    ----------
    accepted : dict of str to list of AcceptedRoi
    proposals : dict of str to list of AcceptedRoi
        Not accepted, for structures that the patient does not have yet (or for targets, of which there may be more).
    faults : list of Fault
    """

    accepted: dict[str, list[AcceptedRoi]] = field(default_factory=dict)
    proposals: dict[str, list[AcceptedRoi]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_rois(
    path: Path,
    *,
    known: Collection[str] | None,
    accept_from_score: float | None = None,
    any_structure: Collection[str] = (),
) -> ReadRois:
    """Read structures.csv.

    Parameters
    ----------
    path : Path
    known : collection of str or None
        Study IDs of patients.csv; None does not compare them.
    accept_from_score : float, optional
        Accept a row without ``accepted_by`` from this score. An organ with several such rows stays open.
    any_structure : collection of str
        Study IDs with a DVH export: DVHs cannot be composed, so its structures may be analysed ones of the config.

    Raises
    ------
    InputError
        The table cannot be read at all.
    """
    table, faults = read_rows(path, columns=STRUCTURE_COLUMNS, required=lambda _: _REQUIRED)
    found = ReadRois(faults=faults)
    if faults:
        return found
    strangers: dict[str, list[int]] = {}
    waiting: dict[str, list[AcceptedRoi]] = {}
    seen: set[tuple[str, int]] = set()
    for line, cells in table:
        if "structure" not in cells:
            continue
        patient = cells.get("patient", "")
        own = list(_roi_faults(cells, f"{path.name} line {line}", any_structure=patient in any_structure))
        if known is not None and patient not in known:
            strangers.setdefault(patient if is_study_id(patient) else "", []).append(line)
            continue
        if own:
            found.faults.extend(own)
            continue
        roi = _roi(cells)
        if (patient, roi.number) in seen:
            again, action = f"ROI {roi.number} twice", "Keep one of the rows."
            found.faults.append(Fault(patient, f"each ROI once in {path.name}", again, action, "roi-twice"))
        elif "accepted_by" not in cells:
            waiting.setdefault(patient, []).append(roi)
        else:
            found.faults.extend(_accept(found.accepted.setdefault(patient, []), roi, patient, path.name))
        seen.add((patient, roi.number))
    for patient, proposals in waiting.items():
        rois = found.accepted.setdefault(patient, [])
        found.proposals[patient] = _accept_by_score(rois, proposals, accept_from_score)
    found.faults.extend(_stranger(patient, path.name, lines) for patient, lines in strangers.items())
    return found


def _roi(cells: dict[str, str]) -> AcceptedRoi:
    score = float(cells["score"]) if "score" in cells else None
    name, match = cells.get("roi_name", ""), cells.get("match", "manual")
    return AcceptedRoi(int(cells["roi_number"]), name, cells["structure"], match, score)


def _accept(rois: list[AcceptedRoi], roi: AcceptedRoi, patient: str, table: str) -> Iterator[Fault]:
    """Add a ROI; several may be one target and are joined, an organ is one ROI."""
    if roi.structure not in TARGETS and any(other.structure == roi.structure for other in rois):
        found, action = f"{roi.structure} twice", f"Accept one ROI as {roi.structure}."
        yield Fault(patient, f"each organ once in {table}", found, action, "structure-twice")
    else:
        rois.append(roi)


def _accept_by_score(
    rois: list[AcceptedRoi], proposals: Sequence[AcceptedRoi], accept_from_score: float | None
) -> list[AcceptedRoi]:
    """Accept what the score allows into `rois`; give the proposals that still matter."""
    taken, numbers = {roi.structure for roi in rois}, {roi.number for roi in rois}
    open_ones = [
        roi
        for roi in proposals
        if roi.number not in numbers and (roi.structure in TARGETS or roi.structure not in taken)
    ]
    if accept_from_score is None:
        return open_ones
    good = [roi for roi in open_ones if roi.score is not None and roi.score >= accept_from_score]
    kept = []
    for roi in open_ones:
        rivals = [other for other in good if other.structure == roi.structure]
        if roi in good and (roi.structure in TARGETS or len(rivals) == 1):
            rois.append(replace(roi, automatic=True))
        elif roi.structure in TARGETS or len(rivals) != 1:
            kept.append(roi)
    return kept


def _stranger(patient: str, table: str, lines: Sequence[int]) -> Fault:
    """Name a patient who has ROIs and no row in patients.csv: once, not once for each ROI."""
    place = f"{table} line {lines[0]}" if len(lines) == 1 else f"{table}, {len(lines)} lines from line {lines[0]}"
    who = f"{patient} ({place})" if patient else f"{place}, without a study ID"
    action = "Add the patient's files to patients.csv, or remove the lines."
    return Fault(who, "a row in patients.csv", "none", action, "patient-not-listed")


def _roi_faults(cells: dict[str, str], who: str, *, any_structure: bool) -> Iterator[Fault]:
    if cells["structure"] not in CANONICAL_STRUCTURES and not any_structure:
        near = difflib.get_close_matches(cells["structure"], CANONICAL_STRUCTURES, n=1, cutoff=0.0)[0]
        expected = f"one of {', '.join(CANONICAL_STRUCTURES)} in the column structure"
        yield Fault(who, expected, repr(cells["structure"]), f"Did you mean {near!r}?", "structure-name")
    elif not cells.get("roi_number", "").isdecimal():
        found = repr(cells.get("roi_number", ""))
        yield Fault(who, "a whole number in the column roi_number", found, "Copy it from the structure set.", "number")
    if cells.get("match", "manual") not in MATCHES:
        action = "Write manual where a person chose the structure."
        yield Fault(who, f"one of {', '.join(MATCHES)} in the column match", repr(cells["match"]), action, "match")
    if not _is_score(cells.get("score", "0")):
        action = "Copy the score of the proposal, or leave the cell empty."
        yield Fault(who, "a number from 0 to 100 in the column score", repr(cells["score"]), action, "score")


def _is_score(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 100.0
    except ValueError:
        return False
