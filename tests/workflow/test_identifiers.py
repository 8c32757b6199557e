"""A whole run on an indexed export whose files, folder and tables carry identifiers: none of them may come out.

It has a config of its own, beside the results of the demo: those stay as they are.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import json
import random
import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
import yaml

from tests.workflow.conftest import Workspace

PATIENTS = 8
FOLDER = "Saint_Elsewhere_Hospital"
HOSPITAL = "Saint Elsewhere Memorial"
BIRTH_DATE = "19470213"


def planted_name(number: int) -> str:
    return f"Plantagenet{number:02d}^Rosamund{number:02d}"


def planted_id(number: int) -> str:
    return f"MRN{7_340_011 + 17 * number}"


def plant(demo: Path, export: Path) -> tuple[dict[str, str], set[str]]:
    """Write the demo's files into one flat folder, with identifiers; give study ID -> planted ID, and all UIDs."""
    export.mkdir(parents=True)
    with (demo / "patients.csv").open(newline="", encoding="utf-8") as stream:
        patients = [row["patient"] for row in csv.DictReader(stream)][:PATIENTS]
    ids, uids, files = {}, set(), []
    for number, patient in enumerate(patients):
        ids[patient] = planted_id(number)
        for path in sorted((demo / "inputs" / patient).rglob("*.dcm")):
            dataset = pydicom.dcmread(path)
            dataset.PatientName, dataset.PatientID = planted_name(number), planted_id(number)
            dataset.PatientBirthDate, dataset.InstitutionName = BIRTH_DATE, HOSPITAL
            dataset.AccessionNumber = f"ACC{planted_id(number)}"
            names = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
            uids |= {str(dataset[name].value) for name in names if name in dataset}
            files.append(dataset)
    random.Random(4).shuffle(files)
    for number, dataset in enumerate(files):
        dataset.save_as(export / f"{number:05d}")
    return ids, uids


def rewrite(source: Path, target: Path, ids: dict[str, str]) -> None:
    """Write a table of the demo under the hospital's patient IDs."""
    with source.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"patient": ids[row["patient"]]} for row in rows if row["patient"] in ids)


def accept(structures: Path) -> None:
    """Do what a person does with the proposals: accept those for a structure."""
    with structures.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with structures.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"accepted_by": "AB" if row["structure"] else ""} for row in rows)


def holds(content: bytes, needle: str) -> bool:
    """Look for an identifier; one of figures only does not count within a longer number, such as a volume's digits."""
    if needle.encode() not in content:
        return False
    return not needle.isdigit() or re.search(rf"(?<!\d){needle}(?!\d)".encode(), content) is not None


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give all that a run left: names and bytes, with tables of Parquet and names in base64 read."""
    import pyarrow.parquet as pq

    for root in (folder / "results", folder / ".snakemake"):
        for path in sorted(root.rglob("*")):
            name = path.relative_to(folder).as_posix()
            yield name, name.encode()
            with contextlib.suppress(ValueError):  # Snakemake names its records so
                yield name, base64.b64decode(path.name, validate=True)
            if path.is_file():
                yield name, path.read_bytes()
            if path.suffix in (".docx", ".xlsx"):
                with zipfile.ZipFile(path) as archive:
                    yield name, b" ".join(archive.read(entry) for entry in archive.namelist())
            if path.suffix == ".parquet":
                table = pq.read_table(path)
                texts = [str(table.schema.metadata), *(str(column.unique().to_pylist()) for column in table.columns)]
                yield name, " ".join(texts).encode()


@pytest.mark.parametrize(
    "left_out", [("ladder", "missing", "time"), pytest.param((), marks=pytest.mark.slow)], ids=["most", "everything"]
)
def test_no_identifier_comes_out_of_a_run(
    finished_run: Workspace, copy_of: Callable[[Workspace], Workspace], left_out: tuple[str, ...]
) -> None:
    workspace = copy_of(finished_run)
    before = workspace.bytes_of_results()
    times = _times(workspace.folder / "results")
    folder, demo = workspace.folder, workspace.folder / "data" / "demo"
    export, mine = folder.parent / FOLDER, folder / "data" / "mine"
    ids, uids = plant(demo, export)
    indexed = workspace.command("lungtox", "index", str(export), "--out", "data/mine")
    assert indexed.returncode == 0, indexed.stdout + indexed.stderr
    key = folder / "data" / "mine.key.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    accept(mine / "structures.csv")
    for name in ("clinical", "cytokines"):
        rewrite(demo / f"{name}.csv", mine / f"{name}.csv", ids)
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["inputs"] = {
        name: f"data/mine/{name}.csv" for name in ("patients", "structures", "clinical", "cytokines")
    } | {"key": "data/mine.key.json"}
    for section in left_out:
        del config[section]
    if left_out:
        config["models"] = {"dose_clinical": config["models"]["dose_clinical"]}
        config["ntcp"]["fits"] = {"lkb_mean_dose": config["ntcp"]["fits"]["lkb_mean_dose"]}
    (folder / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    status, output = workspace.run("--config", "mine.yaml")
    assert status == 0, output
    assert (folder / "results/mine/report.html").is_file()
    assert {path: when for path, when in _times(folder / "results").items() if path in times} == times
    shown = indexed.stdout + indexed.stderr + output
    # With the figure that follows: a theme of Word documents names the font Plantagenet Cherokee.
    needles = {FOLDER, HOSPITAL, BIRTH_DATE, "Plantagenet0", "Rosamund", *ids.values(), *uids}
    assert len(ids) == PATIENTS and len(uids) > PATIENTS
    terminal = sorted(needle for needle in needles if needle in shown)
    assert terminal == []
    leaks = {f"{name}: {needle}" for name, content in written(folder) for needle in needles if holds(content, needle)}
    assert sorted(leaks)[:10] == []
    # The study IDs of the key are what stands there instead.
    known = json.loads(key.read_text(encoding="utf-8"))
    assert all(planted in key.read_text(encoding="utf-8") for planted in ids.values())
    assert any(study in json.dumps(known) for study in _analysed(folder / "results" / "mine" / "cohort"))
    shutil.rmtree(folder / "results/mine")
    assert workspace.bytes_of_results() == before


def _times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def _analysed(cohort: Path) -> list[str]:
    with (cohort / "analysis.csv").open(newline="", encoding="utf-8") as stream:
        found = [row["patient"] for row in csv.DictReader(stream)]
    assert len(found) == PATIENTS
    return found
