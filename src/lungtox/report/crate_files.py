"""What the run's record says about each file: its kind, its checksum, and whether it holds rows of single patients."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lungtox.figures import CAPTIONS
from lungtox.provenance import file_checksum

KINDS = {
    ".csv": "text/csv", ".json": "application/json", ".parquet": "application/vnd.apache.parquet", ".html": "text/html",
    ".png": "image/png", ".svg": "image/svg+xml", ".pdf": "application/pdf", ".tex": "application/x-tex",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".yaml": "application/yaml",
    ".md": "text/markdown", ".py": "text/x-python", ".smk": "text/x-python", ".rst": "text/x-rst",
}  # fmt: skip
"""Ending of a file -> its media type; anything else is plain text."""
STAGES = {
    "dose": "Dose-volume histograms, quality records and dose metrics of the patients.",
    "cohort": "Who is analysed: analysis table, exclusions, Table 1, flow.",
    "association": "Single factors and cytokines against the outcome.",
    "models": "Logistic models with internal validation.",
    "added_value": "What each step of predictors adds.",
    "roc": "Discrimination of single metrics.",
    "time": "Incidence with competing deaths, Cox models.",
    "missing": "Patterns of missing values, models with gaps imputed.",
    "function": "Sensitivity of functional metrics to what was chosen.",
    "ntcp": "Dose response: fits to this cohort, published models.",
    "agreement": "Agreement of two sources of dose.",
    "fractionation": "Schedules of equal tumour effect.",
    "dvh_curves": "Curves fitted to DVHs of a moved structure.",
    "delivered": "Delivered against planned dose.",
    "printed": "A published paper beside these patients.",
    "pages": "Pictures of patients and of registrations.",
    "figures": "Figures, each with the table behind it.",
    "tables": "Tables for a paper.",
    "crate": "The workflow and the config that made the results.",
}
"""Folder below the results -> what is in it."""
WITH_TIME = ("report.html", "provenance.json")
"""Files that hold the time at which they were written; they have no checksum here, or no two records were alike."""
ACCESS = (
    "Holds data or pictures of single patients under study IDs. Before it leaves the institution: check consent, "
    "ethics vote and data protection."
)
PATIENT_PICTURES = ("pages/", "figures/contact_sheet.")
PATIENT_TEXTS = ("report.html", "report.docx", "cohort/warnings.json", "cohort/tables.json")
PATIENT_COLUMNS = ("patient", "subject")


@dataclass(frozen=True)
class CrateFile:
    """One file of the results.

    Attributes
    ----------
    name : str
        Below the results folder, with ``/``.
    properties : dict
        ``name, encodingFormat, contentSize, sha256`` (not of files with a time in them), ``description`` and
        ``conditionsOfAccess`` where there is something to say.
    """

    name: str
    properties: dict[str, Any]

    @property
    def stage(self) -> str:
        """The folder below the results; empty for a file that stands in them directly."""
        parts = PurePosixPath(self.name).parts
        return parts[0] if len(parts) > 1 else ""


def describe_files(folder: str | Path, names: Sequence[str]) -> list[CrateFile]:
    """Describe files of a results folder, in order of their names.

    Parameters
    ----------
    folder : path of the results
    names : sequence of str
        Below the folder, with ``/``; one that is named twice counts once.
    """
    return [_describe(Path(folder), name) for name in sorted(set(names))]


def kind_of(name: str) -> str:
    """Give the media type of a file by the ending of its name."""
    file = PurePosixPath(name)
    return KINDS.get(file.suffix, "text/plain")


def _describe(folder: Path, name: str) -> CrateFile:
    path = folder / name
    found: dict[str, Any] = {"name": PurePosixPath(name).name, "encodingFormat": kind_of(name)}
    if name in WITH_TIME:
        found["description"] = "Holds the time at which it was written; therefore without size and checksum here."
    else:
        found |= {"contentSize": str(path.stat().st_size), "sha256": file_checksum(path)}
    if name == "README.md":
        found["about"] = {"@id": "./"}
    if name.startswith("figures/") and path.stem in CAPTIONS:
        found["description"] = CAPTIONS[path.stem] if path.suffix != ".csv" else f"Values of figures/{path.stem}."
    if _holds_patients(path, name):
        found["conditionsOfAccess"] = ACCESS
    return CrateFile(name, found)


def _holds_patients(path: Path, name: str) -> bool:
    """Tell whether a file has rows, entries or pictures of single patients."""
    if name.startswith(PATIENT_PICTURES) or name.endswith(".qa.json") or name in PATIENT_TEXTS:
        return True
    if path.suffix == ".csv":
        with path.open(encoding="utf-8") as stream:
            columns = stream.readline().rstrip("\n").split(",")
        return any(column in columns for column in PATIENT_COLUMNS)
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return any(column in pq.read_schema(path).names for column in PATIENT_COLUMNS)
    if path.suffix == ".json" and not name.startswith("crate/") and name not in WITH_TIME:
        return '"patient":' in json.dumps(json.loads(path.read_text(encoding="utf-8")))
    return False
