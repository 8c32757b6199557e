"""Reading patients.csv and structures.csv, with every fault at once."""

import pytest

from lungtox.errors import InputError
from lungtox.extraction import AcceptedRoi, read_patients

PATIENTS = """patient,plan,structures,dose,spect,planning_ct,spect_ct,registration,dvh
P001,P001/plan.dcm,P001/rs.dcm,P001/rd1.dcm; P001/rd2.dcm,P001/spect,,,,
P002,,P002/rs.dcm,P002/rd.dcm,,,,,
P003,,,,,,,,P003.dvh.parquet
"""
STRUCTURES = """patient,roi_number,roi_name,structure,match,score,accepted_by
P001,1,Lung L,Lung_L,alias,100,AB
P001,2,Lung R,Lung_R,alias,100,AB
P001,3,Couch,,fuzzy,10,AB
P001,4,GTV,GTV,exact,100,
P002,1,Lungs,Lungs,exact,100,AB
"""


def write(tmp_path, patients=PATIENTS, structures=STRUCTURES):
    (tmp_path / "patients.csv").write_text(patients, encoding="utf-8")
    (tmp_path / "structures.csv").write_text(structures, encoding="utf-8")
    return tmp_path / "patients.csv", tmp_path / "structures.csv"


def faults(tmp_path, patients=PATIENTS, structures=STRUCTURES):
    table, names = write(tmp_path, patients, structures)
    with pytest.raises(InputError) as error:
        read_patients(table, structures=names)
    return error.value.faults


def test_rows_carry_their_paths_and_accepted_rois(tmp_path):
    table, names = write(tmp_path)
    first, second, third = read_patients(table, structures=names)
    assert first.rois == (
        AcceptedRoi(1, "Lung L", "Lung_L", "alias", 100),
        AcceptedRoi(2, "Lung R", "Lung_R", "alias", 100),
    )
    assert first.paths("dose") == (tmp_path / "P001/rd1.dcm", tmp_path / "P001/rd2.dcm")
    assert first.path("plan") == tmp_path / "P001/plan.dcm"
    assert second.path("plan") is None
    assert third.path("dvh") == tmp_path / "P003.dvh.parquet"
    assert [row.patient for row in read_patients(table, only=["P003", "P001"])] == ["P001", "P003"]


def test_files_are_those_that_exist_and_folders_are_taken_apart(tmp_path):
    table, _ = write(tmp_path)
    (tmp_path / "P001" / "spect").mkdir(parents=True)
    for name in ("rs.dcm", "rd2.dcm", "spect/b", "spect/a"):
        (tmp_path / "P001" / name).touch()
    (row, *_) = read_patients(table)
    found = [str(path.relative_to(tmp_path)) for path in row.files]
    assert found == ["P001/rs.dcm", "P001/rd2.dcm", "P001/spect/a", "P001/spect/b"]


def test_the_digest_follows_the_rows_of_one_patient_only(tmp_path):
    before = {row.patient: row.digest for row in read_patients(*write(tmp_path)[:1], structures=write(tmp_path)[1])}
    table, names = write(tmp_path, structures=STRUCTURES.replace("P002,1,Lungs,Lungs", "P002,7,Lungs,Lungs"))
    after = {row.patient: row.digest for row in read_patients(table, structures=names)}
    assert before["P001"] == after["P001"]
    assert before["P002"] != after["P002"]
    elsewhere = tmp_path / "moved"
    elsewhere.mkdir()
    moved = read_patients(write(elsewhere)[0], structures=elsewhere / "structures.csv")
    assert {row.patient: row.digest for row in moved} == before


def test_faults_of_both_tables_come_together(tmp_path):
    patients = (
        PATIENTS
        + "P001,,a,b,,,,,\n../x,,a,b,,,,,\n,,a,b,,,,,\nP004,p,s,,,,,,\nP005,,s,d,,,,,x\nP006,a;b,s,d,,,,,\nP007,\n"
        "P008,p,s;t,d,,,,,\n"
    )
    structures = STRUCTURES + (
        "P009,1,a,Heart,exact,1,AB\nP001,5,b,Hart,exact,1,AB\nP001,x,c,Heart,exact,1,AB\nP001,9,d,Lung_L,exact,1,AB\n"
    )
    found = faults(tmp_path, patients, structures)
    assert [(fault.who, fault.code) for fault in found] == [
        ("P001", "patient-twice"),
        ("patients.csv line 6", "study-id"),
        ("patients.csv line 7", "study-id"),
        ("P004", "source"),
        ("P005", "source"),
        ("P006", "source"),
        ("P007", "source"),
        ("P008", "source"),
        ("structures.csv line 8", "structure-name"),
        ("structures.csv line 9", "number"),
        ("P001", "structure-twice"),
        ("P009 (structures.csv line 7)", "patient-not-listed"),
    ]
    assert "Did you mean 'Heart'?" in found[8].action
    assert found[5].found == "2 plans, 1 dose"
    assert found[7].expected == "one file in the column structures"
    assert found[3].found == "plan, structures"


@pytest.mark.parametrize(
    ("patients", "structures", "code", "words"),
    [
        ("patient,structures,does\nP1,a,b\n", STRUCTURES, "unknown-column", "Did you mean 'dose'?"),
        ("study,dose\nP1,a\n", STRUCTURES, "missing-column", "expected a column patient"),
        ("patient,plan,structures\nP1,a,b\n", STRUCTURES, "missing-column", "expected a column dose"),
        ("patient|structures|dose\nP1|a|b\n", STRUCTURES, "missing-column", "The first line names the columns"),
        ("P1,/home/x/a.dcm,b\n", STRUCTURES, "missing-column", "The first line names the columns: patient, plan"),
        ("patient,dose,dose\nP1,a,b\n", STRUCTURES, "repeated-column", "each column once"),
        ("patient,dvh\nP1,a,b,c\n", STRUCTURES, "table-row", "expected 2 cells"),
        (PATIENTS, "patient,roi_number\n", "missing-column", "a column accepted_by"),
    ],
)
def test_headers(tmp_path, patients, structures, code, words):
    found = faults(tmp_path, patients, structures)
    assert code in [fault.code for fault in found]
    assert any(words in str(fault) for fault in found)


def test_missing_tables_and_other_encodings(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_patients(tmp_path / "patients.csv")
    (tmp_path / "patients.csv").write_bytes("patient,dvh\nP1,Müller\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_patients(tmp_path / "patients.csv")
    (tmp_path / "patients.csv").write_text("patient,dvh\nP1,x\n", encoding="utf-8-sig")  # as Excel writes it
    assert [row.patient for row in read_patients(tmp_path / "patients.csv")] == ["P1"]


def test_unknown_patients_are_named(tmp_path):
    with pytest.raises(InputError, match="none for P8"):
        read_patients(write(tmp_path)[0], only=["P001", "P8"])


def test_what_may_be_a_name_or_a_path_is_not_quoted(tmp_path):
    found = faults(tmp_path, PATIENTS + "Planted^Name,,a,b,,,,,\n", STRUCTURES + "Planted^Name,1,a,Heart,exact,1,AB\n")
    assert [fault.code for fault in found] == ["study-id", "patient-not-listed"]
    assert "Planted" not in "".join(map(str, found))
    found = faults(tmp_path, "P1,/home/planted/a.dcm\n")
    assert "planted" not in "".join(map(str, found))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_spreadsheet_may_save_with_another_separator(tmp_path, separator):
    patients = PATIENTS.replace("P001/rd1.dcm; P001/rd2.dcm", "P001/rd1.dcm#P001/rd2.dcm").replace(",", separator)
    patients = patients.replace("P001/rd1.dcm#P001/rd2.dcm", '"P001/rd1.dcm; P001/rd2.dcm"')
    table, names = write(tmp_path, patients, STRUCTURES.replace(",", separator))
    first, *_ = read_patients(table, structures=names)
    assert first.paths("dose") == (tmp_path / "P001/rd1.dcm", tmp_path / "P001/rd2.dcm")
    assert [roi.structure for roi in first.rois] == ["Lung_L", "Lung_R"]


def test_lines_of_commas_are_no_patients_and_a_stranger_is_named_once(tmp_path):
    table, names = write(tmp_path, PATIENTS + ",,,,,,,,\n", STRUCTURES + ",,,,,,\n")
    assert len(read_patients(table, structures=names)) == 3
    rows = "".join(f"P009,{number},a,{name},exact,1,AB\n" for number, name in enumerate(("Heart", "GTV", "PTV")))
    (fault,) = faults(tmp_path, structures=STRUCTURES + rows)
    assert fault.who == "P009 (structures.csv, 3 lines from line 7)"
