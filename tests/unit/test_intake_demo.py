"""`lungtox index` on the demo cohort, shuffled into one flat folder: whole, damaged, and growing."""

import csv
import os
import shutil
import stat
from pathlib import Path

import pydicom
import pytest
import yaml
from pydicom.dataset import Dataset

from lungtox.cli import main
from lungtox.config import load_config
from lungtox.errors import InputError
from lungtox.extraction import extract_patient, read_patients
from lungtox.intake import index_folder
from lungtox.synthetic import write_demo
from tests.unit.shuffled_demo import Export, Indexed, shuffle

PROJECT = Path(__file__).parents[2]
PATIENTS = 24  # three of them with a planning CT
UID = "2.25.99999"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "cohort"
    write_demo(folder, patients=PATIENTS)
    return folder


@pytest.fixture(scope="module")
def whole(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return Indexed(shuffle(demo, folder / "export"), folder / "mine")


def same_tables(demo, indexed):
    """Compare patients.csv and the files behind it with the demo's own."""
    with (demo / "patients.csv").open(newline="") as stream:
        expected = list(csv.DictReader(stream))
    assert len(indexed.rows("patients.csv")) == len(expected)
    for row in expected:
        study = indexed.of(row["patient"])
        found = indexed.row(row["patient"])
        assert {column: cell for column, cell in found.items() if cell} == {
            column: cell.replace(row["patient"], study) for column, cell in row.items() if cell
        }
        originals = sorted((demo / "inputs" / row["patient"]).rglob("*.dcm"))
        for original in originals:
            link = indexed.out / "inputs" / study / original.relative_to(demo / "inputs" / row["patient"])
            assert link.samefile(original)
        assert len(originals) == sum(path.is_file() for path in (indexed.out / "inputs" / study).rglob("*"))


def test_the_shuffled_demo_is_indexed_back_to_its_own_tables(demo, whole):
    same_tables(demo, whole)
    assert (whole.result.added, whole.result.left_out, whole.result.apart) == (PATIENTS, 0, 0)
    assert whole.result.faults == whole.result.notes == ()
    with (demo / "structures.csv").open(newline="") as stream:
        expected = {(whole.of(r["patient"]), r["roi_number"], r["roi_name"]) for r in csv.DictReader(stream)}
    assert {(r["patient"], r["roi_number"], r["roi_name"]) for r in whole.rows("structures.csv")} == expected
    assert not any(row["accepted_by"] for row in whole.rows("structures.csv"))
    proposed = {row["roi_name"]: row["structure"] for row in whole.rows("structures.csv")}
    assert (proposed["Lung_L"], proposed["BODY"]) == ("Lung_L", "Body")


@pytest.mark.slow
def test_the_whole_demo_cohort_is_indexed_back(tmp_path):
    write_demo(tmp_path / "demo", patients=120)
    same_tables(tmp_path / "demo", Indexed(shuffle(tmp_path / "demo", tmp_path / "export"), tmp_path / "mine"))


def test_the_key_file_is_for_its_owner_only_and_apart(whole):
    path = whole.out.with_name("mine.key.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for place in (whole.out / "key.json", Path("results") / "x" / "key.json"):
        with pytest.raises(InputError, match="a place apart from the cohort"):
            index_folder(whole.export.folder, whole.out, key=place)


def test_no_identifier_in_what_is_written_and_printed(demo, tmp_path, capfd):
    export = shuffle(demo, tmp_path / "Mueller Anna 1961", patients=4)
    export.file("LT002", "dose.dcm").unlink()
    export.change("LT003", "plan.dcm", lambda dataset: setattr(dataset, "PatientName", "Mueller^Anna"))
    export.change("LT003", "structures.dcm", lambda d: setattr(d.StructureSetROISequence[0], "ROIName", "Demo lung"))
    bad = export.file("LT004", "spect.dcm")
    bad.write_bytes(bad.read_bytes()[:-4000])
    out = tmp_path / "mine"
    main_status(["index", str(export.folder), "--out", str(out)])
    printed = "".join(capfd.readouterr())
    uids = {str(pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID) for p in export.folder.iterdir()}
    secrets = {"mueller", "anna", "1961", "demo-0", "demo^", "demo lung", "im0000", str(tmp_path).lower(), *uids}
    texts = [printed, *(path.read_text() for path in out.glob("*.csv"))]
    texts += [str(path.relative_to(out)) for path in out.rglob("*")]
    assert len(texts) > 20
    for text in texts:
        assert not [secret for secret in secrets if secret in text.lower()]


def main_status(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code


def test_an_indexed_patient_passes_check_and_extraction(demo, whole, tmp_path, capsys):
    out = tmp_path / "mine"
    shutil.copytree(whole.out, out, symlinks=True)
    accept(out)
    study = whole.of("LT001")
    rows = read_patients(out / "patients.csv", structures=out / "structures.csv")
    config = load_config(PROJECT / "config.yaml")
    mine = extract_patient(
        next(row for row in rows if row.patient == study), dose=config.dose, function=config.function
    )
    own = extract_patient(
        read_patients(demo / "patients.csv", structures=demo / "structures.csv", only=["LT001"])[0],
        dose=config.dose,
        function=config.function,
    )
    assert mine.qa["status"] == "ok"
    assert [(d.structure, d.weighting, d.quantity, d.mean_gy) for d in mine.dvhs] == [
        (d.structure, d.weighting, d.quantity, d.mean_gy) for d in own.dvhs
    ]
    raw = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    raw["inputs"] = {name: str(out / f"{name}.csv") for name in raw["inputs"]}
    for name in ("clinical", "cytokines"):
        text = (demo / f"{name}.csv").read_text()
        for patient in (f"LT{number:03d}" for number in range(1, PATIENTS + 1)):
            text = text.replace(patient, whole.of(patient))
        (out / f"{name}.csv").write_text(text)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(raw))
    assert main_status(["check", str(tmp_path / "mine.yaml")]) == 0
    assert f"{PATIENTS} patients checked: nothing would stop the run" in capsys.readouterr().out


def accept(out):
    """Accept every proposal, as a person would in a spreadsheet."""
    with (out / "structures.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["accepted_by"] = "AB" if row["structure"] else ""
    with (out / "structures.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_a_growing_folder_adds_rows_and_changes_none(demo, tmp_path):
    export = shuffle(demo, tmp_path / "export", patients=6)
    waiting = [path for file, path in export.place.items() if "LT005" in file or "LT006" in file]
    (tmp_path / "later").mkdir()
    for path in waiting:
        path.rename(tmp_path / "later" / path.name)
    first = Indexed(export, tmp_path / "mine")
    assert (first.result.added, first.result.kept) == (4, 0)
    accept(first.out)
    before = {name: (first.out / name).read_bytes() for name in ("patients.csv", "structures.csv")}
    studies = dict(first.study)
    for path in waiting:
        (tmp_path / "later" / path.name).rename(path)
    export.add("LT001", "dose.dcm", "another", lambda dataset: None)
    again = Indexed(export, tmp_path / "mine")
    assert (again.result.added, again.result.kept) == (2, 4)
    for name, old in before.items():
        new = (again.out / name).read_bytes()
        assert new.startswith(old) and len(new) > len(old)
    assert studies.items() <= again.study.items()
    assert again.notes("LT001") == {"patient-grew"}
    third = Indexed(export, tmp_path / "mine")
    assert (third.result.added, third.result.kept) == (0, 6)
    assert (third.out / "patients.csv").read_bytes() == new_bytes(again, "patients.csv")


def new_bytes(indexed, name):
    return (indexed.out / name).read_bytes()


def test_without_its_key_file_a_cohort_is_not_extended(demo, tmp_path):
    export = shuffle(demo, tmp_path / "export", patients=1)
    out = Indexed(export, tmp_path / "mine").out
    out.with_name("mine.key.json").unlink()
    with pytest.raises(InputError, match="study IDs would change"):
        index_folder(export.folder, out)


def test_files_can_be_copied(demo, tmp_path):
    indexed = Indexed(shuffle(demo, tmp_path / "export", patients=1), tmp_path / "mine", copy=True)
    files = [path for path in (indexed.out / "inputs").rglob("*") if path.is_file()]
    assert files and not any(path.is_symlink() for path in files)


# --- damage: kind -> what is done to which patient, and what index says of it ---------------------------------------


def _cut(path: Path, keep: float) -> Path:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


def _second_plan(export: Export) -> None:
    """An approved plan with its own dose beside the unapproved one of the demo."""
    plan = export.add("LT010", "plan.dcm", "plan-2", lambda d: setattr(d, "ApprovalStatus", "APPROVED"))
    uid = pydicom.dcmread(plan).SOPInstanceUID
    export.add(
        "LT010", "dose.dcm", "dose-2", lambda d: setattr(d.ReferencedRTPlanSequence[0], "ReferencedSOPInstanceUID", uid)
    )


def _later_structures(export: Export) -> None:
    def later(dataset: Dataset) -> None:
        dataset.StructureSetDate = "20991231"

    export.add("LT012", "structures.dcm", "set-2", later)


def _without_meta(export: Export) -> None:
    path = export.file("LT014", "plan.dcm")
    dataset = pydicom.dcmread(path)
    path.unlink()
    del dataset.file_meta
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)


def _big_private_element(dataset: Dataset) -> None:
    dataset.private_block(0x0009, "VENDOR", create=True).add_new(0x10, "OB", bytes(1 << 24))


def _private_element_without_end(export: Export) -> Path:
    """An element that announces 2 GB more than the file has."""
    path = export.change("LT022", "plan.dcm", lambda dataset: None)
    content = path.read_bytes()
    end = content.index(b"\x08\x00\x05\x00CS")
    path.write_bytes(content[:end] + b"\x07\x00\x10\x10OB\0\0\xff\xff\xff\x7f" + content[end:])
    return path


def _encapsulated_pdf(export: Export) -> Path:
    path = export.add("LT011", "plan.dcm", "document", lambda dataset: None)
    dataset = pydicom.dcmread(path)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    dataset.Modality = "DOC"
    dataset.save_as(path, enforce_file_format=True)
    return path


def _set(keyword: str, value: object):
    return lambda dataset: setattr(dataset, keyword, value)


# Patient -> (damage, code of the fault that leaves the patient out or "" for one who is added, code of the file apart)
LEFT_OUT = {
    "a dose that is cut off": ("LT002", "dose-missing", "truncated"),
    "a structure set that calls itself a plan": ("LT003", "structures-missing", "modality-mixed"),
    "a dose without structures": ("LT005", "structures-missing", "no-structures"),
    "a plan filed under another patient": ("LT006", "other-patient", ""),
    "no dose": ("LT008", "dose-missing", ""),
    "two doses of one plan": ("LT009", "choose-dose", ""),
    "a dose without frame of reference": ("LT015", "frame-missing", ""),
    "a dose in another frame of reference": ("LT016", "frame-of-reference", ""),
    "a dose without Patient ID": ("LT017", "dose-missing", "no-patient-id"),
    "another patient's name on one file": ("LT018", "mixed-identity", ""),
    "pixels of zero bytes": ("LT019", "dose-missing", "pixels"),
    "the dose of a beam only": ("LT020", "dose-part", "dose-part"),
    "one SOP instance with two contents": ("LT023", "choose-dose", ""),
    "a rejected plan": ("LT024", "choose-plan", ""),
}


@pytest.fixture(scope="module")
def damaged(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    export = shuffle(demo, folder / "export")
    file, change, add = export.file, export.change, export.add
    apart = {
        "LT002": _cut(file("LT002", "dose.dcm"), 0.5),
        "LT003": change("LT003", "structures.dcm", _set("Modality", "RTPLAN")),
        "LT005": file("LT005", "dose.dcm"),
        "LT017": change("LT017", "dose.dcm", _set("PatientID", "")),
        "LT019": change("LT019", "dose.dcm", _set("PixelData", b"")),
        "LT020": change("LT020", "dose.dcm", _set("DoseSummationType", "BEAM")),
    }
    change("LT001", "plan.dcm", _big_private_element)
    projections = change("LT004", "spect.dcm", _set("ImageType", ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]))
    file("LT005", "structures.dcm").unlink()
    change("LT006", "plan.dcm", _set("PatientID", "DEMO-00007"))
    change("LT006", "plan.dcm", _set("PatientName", "DEMO^LT007"))
    file("LT008", "dose.dcm").unlink()
    add("LT009", "dose.dcm", "dose-again", lambda dataset: None)
    _second_plan(export)
    slice_apart = _cut(file("LT011", "planning_ct/0040.dcm"), 0.9)
    pdf = _encapsulated_pdf(export)
    _later_structures(export)
    copy = Path(shutil.copy(file("LT013", "dose.dcm"), export.folder / "copy"))
    _without_meta(export)
    change("LT015", "dose.dcm", lambda dataset: dataset.__delattr__("FrameOfReferenceUID"))
    change("LT016", "dose.dcm", _set("FrameOfReferenceUID", UID))
    change("LT018", "structures.dcm", _set("PatientName", "OTHER^ONE"))
    endless = _private_element_without_end(export)
    twin = pydicom.dcmread(file("LT023", "dose.dcm"))
    twin.DoseGridScaling = "0.5"
    twin.save_as(export.folder / "twin", enforce_file_format=True)
    change("LT024", "plan.dcm", _set("ApprovalStatus", "REJECTED"))
    text = export.folder / "notes.txt"
    text.write_text("Dose was recalculated in March.")
    empty = export.folder / "nothing"
    empty.touch()
    loop = export.folder / "loop"
    loop.symlink_to(loop)
    lost = export.folder / "lost"
    lost.symlink_to(export.folder / "not there")
    circle = export.folder / "circle"
    circle.symlink_to(export.folder, target_is_directory=True)
    pipe = export.folder / "pipe"
    os.mkfifo(pipe)
    others = {
        "not-reconstructed": projections, "truncated": slice_apart, "modality": pdf, "duplicate": copy, "empty": empty,
        "not-dicom": text, "unreadable": loop, "broken-link": lost, "folder-link": circle, "not-a-file": pipe,
    }  # fmt: skip
    return Indexed(export, folder / "mine"), apart, others, endless


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_a_damaged_patient_is_left_out_and_named(damaged, kind):
    indexed, apart, _, _ = damaged
    patient, fault, code = LEFT_OUT[kind]
    assert indexed.row(patient) is None
    assert indexed.faults(patient) == {fault}
    if code:
        assert code in indexed.apart(apart[patient])


def test_files_that_belong_to_nobody_or_to_no_analysis_are_set_apart_by_kind(damaged):
    indexed, _, others, endless = damaged
    for code, path in others.items():
        if code != "duplicate":  # which of two copies is used does not matter
            assert indexed.apart(path) == code
    assert indexed.apart(endless) == "truncated"
    codes = [row["code"] for row in indexed.rows("unusable.csv")]
    assert codes.count("duplicate") == 1


def test_what_is_not_fatal_leaves_nobody_out(damaged):
    indexed, *_ = damaged
    left_out = {patient for patient, _, _ in LEFT_OUT.values()}
    everyone = {f"LT{number:03d}" for number in range(1, PATIENTS + 1)}
    assert {patient for patient in everyone if indexed.row(patient) is None} == left_out
    assert not indexed.row("LT004")["spect"]  # raw projections only
    slices = list((indexed.out / indexed.row("LT011")["planning_ct"]).iterdir())
    assert len(slices) == len(list((indexed.export.demo / "inputs/LT011/planning_ct").iterdir())) - 1
    assert indexed.notes("LT022") == {"plan-missing"}


def test_every_choice_is_written_with_its_rule(damaged):
    indexed, *_ = damaged
    plan, dose = indexed.choice("LT010", "plan"), indexed.choice("LT010", "dose")
    assert (plan["how"], plan["rule"], plan["files"]) == ("rule", "approved", [str(indexed.export.folder / "plan-2")])
    assert dose["rule"] == "it refers to the chosen plan"
    assert dose["files"] == [str(indexed.export.folder / "dose-2")]
    structures = indexed.choice("LT012", "structures")
    assert structures["rule"] == "the plan refers to it"
    assert structures["files"] == [str(indexed.export.file("LT012", "structures.dcm"))]
    assert indexed.choice("LT007", "plan")["rule"] == "a dose refers to it"  # beside the plan of LT006
    question = indexed.choice("LT009", "dose")
    assert (question["how"], question["chosen"]) == ("open", "")


def test_a_question_is_answered_in_choices_csv(demo, tmp_path):
    export = shuffle(demo, tmp_path / "export", patients=3)
    other = export.add("LT001", "dose.dcm", "dose-again", lambda dataset: None)
    export.change("LT002", "structures.dcm", _set("PatientName", "OTHER^ONE"))
    first = Indexed(export, tmp_path / "mine")
    assert (first.faults("LT001"), first.faults("LT002")) == ({"choose-dose"}, {"mixed-identity"})
    number = next(number for number, path in first.key["files"].items() if path == str(other))
    rows = first.rows("choices.csv")
    for row in rows:
        row["chosen"] = number if row["item"] == "dose" else "one"
    with (first.out / "choices.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    again = Indexed(export, tmp_path / "mine")
    assert (again.result.added, again.result.kept, again.result.faults) == (2, 1, ())
    assert (again.out / again.row("LT001")["dose"]).samefile(other)
    assert again.choice("LT001", "dose")["how"] == again.choice("LT002", "patient_id")["how"] == "person"
