"""Wrong inputs, planted in real files one by one and all together: what `lungtox check` and the stages say of them.

Each message must say who is concerned, what was expected, what was found and what to do, name nobody but by study ID,
and leave nothing behind.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pydicom
import pytest
import yaml
from pydicom.dataset import Dataset

from lungtox.cohort import AssembledCohort, assemble_cohort
from lungtox.cohort.config import CohortSettings, EndpointSettings
from lungtox.dose import compute_metrics_table, gather_metrics
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.errors import InputError
from lungtox.tables import write_parquet

PROJECT = Path(__file__).resolve().parents[2]
NAME, ID, OTHER_FRAME = "PLANTED^NAME", "PLANTED-ID-4711", "1.2.826.0.1.3680043.8.498.99"
UID = re.compile(r"\b[012](\.\d+){4,}")


def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of this Python with the library of this project."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "src"), "COLUMNS": "200"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def lungtox(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return run("-c", "from lungtox.cli import main; main()", *arguments, folder=folder)


class Cohort:
    """Tables of six patients in a folder of their own; DICOM files stand in for themselves until a fault is planted."""

    def __init__(self, demo: Path, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        (self.data / "inputs").mkdir(parents=True)
        for table in demo.glob("*.csv"):
            shutil.copy(table, self.data)
        for patient in (demo / "inputs").iterdir():
            (self.data / "inputs" / patient.name).symlink_to(patient)
        self.config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
        self.config["inputs"] = {name: f"data/{name}.csv" for name in self.config["inputs"]}

    def plant(self, patient: str, kind: str, change: Callable[[Dataset], None]) -> None:
        """Change one DICOM file of one patient."""
        own = self.data / "inputs" / patient
        if own.is_symlink():
            original = own.resolve()
            own.unlink()
            shutil.copytree(original, own, ignore=shutil.ignore_patterns("planning_ct"))
        dataset = pydicom.dcmread(own / f"{kind}.dcm")
        change(dataset)
        dataset.save_as(own / f"{kind}.dcm")

    def edit(self, table: str, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
        """Change the rows of one table."""
        path = self.data / f"{table}.csv"
        with path.open(newline="", encoding="utf-8") as stream:
            rows = change(list(csv.DictReader(stream)))
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def set(self, table: str, patient: str, column: str, value: str) -> None:
        """Write one cell: that of the patient's first row."""

        def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
            next(row for row in rows if row["patient"] == patient)[column] = value
            return rows

        self.edit(table, change)

    def check(self) -> tuple[int, str]:
        """Run `lungtox check`; give its exit status and what it printed, after looking for what must never be there."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")
        before = self.files()
        done = lungtox("check", "--stamp", ".snakemake/checked/x", folder=self.folder)
        printed = done.stdout + done.stderr
        assert_discreet(printed, self.folder)
        assert "Traceback" not in printed
        if done.returncode:
            assert self.files() == before
            assert not (self.folder / "results").exists()
            assert done.stdout == ""
        return done.returncode, printed

    def files(self) -> set[str]:
        """Everything that lies in the folder."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}


def assert_discreet(printed: str, folder: Path) -> None:
    """No name, identifier, UID or absolute path."""
    for secret in ("PLANTED", OTHER_FRAME, str(folder), str(PROJECT)):
        assert secret not in printed
    assert not re.search(r"(?<![\d.])4711(?!\d)", printed)  # digits of a volume or dose may hold it by chance
    assert not UID.search(printed)
    assert not re.search(r"(?<![\w.)\]])/\w+/\w+", printed), "an absolute path"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demo of six patients, whose DICOM files carry names and IDs as hospital files do."""
    folder = tmp_path_factory.mktemp("demo")
    done = lungtox("demo", "demo", "--patients", "6", folder=folder)
    assert done.returncode == 0, done.stderr
    for path in (folder / "demo" / "inputs").glob("*/*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientName, dataset.PatientID = NAME, ID
        dataset.save_as(path)
    return folder / "demo"


@pytest.fixture
def cohort(demo: Path, tmp_path: Path) -> Cohort:
    return Cohort(demo, tmp_path / "project")


# Each plants one fault in a cohort and gives the parts that the message must have: who, expected, found, action.


def unknown_key(cohort: Cohort) -> list[str]:
    cohort.config["dose"]["bin_widht_gy"] = cohort.config["dose"].pop("bin_width_gy")
    return ["config: dose.bin_widht_gy: expected a known key; found 'bin_widht_gy'. Did you mean 'bin_width_gy'?"]


def missing_column(cohort: Cohort) -> list[str]:
    cohort.edit("clinical", lambda rows: [{k: v for k, v in row.items() if k != "lung_disease"} for row in rows])
    return [
        "clinical table: expected a column 'lung_disease'; found none (columns: patient, age_y, sex",
        "Add the column",
        "correct the name in the config: association.families.clinical",
    ]


def not_in_clinical(cohort: Cohort) -> list[str]:
    cohort.edit("clinical", lambda rows: [row for row in rows if row["patient"] != "LT006"])
    return [
        "LT006 (patients.csv): expected a row in the clinical table; found none. Add the row",
        "name the patient under cohort.accepted_exclusions",
    ]


def not_listed(cohort: Cohort) -> list[str]:
    cohort.edit("patients", lambda rows: [row for row in rows if row["patient"] != "LT003"])
    return [
        "LT003 (clinical table): expected a row in patients.csv; found none. Add the patient's files",
        "LT003 (cytokine table): expected a row in patients.csv; found none",
        "LT003 (structures.csv, 8 lines from line 18): expected a row in patients.csv; found none",
    ]


def listed_twice(cohort: Cohort) -> list[str]:
    cohort.edit("patients", lambda rows: [*rows, rows[0]])
    return ["LT001: expected one row in patients.csv; found the same patient twice, on lines 2 and", "Keep one row"]


def clinical_twice(cohort: Cohort) -> list[str]:
    cohort.edit("clinical", lambda rows: [*rows, rows[0]])
    return ["LT001 (clinical table, line", "each patient once; found the same patient already on line 2. Keep the row"]


def one_dose_under_two_ids(cohort: Cohort) -> list[str]:
    files = {row["patient"]: row for row in csv.DictReader((cohort.data / "patients.csv").open(encoding="utf-8"))}
    for column in ("plan", "structures", "dose", "spect"):
        cohort.set("patients", "LT006", column, files["LT001"][column])
    return ["LT006: expected a dose of its own; found the same dose as LT001. Remove one of the two patients"]


def other_frame(cohort: Cohort) -> list[str]:
    cohort.plant("LT004", "dose", lambda dose: setattr(dose, "FrameOfReferenceUID", OTHER_FRAME))
    return [
        "LT004: expected dose and structures in one frame of reference (that of the planning CT); found two different",
        "Give the dose that was calculated on the CT of these structures",
    ]


def no_lung(cohort: Cohort) -> list[str]:
    def rename(structures: Dataset) -> None:
        for item in structures.StructureSetROISequence:
            if item.ROIName == "Lung_L":
                item.ROIName = "Zz_old"

    cohort.plant("LT005", "structures", rename)
    cohort.edit("structures", lambda rows: [r for r in rows if (r["patient"], r["structure"]) != ("LT005", "Lung_L")])
    return [
        "LT005: expected a structure with contours for Lung_L (part of Lungs-GTV); found no ROI accepted as Lung_L",
        "the structure set has ROI",
        "Accept the right ROI as Lung_L in structures.csv",
    ]


def cut_grid(cohort: Cohort) -> list[str]:
    """The upper third of the dose's planes is taken away."""

    def cut(dose: Dataset) -> None:
        frames, kept = dose.NumberOfFrames, 2 * dose.NumberOfFrames // 3
        dose.PixelData = dose.PixelData[: len(dose.PixelData) * kept // frames]
        dose.NumberOfFrames, dose.GridFrameOffsetVector = kept, dose.GridFrameOffsetVector[:kept]

    cohort.plant("LT006", "dose", cut)
    return [
        "LT006: expected a dose grid that covers 100 % of Lungs-GTV; found",
        "% of its volume outside the grid. Calculate the dose on a larger grid",
        "name Lungs-GTV under dose.allow_partial_coverage",
    ]


def relative_dose(cohort: Cohort) -> list[str]:
    cohort.plant("LT002", "dose", lambda dose: setattr(dose, "DoseUnits", "RELATIVE"))
    return ["LT002: expected DoseUnits GY; found DoseUnits RELATIVE. Export the absolute dose in Gy."]


def no_number(cohort: Cohort) -> list[str]:
    cohort.set("clinical", "LT005", "age_y", "52 years")
    return [
        "LT005 (clinical table, line 6, column age_y): expected a number from 0 to 120; found '52 years'",
        "Correct the cell (decimal point, no unit)",
    ]


def no_number_in_cytokines(cohort: Cohort) -> list[str]:
    cohort.set("cytokines", "LT004", "value", "3,02")
    return ["LT004 (cytokine table, line", "column value): expected a positive number", "found '3,02'"]


def malformed_plan(cohort: Cohort) -> list[str]:
    """A reference to a beam without its number, which PS3.3 forbids."""
    cohort.plant(
        "LT004",
        "plan",
        lambda plan: delattr(plan.FractionGroupSequence[0].ReferencedBeamSequence[0], "ReferencedBeamNumber"),
    )
    return ["LT004: expected usable values in the RTPLAN; found a value that is missing", "Export the RTPLAN again."]


def cut_off_file(cohort: Cohort) -> list[str]:
    cohort.plant("LT005", "dose", lambda dose: None)
    path = cohort.data / "inputs" / "LT005" / "dose.dcm"
    path.write_bytes(path.read_bytes()[:100_000])
    found = "a file that ends within an element. The file is cut off: copy it again."
    return ["LT005: expected a whole DICOM RTDOSE file", found]


def no_file(cohort: Cohort) -> list[str]:
    cohort.set("patients", "LT003", "dose", "inputs/LT003/gone.dcm")
    return ["LT003: expected a DICOM RTDOSE file; found no such file. Check the path."]


def name_for_id(cohort: Cohort) -> list[str]:
    cohort.set("clinical", "LT001", "patient", NAME)
    return [
        "clinical table, line 2, column patient: expected a study ID",
        "LT001 (patients.csv): expected a row in the clinical table; found none",
    ]


FAULTS = [
    unknown_key, missing_column, not_in_clinical, not_listed, listed_twice, clinical_twice, one_dose_under_two_ids,
    other_frame, no_lung, cut_grid, relative_dose, no_number, no_number_in_cytokines, malformed_plan, cut_off_file,
    no_file, name_for_id,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_says_who_expected_found_and_what_to_do(
    cohort: Cohort, fault: Callable[[Cohort], list[str]]
) -> None:
    words = fault(cohort)
    status, printed = cohort.check()
    assert status == 1, printed
    for part in words:
        assert part in printed


def test_all_faults_are_listed_in_one_go(cohort: Cohort) -> None:
    planted = [
        unknown_key, missing_column, not_in_clinical, not_listed, listed_twice, other_frame, no_lung, cut_grid,
        relative_dose, no_number, no_number_in_cytokines,
    ]  # fmt: skip
    # A fault of a table's rows is planted before rows are added or taken out, so that its lines stay.
    words = [part for fault in sorted(planted, key=lambda fault: fault is not_listed) for part in fault(cohort)]
    status, printed = cohort.check()
    assert status == 1
    assert [part for part in words if part not in printed] == []
    assert "faults would stop the run. Nothing was started or written." in printed


def test_a_config_that_cannot_be_used_at_all_says_that_nothing_else_was_looked_at(cohort: Cohort) -> None:
    cohort.config["endpoint"]["grade"] = "two"
    relative_dose(cohort)
    status, printed = cohort.check()
    assert status == 1
    assert "config: endpoint.grade: expected" in printed and "found 'two'" in printed
    assert "were not looked at: correct the config first" in printed


def test_a_lung_outside_the_grid_passes_where_the_config_names_it(cohort: Cohort) -> None:
    cut_grid(cohort)
    cohort.config["dose"]["allow_partial_coverage"] = ["Lungs-GTV", "Esophagus", "SpinalCord"]
    status, printed = cohort.check()
    assert status == 0, printed
    warning = r"warning: LT006: Lungs-GTV: the dose grid covers [\d.]+ % of the volume; [\d.]+ % lies outside"
    assert re.search(warning, printed)


def test_missing_spect_is_counted_and_stops_nothing(cohort: Cohort) -> None:
    for patient in ("LT002", "LT005"):
        cohort.set("patients", patient, "spect", "")
    cohort.plant(
        "LT003", "spect", lambda spect: setattr(spect, "ImageType", ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"])
    )
    status, printed = cohort.check()
    assert status == 0, printed
    assert "functional analyses use the 3 of 6 usable patients with a SPECT (none given for LT002, LT005)" in printed
    assert (
        "LT003: SPECT not usable: expected a reconstructed SPECT (RECON TOMO); found raw projections (TOMO)" in printed
    )
    assert "6 patients checked: nothing would stop the run" in printed


def test_an_unusable_patient_stops_no_other_and_the_cohort_lists_all(cohort: Cohort) -> None:
    relative_dose(cohort)  # LT002
    other_frame(cohort)  # LT004
    malformed_plan(cohort)  # LT004 too
    cohort.set("patients", "LT005", "spect", "")
    qa = extract(cohort)
    assert [entry["status"] for entry in qa] == ["ok", "unusable", "ok", "unusable", "ok", "ok"]
    assert [fault["code"] for fault in qa[3]["faults"]] == ["malformed", "frame-of-reference"]

    with pytest.raises(InputError) as stopped:
        assemble(cohort)
    assert {fault.who for fault in stopped.value.faults} == {"LT002", "LT004"}
    assert len(stopped.value.faults) == 3
    assert "name LT002 under cohort.accepted_exclusions, or set cohort.on_unusable: exclude" in str(stopped.value)
    with pytest.raises(InputError) as stopped:
        assemble(cohort, accepted_exclusions=["LT002"])
    assert {fault.who for fault in stopped.value.faults} == {"LT004"}

    for settings in ({"on_unusable": "exclude"}, {"accepted_exclusions": ["LT002", "LT004"]}):
        found = assemble(cohort, **settings)
        assert list(found.analysis["patient"]) == ["LT001", "LT003", "LT005", "LT006"]
        assert list(found.exclusions["patient"]) == ["LT002", "LT004"]
        assert list(found.exclusions["stage"]) == ["dose", "dose"]
        assert "found DoseUnits RELATIVE" in found.exclusions["reason"][0]
        assert found.analysis["fv20_pct"].isna().tolist() == [False, False, True, False]
        assert any("No perfusion SPECT for 1 of 4 patients: functional analyses use 3" in one for one in found.warnings)
        assert_discreet("\n".join([*found.exclusions["reason"], *found.warnings]), cohort.folder)


def hospital_table(cohort: Cohort, *, change: Callable[[list[dict[str, Any]]], None] = lambda rows: None) -> None:
    """Keep the clinical table as a workbook with names and patient IDs, and a key file beside it."""
    with (cohort.data / "clinical.csv").open(newline="", encoding="utf-8") as stream:
        rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    key = {row["patient"]: {"patient_id": f"{ID}-{number}"} for number, row in enumerate(rows)}
    (cohort.data / "key.json").write_text(json.dumps({"patients": key}), encoding="utf-8")
    (cohort.data / "key.json").chmod(0o600)
    for number, row in enumerate(rows):
        row |= {"patient": f"{ID}-{number}", "name": NAME, "age_y": row["age_y"].replace(".", ",")}
    change(rows)
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append([value or None for value in row.values()])
    book.save(cohort.data / "clinical.xlsx")
    (cohort.data / "clinical.csv").unlink()
    columns = {column: column for column in rows[0] if column != "name"}
    cohort.config["inputs"] |= {"clinical": "data/clinical.xlsx", "key": "data/key.json"}
    clinical = {"columns": columns, "decimal": ","}
    # The demo's numbers are text with a point; only the age was given a comma.
    clinical["columns"] = columns | {"fev1_pct": {"column": "fev1_pct", "decimal": "."}}
    cohort.config["tables"] = {"clinical": clinical}


def test_a_spreadsheet_with_names_and_patient_ids_gives_the_same_tables_and_shows_nobody(cohort: Cohort) -> None:
    expected = (cohort.data / "clinical.csv").read_text(encoding="utf-8").replace(".0,", ",")
    hospital_table(cohort)
    status, printed = cohort.check()
    assert status == 0, printed
    settings = {name: cohort.config.get(name) for name in ("inputs", "tables", "endpoint")}
    done = run(
        PROJECT / "scripts" / "read_tables.py", "--settings", json.dumps(settings), "--clinical", "read/clinical.csv",
        "--cytokines", "read/cytokines.csv", "--remarks", "read/tables.json", folder=cohort.folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (cohort.folder / "read" / "clinical.csv").read_text(encoding="utf-8") == expected
    for path in (cohort.folder / "read").iterdir():
        assert_discreet(path.read_text(encoding="utf-8"), cohort.folder)


def test_faults_of_a_spreadsheet_with_names_show_nobody(cohort: Cohort) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[1]["patient"] = f"{ID}-99"
        rows[2]["age_y"] = "61.5"
        rows[3]["rt_start_date"] = "03/04/2014"

    hospital_table(cohort, change=change)
    status, printed = cohort.check()
    assert status == 1
    assert (
        "clinical table, row 3, column patient: expected a patient ID of the key file; found another, which is"
        in printed
    )
    assert (
        "LT003 (clinical table, row 4, column age_y): expected a number with a decimal comma; found '61.5'" in printed
    )
    assert "LT004 (clinical table, row 5, column rt_start_date): expected a date with one reading" in printed
    done = lungtox("check", "--html", "check.html", folder=cohort.folder)
    assert done.returncode == 1
    assert_discreet((cohort.folder / "check.html").read_text(encoding="utf-8"), cohort.folder)


def extract(cohort: Cohort) -> list[dict[str, Any]]:
    """Run the extraction script for all patients; give the entries of qa.json."""
    settings = {"dose": cohort.config["dose"], "function": cohort.config["function"]}
    done = run(
        PROJECT / "scripts" / "extract_dose.py", "--patients", *(f"LT00{number}" for number in range(1, 7)),
        "--table", "data/patients.csv", "--structures", "data/structures.csv", "--settings", json.dumps(settings),
        "--dvh", "all.dvh.parquet", "--bounds", "all.bounds.parquet", "--sweep", "all.sweep.parquet",
        "--qa", "all.qa.json", folder=cohort.folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (cohort.folder / "all.qa.json").read_text(encoding="utf-8")
    assert_discreet(done.stdout + done.stderr + text, cohort.folder)
    function = FunctionSettings.model_validate(cohort.config["function"])
    metrics = compute_metrics_table(
        cohort.folder / "all.dvh.parquet", dose=DoseSettings.model_validate(cohort.config["dose"]), function=function
    )
    write_parquet(metrics, cohort.folder / "all.metrics.parquet")
    gather_metrics([cohort.folder / "all.metrics.parquet"], cohort.folder / "metrics.csv")
    entries: list[dict[str, Any]] = json.loads(text)
    return entries


def assemble(cohort: Cohort, **settings: Any) -> AssembledCohort:
    """Assemble the cohort from what `extract` wrote."""
    return assemble_cohort(
        metrics=cohort.folder / "metrics.csv",
        qa=[cohort.folder / "all.qa.json"],
        clinical=cohort.data / "clinical.csv",
        cytokines=cohort.data / "cytokines.csv",
        settings=CohortSettings.model_validate(cohort.config["cohort"] | settings),
        endpoint=EndpointSettings.model_validate(cohort.config["endpoint"]),
    )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--struct", "dose.dcm", "--dose", "dose.dcm"], 1, "RTSTRUCT: expected a DICOM RTSTRUCT file; found modality"),
        (["--struct", "structures.dcm", "--dose", "spect.dcm"], 1, "RTDOSE: expected a DICOM RTDOSE file; found mod"),
        (["--struct", "structures.dcm", "--dose", "relative.dcm"], 1, "found DoseUnits RELATIVE. Export the absolute"),
        (["--struct", "structures.dcm", "--dose", "frame.dcm"], 1, "dose and structures in one frame of reference"),
        (["--struct", "structures.dcm", "--dose", "text.dcm"], 1, "found a file that is not DICOM. Give the right"),
        (["--struct", "structures.dcm", "--dose", "dose.dcm", "--structure", "Lungs"], 1, "found Lung_L, Lung_R, GTV"),
        (["--struct", "structures.dcm"], 2, "Missing option '--dose'"),
        (["--struct", "structures.dcm", "--dose", "dose.dcm", "--metric", "V20"], 2, "V20Gy[%]"),
        (["--struct", "structures.dcm", "--dose", "dose.dcm", "--metrics", "V20Gy"], 2, "No such option"),
    ],
)
def test_dvh_refuses_wrong_files_with_1_and_wrong_usage_with_2(
    files: Path, arguments: list[str], status: int, words: str
) -> None:
    paths = [files / text if text.endswith(".dcm") else text for text in arguments]
    done = lungtox("dvh", *paths, folder=files)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert_discreet(done.stderr, files)


@pytest.fixture(scope="module")
def files(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One patient's files, and wrong ones beside them."""
    folder = tmp_path_factory.mktemp("files")
    for path in (demo / "inputs" / "LT002").glob("*.dcm"):
        shutil.copy(path, folder)
    for name, keyword, value in (("relative", "DoseUnits", "RELATIVE"), ("frame", "FrameOfReferenceUID", OTHER_FRAME)):
        dose = pydicom.dcmread(folder / "dose.dcm")
        setattr(dose, keyword, value)
        dose.save_as(folder / f"{name}.dcm")
    (folder / "text.dcm").write_text(f"{NAME} {ID}", encoding="utf-8")
    return folder
